"""Photos that come apart from submissions: uploads, forms of pages, thumbnails, and photos that leave as files."""
