"""The account page, and signing in with a browser."""
