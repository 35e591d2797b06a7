"""Pictures as files: copies of them without what a camera writes down beside the picture."""
