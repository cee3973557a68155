"""The real settings with fast hashing and tasks run at once."""

from ipaddress import ip_network

from datastream.env import Rate
from datastream.settings import *  # noqa: F403 - the one star import
from datastream.settings import DATABASES, OWNER, STATIC_ROOT

# The tests make and empty databases, which the application's own role may not.
DATABASES = {"default": DATABASES[OWNER]}
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.MD5PasswordHasher",
    "accounts.hashers.ClientSecretHasher",
]
CELERY_TASK_ALWAYS_EAGER = True
# The static files' middleware warns of a folder that is not there, and warnings are errors.
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
# Each test client would look through all static files again.
WHITENOISE_AUTOREFRESH = True
# Tests that are not about limits ask as often as they like.
RATE_READS = RATE_WRITES = RATE_EXPORTS = RATE_ANALYSES = Rate(1_000_000, 60)
RATE_LOGINS_ACCOUNT = RATE_LOGINS_NETWORK = Rate(1_000_000, 60)
RATE_POINTS = Rate(1_000_000_000, 60)
# Where the fake providers are, and nothing else that is not public.
OUTBOUND_NETWORKS = [ip_network("127.0.0.2/32")]
