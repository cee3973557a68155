"""How passwords are hashed, and the secrets of applications."""

import hashlib
from functools import partial
from typing import Any

from django.contrib.auth.hashers import Argon2PasswordHasher, BasePasswordHasher
from django.utils.crypto import constant_time_compare

from accounts import turns


class Argon2Hasher(Argon2PasswordHasher):
    """Argon2id at OWASP's first choice (46 MiB, one pass, one lane).

    The framework's eight lanes of 100 MiB saturate two cores with a single sign-in.
    """

    time_cost = 1
    memory_cost = 47_104
    parallelism = 1

    def encode(self, password: str, salt: str) -> str:
        return str(turns.hashed(partial(super().encode, password, salt)))

    def verify(self, password: str, encoded: str) -> bool:
        return bool(turns.hashed(partial(super().verify, password, encoded)))


class ClientSecretHasher(BasePasswordHasher):
    """SHA-256 for secrets of 256 random bits that we make; never for what people choose.

    Nobody finds such a secret by trying, so a slow hash would only cost each call for a token
    50 ms. It stands last among the hashers and is asked for by name.
    """

    algorithm = "sha256_of_random"

    def salt(self) -> str:
        return ""

    def encode(self, password: str, salt: str) -> str:
        return f"{self.algorithm}${hashlib.sha256(password.encode()).hexdigest()}"

    def decode(self, encoded: str) -> dict[str, Any]:
        algorithm, hashed = encoded.split("$")
        return {"algorithm": algorithm, "hash": hashed, "salt": ""}

    def verify(self, password: str, encoded: str) -> bool:
        return constant_time_compare(encoded, self.encode(password, ""))

    def must_update(self, encoded: str) -> bool:
        return False

    def safe_summary(self, encoded: str) -> Any:
        return {"algorithm": self.algorithm}

    def harden_runtime(self, password: str, encoded: str) -> None:
        """Nothing to do: it takes the same time for all."""
