"""The admin's pages on people, their credentials and what they did: a module a subject."""

from accounts.admin import audit, keys, oauth2, people, second_factors

__all__ = ["audit", "keys", "oauth2", "people", "second_factors"]
