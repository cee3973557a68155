"""Drawing a compiled picture in a process of its own, with limits on time, memory and size.

Each web or worker process keeps one drawing process, started with the first picture. The renderer
takes 90 to 350 MB and can abort, so it never runs where requests are answered.
"""

import atexit
import json
import logging
import os
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeGuard

from django.conf import settings

from datastream.core.children import Child, ChildEndedError
from datastream.core.errors import InvalidInputError, PlatformError, UnavailableError
from visualizations.charts.look import fitted

FORMATS = ("png", "svg", "pdf")
LEAST_SIDE = 100
SCALE = (0.5, 4.0)
DPI = 72  # at a scale of 1; a PNG says so, that a page prints it in its size
# Below this the text would fill the picture: it is laid out at this size and shrunk as a whole.
SMALLEST = (480, 320)
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Limits:
    """What one picture may take, and how many pictures one process draws."""

    seconds: float = 10.0
    memory_bytes: int = int(1.2 * 2**30)  # resident
    waiting_s: float = 20.0  # for one's turn
    pictures: int = 500


class Process(Child):
    """One running `draw_process`; after any error it is ended and not used again."""

    def __init__(self, limits: Limits) -> None:
        super().__init__("visualizations.draw_process")
        self.limits = limits
        self.drawn = 0

    def exchange(self, request: bytes) -> tuple[bytes, bytes]:
        """Status and body of the answer to one request."""
        check = partial(self.check, time.monotonic() + self.limits.seconds)
        self.drawn += 1
        try:
            self.send(request, check)
            return self.receive(check)
        except ChildEndedError as error:
            raise UnavailableError("The drawing process ended; try again.") from error

    def check(self, deadline: float) -> None:
        """Stop waiting where the picture takes too long or too much."""
        if time.monotonic() > deadline:
            raise UnavailableError(
                f"The picture was not drawn within {self.limits.seconds:g} s; "
                "try a shorter period or a smaller size."
            )
        if self.resident() > self.limits.memory_bytes:
            raise UnavailableError(
                "The picture took too much memory; try a shorter period or a smaller size."
            )

    def is_usable(self) -> bool:
        return (
            self.is_running
            and self.drawn < self.limits.pictures
            and self.resident() <= self.limits.memory_bytes
        )


class Renderer:
    """Draws one picture at a time and replaces its process when that one has failed."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self.lock = threading.Lock()
        self.process: Process | None = None

    def draw(self, request: Mapping[str, Any]) -> bytes:
        data = json.dumps(request, allow_nan=False, separators=(",", ":")).encode()
        if not self.lock.acquire(timeout=self.limits.waiting_s):
            raise UnavailableError("Too many pictures are being drawn; try again shortly.")
        try:
            status, body = self.ready().exchange(data)
        except BaseException:
            # Half an answer may be in the pipe, whatever the reason was.
            self.end()
            raise
        finally:
            self.lock.release()
        if status != b"0":
            logger.error("The renderer refused a picture: %s", body.decode(errors="replace"))
            raise PlatformError("This picture could not be drawn.")
        return body

    def ready(self) -> Process:
        if self.process is not None and not self.process.is_usable():
            self.end()
        if self.process is None:
            self.process = Process(self.limits)
        return self.process

    def end(self) -> None:
        process, self.process = self.process, None
        if process is not None:
            process.end()

    def forget(self) -> None:
        # Another thread may have held the lock at the moment of the fork.
        self.lock = threading.Lock()
        process, self.process = self.process, None
        if process is not None:
            process.forget()


renderer = Renderer()
os.register_at_fork(after_in_child=renderer.forget)
atexit.register(renderer.end)


def draw(
    spec: Mapping[str, Any],
    *,
    format: str = "png",  # noqa: A002 - the word of the API
    width: int = 1200,
    height: int = 600,
    scale: float = 1.0,
) -> bytes:
    """Draw a compiled picture.

    Parameters
    ----------
    spec : `Drawing.spec`
    format : "png", "svg" or "pdf"
    width, height : px, of the whole picture with its title and foot
    scale : pixels of a PNG for each px

    Raises
    ------
    InvalidInputError
        A size, the scale or the format is out of its range; `details` names it.
    UnavailableError
        The drawing process ended, took too long or too much memory; the next call starts another.
    """
    check_size(format, width=width, height=height, scale=scale)
    shrunk = min(1.0, width / SMALLEST[0], height / SMALLEST[1])
    request = {
        "spec": fitted(spec, round(width / shrunk), round(height / shrunk)),
        "format": format,
        "scale": scale * shrunk,
        "dpi": DPI * scale,
        "width": width,
        "height": height,
    }
    return renderer.draw(request)


def check_size(form: str, *, width: object, height: object, scale: object) -> None:
    wrong: dict[str, list[str]] = {}
    most = settings.PICTURE_MAX_PIXELS
    if form not in FORMATS:
        wrong["format"] = [f"This must be one of: {', '.join(FORMATS)}."]
    for name, side in {"width": width, "height": height}.items():
        if not is_number(side) or not LEAST_SIDE <= side <= most or side != int(side):
            wrong[name] = [f"This must be a whole number of px from {LEAST_SIDE} to {most}."]
    if not is_number(scale) or not SCALE[0] <= scale <= SCALE[1]:
        wrong["scale"] = [f"This must be a number from {SCALE[0]:g} to {SCALE[1]:g}."]
    elif not wrong and any(is_number(s) and s * scale > most for s in (width, height)):
        wrong["scale"] = [f"Width and height times scale must be at most {most} px."]
    if wrong:
        raise InvalidInputError("The picture cannot have this size.", details=wrong)


def is_number(value: object) -> TypeGuard[int | float]:
    """NaN is out of every range, so it needs no word here; `True` is not a number."""
    return isinstance(value, int | float) and not isinstance(value, bool)
