"""Typed readers of the environment; a value that cannot be read stops the start and is named."""

import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

TRUE = frozenset({"1", "true", "yes", "on"})
FALSE = frozenset({"0", "false", "no", "off"})

# Every setting that was asked for, so that a test can hold the reference page against it.
asked: set[str] = set()


class SettingError(Exception):
    """A setting is missing or malformed."""


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


def _kept(path: Path) -> str:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip() or _rewritten(path)
    except OSError as error:
        raise SettingError(
            f"{path.parent} cannot be written ({error.strerror}); free it, or set DATASTREAM_VAR."
        ) from error
    with os.fdopen(descriptor, "w") as file:
        value = secrets.token_urlsafe(48)
        file.write(value)
    return value


def _rewritten(path: Path) -> str:
    """Replace a file that a killed first start left empty."""
    path.unlink(missing_ok=True)
    return _kept(path)
