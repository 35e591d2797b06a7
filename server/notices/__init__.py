"""Notices (提醒): what a person is told of cases, in an inbox of their own."""
