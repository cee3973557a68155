"""Secrets that must be read again, encrypted in the database.

Encrypted text is `<key id>:<token>`: a Fernet token (AES-128-CBC with HMAC-SHA256,
https://github.com/fernet/spec) and the id of the key that opens it.
"""

import functools
import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.db import models
from django.db.models.query_utils import DeferredAttribute

# The version byte of a token, 0x80, begins it with gAAAA until the year 2106.
ENCRYPTED = re.compile(r"[0-9a-f]{8}:gAAAA[\w-]+={0,2}", re.ASCII)


class EncryptionError(Exception):
    """A secret cannot be read with the keys of this server."""


class UnknownKeyError(EncryptionError):
    """A secret was encrypted with a key that this server does not have."""

    def __init__(self, key_id: str) -> None:
        self.key_id = key_id
        super().__init__(f"The encryption key {key_id} is needed; add it to ENCRYPTION_KEYS.")


def key_id(key: str) -> str:
    """Return the name of a key, which tells nothing of the key."""
    return hashlib.sha256(key.encode()).hexdigest()[:8]


def encrypt(text: str) -> str:
    current, locks = _ring(tuple(settings.ENCRYPTION_KEYS))
    return f"{current}:{locks[current].encrypt(text.encode()).decode()}"


def decrypt(text: str) -> str:
    """Return what was encrypted; UnknownKeyError names the key that is missing."""
    named, _, token = text.partition(":")
    if not ENCRYPTED.fullmatch(text):
        raise EncryptionError("This is not encrypted text.")
    _, locks = _ring(tuple(settings.ENCRYPTION_KEYS))
    if named not in locks:
        raise UnknownKeyError(named)
    try:
        return locks[named].decrypt(token).decode()
    except InvalidToken:
        # Without its cause, which would be no news.
        raise EncryptionError(f"Text under the encryption key {named} was changed.") from None


def current_key() -> str:
    """Return the id of the key that encrypts."""
    return key_id(settings.ENCRYPTION_KEYS[0])


@functools.lru_cache(maxsize=8)
def _ring(keys: tuple[str, ...]) -> tuple[str, dict[str, Fernet]]:
    return key_id(keys[0]), {key_id(key): Fernet(key) for key in keys}


@dataclass(frozen=True, repr=False)
class Secret:
    """An encrypted text that is read on purpose only: printed, it does not show itself."""

    stored: str

    @classmethod
    def of(cls, text: str) -> "Secret":
        return cls(encrypt(text))

    def reveal(self) -> str:
        return decrypt(self.stored)

    def __str__(self) -> str:
        return "(secret)"

    __repr__ = __str__


# The framework's field is generic for the type checker only.
if TYPE_CHECKING:
    TextField = models.TextField[Secret | str, Secret]
else:
    TextField = models.TextField


class SecretAttribute(DeferredAttribute):
    """Encrypts a text as soon as it is set, so that rows hold no plain secret in memory."""

    def __set__(self, instance: models.Model, value: Any) -> None:
        name = self.field.attname
        instance.__dict__[name] = Secret.of(value) if isinstance(value, str) else value


class EncryptedTextField(TextField):
    """Text that is encrypted in the database; a row has it as a `Secret`.

    Nothing can be looked up by it, and no serializer of the framework writes it out.
    """

    descriptor_class = SecretAttribute

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "serialize": False})

    def from_db_value(self, value: str | None, *_: Any) -> Secret | None:
        return None if value is None else Secret(value)

    def to_python(self, value: Any) -> Any:
        return Secret.of(value) if isinstance(value, str) else value

    def get_prep_value(self, value: Any) -> str | None:
        if value is None:
            return None
        return value.stored if isinstance(value, Secret) else encrypt(str(value))

    def formfield(self, **_: Any) -> Any:
        """Have no part in forms: one that takes a secret has a field of its own for it."""
        return None

    def get_lookup(self, lookup_name: str) -> Any:
        return super().get_lookup(lookup_name) if lookup_name == "isnull" else None

    def get_transform(self, lookup_name: str) -> Any:
        return None
