"""Webhooks: other programs are told, by signed requests, that something has happened to a record."""
