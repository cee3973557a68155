"""Typed readers of the environment; a value that cannot be read stops the start and is named."""

import base64
import binascii
import os
import re
import secrets
from collections.abc import Callable, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

TRUE = frozenset({"1", "true", "yes", "on"})
FALSE = frozenset({"0", "false", "no", "off"})

ORIGIN = re.compile(
    r"(https://[a-z0-9-]+(\.[a-z0-9-]+)*|http://(localhost|127\.0\.0\.1|\[::1\]))(:\d{1,5})?"
)

RATE = re.compile(r"([1-9]\d{0,8})/([1-9]\d{0,3})?(s|min|h)", re.ASCII)
SECONDS = {"s": 1, "min": 60, "h": 3600}

# Every setting that was asked for, so that a test can hold the reference page against it.
asked: set[str] = set()


class SettingError(Exception):
    """A setting is missing or malformed."""


class Rate(NamedTuple):
    """So many in so many seconds."""

    number: int
    seconds: int


def _raw(name: str) -> str | None:
    asked.add(name)
    value = os.environ.get(name, "").strip()
    return value or None


def text(name: str, default: str = "") -> str:
    return _raw(name) or default


def choice(name: str, default: str, allowed: Sequence[str]) -> str:
    value = text(name, default)
    if value not in allowed:
        raise SettingError(f"{name} must be one of {', '.join(allowed)}, not {value!r}.")
    return value


def flag(name: str, *, default: bool) -> bool:
    value = text(name, str(default)).lower()
    if value in TRUE | FALSE:
        return value in TRUE
    raise SettingError(f"{name} must be true or false, not {value!r}.")


def integer(name: str, default: int, *, least: int = 0) -> int:
    value = text(name, str(default))
    if not value.isdecimal() or int(value) < least:
        raise SettingError(f"{name} must be a whole number of at least {least}, not {value!r}.")
    return int(value)


def words(name: str, default: Sequence[str] = ()) -> list[str]:
    """Words between commas."""
    value = _raw(name)
    return [word.strip() for word in value.split(",") if word.strip()] if value else list(default)


def url(name: str, schemes: Sequence[str]) -> str:
    """A URL of one of the schemes, or "" where it is not set."""
    value = text(name)
    # The value may hold a password, so it is not repeated.
    if value and _scheme(value) not in schemes:
        raise SettingError(f"{name} must be a URL that begins with {', '.join(schemes)}.")
    return value


def mirror(name: str) -> str:
    """The address of a service; without encryption on this machine alone."""
    value = url(name, ["https", "http"])
    if _scheme(value) == "http" and not _is_here(urlsplit(value).hostname or ""):
        raise SettingError(f"{name} must begin with https:// where it is not on this machine.")
    return value


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def rate(name: str, default: str) -> Rate:
    """So many in a time: `400/s`, `10/min`, `5/15min`, `100/h`."""
    value = text(name, default)
    found = RATE.fullmatch(value)
    if found is None:
        raise SettingError(f"{name} must be a rate such as 400/s or 5/15min, not {value!r}.")
    number, times, unit = found.groups()
    return Rate(int(number), int(times or 1) * SECONDS[unit])


def networks(name: str) -> list[IPv4Network | IPv6Network]:
    """Networks such as 10.0.0.0/8, or single addresses."""
    try:
        return [ip_network(word) for word in words(name)]
    except ValueError as error:
        raise SettingError(f"{name} must be networks such as 10.0.0.0/8: {error}.") from error


def origins(name: str) -> list[str]:
    """Origins such as https://example.org:8443, without a path; http for this machine alone."""
    found = words(name)
    for origin in found:
        if not ORIGIN.fullmatch(origin):
            raise SettingError(
                f"{name} must be origins such as https://example.org, not {origin!r}."
            )
    return found


def _scheme(url: str) -> str:
    try:
        return urlsplit(url).scheme
    except ValueError:
        return ""


def secret(name: str, *, kept_in: Path | None) -> str:
    """A secret of at least 32 characters.

    Where `kept_in` is given (a developer's machine) a random one is made at the first start and
    kept in that file; elsewhere a missing secret stops the start.
    """
    value = text(name)
    if value and len(value) < 32:
        raise SettingError(f"{name} must have at least 32 characters.")
    if value:
        return value
    if kept_in is None:
        raise SettingError(f"{name} is not set; production does not start without it.")
    return _kept(kept_in)


def optional_secret(name: str) -> str:
    """A secret of at least 32 characters, "" where there is none."""
    return secret(name, kept_in=None) if text(name) else ""


def encryption_keys(name: str, *, kept_in: Path | None) -> list[str]:
    """Keys between commas, each 32 bytes in URL-safe base64; missing ones as with `secret`."""
    found = words(name)
    if not all(map(_is_encryption_key, found)):
        raise SettingError(f"{name} must be keys of 32 bytes in URL-safe base64, between commas.")
    if found:
        return found
    if kept_in is None:
        raise SettingError(f"{name} is not set; production does not start without it.")
    made = _kept(kept_in, make=_new_encryption_key)
    if not _is_encryption_key(made):
        raise SettingError(f"{kept_in} does not hold an encryption key; restore it.")
    return [made]


def _is_encryption_key(word: str) -> bool:
    try:
        return len(base64.b64decode(word, altchars=b"-_", validate=True)) == 32
    except (binascii.Error, ValueError):
        return False


def _new_encryption_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


def _new_secret() -> str:
    return secrets.token_urlsafe(48)


def _kept(path: Path, make: Callable[[], str] = _new_secret) -> str:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip() or _rewritten(path, make)
    except OSError as error:
        raise SettingError(
            f"{path.parent} cannot be written ({error.strerror}); free it, or set DATASTREAM_VAR."
        ) from error
    with os.fdopen(descriptor, "w") as file:
        value = make()
        file.write(value)
    return value


def _rewritten(path: Path, make: Callable[[], str]) -> str:
    """Replace a file that a killed first start left empty."""
    path.unlink(missing_ok=True)
    return _kept(path, make)
