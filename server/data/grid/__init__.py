"""The grid that comes with the product, and where it is from (``NOTICE.md``)."""
