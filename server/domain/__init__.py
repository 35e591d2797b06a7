"""The core: what Firegrid is about, without HTTP, SQL, files or a clock."""
