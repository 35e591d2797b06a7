"""Commands that draw and take the pictures of the product; no part of the tests."""
