"""Secrets that must be read again, encrypted in the database."""
