"""Signing in with a browser: sessions, the second step, accounts elsewhere."""

from typing import Any

from datastream import env

LOGIN_URL = "/account/login/"
LOGIN_REDIRECT_URL = "/account/"
LOGOUT_REDIRECT_URL = LOGIN_URL
SESSION_COOKIE_AGE = 14 * 24 * 3600
# Whoever does not ask to stay signed in is not, once the browser is closed.
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
ACCOUNT_ADAPTER = "accounts.pages.adapters.AccountAdapter"
ACCOUNT_FORMS = {"login": "accounts.pages.forms.SignInForm"}
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_EMAIL_VERIFICATION = "none"
# Sign-ins are counted by our own backend, together with those through the API.
ACCOUNT_RATE_LIMITS = False
ACCOUNT_REAUTHENTICATION_TIMEOUT = 15 * 60
MFA_ADAPTER = "accounts.pages.adapters.SecondFactorAdapter"
MFA_FORMS = {
    "authenticate": "accounts.pages.codes.CodeForm",
    "reauthenticate": "accounts.pages.codes.CodeAgainForm",
    "activate_totp": "accounts.pages.codes.SwitchOnForm",
}
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_RECOVERY_CODES_SHOW_ONCE = True
# Addresses are not confirmed here, so that nobody waits for it.
MFA_ALLOW_UNVERIFIED_EMAIL = True
# A code is good for half a minute before and after its own, for clocks that differ.
MFA_TOTP_TOLERANCE = 1
MFA_TOTP_ISSUER = "DataStream Pro"

# Signing in with an account elsewhere, off until all of it is set
OIDC_ISSUER = env.url("OIDC_ISSUER", ["https", "http"])
OIDC_CLIENT_ID = env.text("OIDC_CLIENT_ID")
OIDC_CLIENT_SECRET = env.text("OIDC_CLIENT_SECRET")
OIDC_NAME = env.text("OIDC_NAME", "OpenID Connect")
if OIDC_ISSUER and not (OIDC_CLIENT_ID and OIDC_CLIENT_SECRET):
    raise env.SettingError("OIDC_ISSUER needs OIDC_CLIENT_ID and OIDC_CLIENT_SECRET beside it.")
SOCIALACCOUNT_ADAPTER = "accounts.pages.adapters.ElsewhereAdapter"
SOCIALACCOUNT_REAUTHENTICATION_REQUIRED = True
SOCIALACCOUNT_PROVIDERS: dict[str, dict[str, Any]] = {
    "openid_connect": {
        "provider_class": "accounts.pages.oidc.Provider",
        "OAUTH_PKCE_ENABLED": True,
        "APPS": [
            {
                "provider_id": "oidc",
                "name": OIDC_NAME,
                "client_id": OIDC_CLIENT_ID,
                "secret": OIDC_CLIENT_SECRET,
                "settings": {"server_url": OIDC_ISSUER},
            }
        ]
        if OIDC_ISSUER
        else [],
    }
}
