"""Use cases of photos: uploads, forms of pages, thumbnails, exports."""
