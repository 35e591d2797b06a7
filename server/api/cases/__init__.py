"""What people decide about cases: requests and re-checks over the API."""
