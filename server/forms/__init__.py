"""Forms: XLSForm and XForm readers, publishing, record types and code lists."""
