"""Files of the server that feeds may read: below the folders that its operator names."""

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from django.conf import settings

from datastream.core import clock
from datastream.core.answers import Answer
from datastream.core.errors import InvalidInputError, ProviderRefusedError
from datastream.core.http import Limits

SCHEME = "file:"


def allowed(address: str) -> Path:
    """The file that an address names, without any link.

    Raises
    ------
    InvalidInputError
        It is not below one of the folders; whether it is there is not told.
    """
    path = Path(address.removeprefix(SCHEME))
    try:
        real = path.resolve()
        folders = [Path(folder).resolve() for folder in settings.FILE_FEED_FOLDERS]
    except (OSError, ValueError, RuntimeError):
        folders = []
    if not path.is_absolute() or ".." in path.parts or not any(map(real.is_relative_to, folders)):
        message = "It is not below a folder that FILE_FEED_FOLDERS names."
        raise InvalidInputError.of("location", message)
    return real


class Files:
    """Answers with a file as a provider would; in the place of a `Client`."""

    def __init__(self, address: str) -> None:
        self._address, self._most = address, Limits().max_bytes

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Nothing is held open between requests."""

    def ask(
        self,
        path: str,
        params: Any = None,
        *,
        json: Any = None,
        headers: Mapping[str, str | None] | None = None,
    ) -> Answer:
        """The file's content; the words of a request mean nothing to a file.

        Raises
        ------
        InvalidInputError
            It is not below an allowed folder.
        ProviderRefusedError
            It is not there, is no file, cannot be read or is too large.
        """
        # Looked at anew each time: a link may have come since.
        real = allowed(self._address)
        try:
            body = _read(real, self._most)
        except OSError as error:
            raise ProviderRefusedError(f"The file cannot be read: {error.strerror}.") from error
        return Answer(real.name, 200, {}, body, clock.now())

    def pause(self, attempt: int) -> bool:
        """No reason to look again: a file says the same."""
        return False


def _read(real: Path, most: int) -> bytes:
    # Neither a link that was put there meanwhile, nor waiting for somebody to fill a pipe.
    descriptor = os.open(real, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ProviderRefusedError("It is no file.")
        if Path(f"/proc/self/fd/{descriptor}").resolve() != real and Path("/proc/self/fd").is_dir():
            raise ProviderRefusedError("The file was moved while it was opened.")
        body = file.read(most + 1)
    if len(body) > most:
        raise ProviderRefusedError(f"The file has more than {most:,} bytes.")
    return body
