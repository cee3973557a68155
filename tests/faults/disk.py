"""A small disk of its own in memory, and what fills it."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

DISK_MB = 700


@contextmanager
def small_disk(place: Path) -> Iterator[bool]:
    """A folder on a disk of its own; False where it cannot be made, as by all but root."""
    place.mkdir(parents=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", str(place)]
    is_made = False
    with suppress(OSError):
        is_made = subprocess.run(command, capture_output=True, check=False).returncode == 0
    try:
        yield is_made
    finally:
        if is_made:
            subprocess.run(["umount", "-l", str(place)], check=False)


def fill(ballast: Path) -> None:
    """Write until nothing more fits."""
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12):
            with suppress(OSError):
                while True:
                    file.write(bytes(size))
