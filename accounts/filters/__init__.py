"""Allowed query parameters."""
