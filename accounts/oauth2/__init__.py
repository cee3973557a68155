"""We are an OAuth2 provider; the library's protocol, with our users, scopes and pages."""
