"""Use cases of records: what they and answers say in the words of who reads them."""
