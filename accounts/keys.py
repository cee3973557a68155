"""API keys: how they are written and hashed, and whose they are.

A key reads `dsk_<public id>_<secret><checksum>`. The public id finds the row; the checksum, a
CRC-32 in base 62 as GitHub's tokens have it, tells a mistyped key before anything is looked up.
"""

import hashlib
import hmac
import re
import secrets
import string
import zlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.db.models.functions import Now

from accounts import selectors
from accounts.models import ApiKey, User
from datastream.core.errors import InvalidTokenError
from datastream.core.origin import KEY, Credential

ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
PUBLIC_LENGTH = 14
SECRET_LENGTH = 43  # 256 bits: 62^43 > 2^256
CHECKSUM_LENGTH = 6
FORM = re.compile(
    rf"dsk_([0-9A-Za-z]{{{PUBLIC_LENGTH}}})_([0-9A-Za-z]{{{SECRET_LENGTH}}})"
    rf"([0-9A-Za-z]{{{CHECKSUM_LENGTH}}})"
)
# What the secret of an unknown key is compared with, so that it costs the same.
NO_HASH = "0" * 64


@dataclass(frozen=True, slots=True)
class Hashed:
    """What is stored of a secret; `hash_key` names the key of the settings it was made with."""

    secret_hash: str
    hash_key: str


def new() -> tuple[str, str, Hashed]:
    """A new key: its public id, the whole text, and what to store of it."""
    public_id, secret = random_text(PUBLIC_LENGTH), random_text(SECRET_LENGTH)
    text = f"dsk_{public_id}_{secret}{checksum(public_id + secret)}"
    return public_id, text, hashed(secret, settings.API_KEY_HASH_KEY)


def random_text(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def checksum(text: str) -> str:
    number, digits = zlib.crc32(text.encode()), ""
    for _ in range(CHECKSUM_LENGTH):
        number, digit = divmod(number, len(ALPHABET))
        digits = ALPHABET[digit] + digits
    return digits


def hashed(secret: str, hash_key: str) -> Hashed:
    value = hmac.new(hash_key.encode(), secret.encode(), hashlib.sha256).hexdigest()
    return Hashed(value, name_of(hash_key))


def name_of(hash_key: str) -> str:
    """What a row calls the key of its hash; tells nothing of the key itself."""
    return hashlib.sha256(b"name of " + hash_key.encode()).hexdigest()[:16]


def caller_of(text: str) -> tuple[User, Credential]:
    """The active user of a key that is neither revoked nor expired, and what it is good for."""
    public_id, secret = parts(text)
    user: Any = selectors.user_of_key(public_id)
    if not is_secret_of(user, secret):
        raise InvalidTokenError
    if user.key_use_is_news or user.key_hashed_with != name_of(settings.API_KEY_HASH_KEY):
        note_use(user, secret)
    # The role still wins: of what the key was made for, no more than its user may do today.
    scopes = frozenset(user.key_scopes) & selectors.scopes_of(user)
    return user, Credential(KEY, str(user.key_id), scopes)


def parts(text: str) -> tuple[str, str]:
    """Public id and secret of a key that is written as keys are."""
    found = FORM.fullmatch(text)
    if found is None or checksum(found[1] + found[2]) != found[3]:
        raise InvalidTokenError
    return found[1], found[2]


def is_secret_of(user: Any, secret: str) -> bool:
    """Whether the secret is that of the key the user was found by; None takes as long."""
    stored, wanted = (user.key_hash, user.key_hashed_with) if user else (NO_HASH, "")
    accepted = {name_of(key): key for key in hash_keys()}
    made = hashed(secret, accepted.get(wanted, settings.API_KEY_HASH_KEY))
    is_same = hmac.compare_digest(made.secret_hash, stored)
    return is_same and made.hash_key == wanted


def hash_keys() -> list[str]:
    """The key that hashes, and the one before it that is still accepted."""
    return [key for key in (settings.API_KEY_HASH_KEY, settings.API_KEY_PREVIOUS_HASH_KEY) if key]


def note_use(user: Any, secret: str) -> None:
    """Write down when the key was used, and hash it anew where the key of the hash has changed.

    Before the request's own transaction begins: a request that fails has used the key, too.
    """
    made = hashed(secret, settings.API_KEY_HASH_KEY)
    is_news = Q(last_used_at__isnull=True) | Q(last_used_at__lt=Now() - timedelta(minutes=1))
    live = ApiKey.objects.filter(pk=user.key_id, revoked_at__isnull=True)
    # Of many requests at once one writes.
    live.filter(is_news | ~Q(hash_key=made.hash_key)).update(
        last_used_at=Now(), secret_hash=made.secret_hash, hash_key=made.hash_key
    )
