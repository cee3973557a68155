"""The real settings with fast hashing and tasks run at once."""

from datastream.settings import *  # noqa: F403 - the one star import
from datastream.settings import DATABASES, OWNER

# The tests make and empty databases, which the application's own role may not.
DATABASES = {"default": DATABASES[OWNER]}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
CELERY_TASK_ALWAYS_EAGER = True
