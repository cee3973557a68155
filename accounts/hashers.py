"""How passwords are hashed."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class Argon2Hasher(Argon2PasswordHasher):
    """Argon2id at OWASP's first choice (46 MiB, one pass, one lane).

    The framework's eight lanes of 100 MiB saturate two cores with a single sign-in.
    """

    time_cost = 1
    memory_cost = 47_104
    parallelism = 1
