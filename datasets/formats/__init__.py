"""File formats of points: one module each, found by media type or by the ending of a name."""

from email.message import Message
from pathlib import Path

from datasets import formats
from datasets.formats.registry import Format, Reading, registry
from datastream.core.errors import InvalidInputError
from datastream.core.registry import import_folder

__all__ = ["Format", "Reading", "by_media_type", "format_of", "registry"]

import_folder(formats)


def by_media_type(media_type: str) -> Format | None:
    """The format of a `Content-Type`; None for an unknown one or a charset other than UTF-8."""
    header = Message()
    header["Content-Type"] = media_type
    if str(header.get_param("charset", "utf-8")).lower().replace("-", "") != "utf8":
        return None
    found = header.get_content_type()
    return next((one for one in registry if found in one.media_types), None)


def format_of(path: Path) -> Format:
    for one in registry:
        if path.suffix.lower() in one.suffixes:
            return one
    known = ", ".join(suffix for one in registry for suffix in one.suffixes)
    raise InvalidInputError.of("path", f"{path.name} is of no known kind; known are {known}.")
