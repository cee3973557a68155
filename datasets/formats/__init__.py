"""File formats of points: one module each, found by the ending of a file's name."""

from pathlib import Path

from datasets import formats
from datasets.formats.registry import Format, registry
from datastream.core.errors import InvalidInputError
from datastream.core.registry import import_folder

__all__ = ["Format", "format_of", "registry"]

import_folder(formats)


def format_of(path: Path) -> Format:
    for one in registry:
        if path.suffix.lower() in one.suffixes:
            return one
    known = ", ".join(suffix for one in registry for suffix in one.suffixes)
    raise InvalidInputError.of("path", f"{path.name} is of no known kind; known are {known}.")
