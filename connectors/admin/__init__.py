"""The admin's pages on collection: feeds, their runs, what is covered, raw answers, credentials."""

from connectors.admin import credentials, feeds, runs

__all__ = ["credentials", "feeds", "runs"]
