"""What may be said about the values of a point."""

import re
from typing import Any

import orjson

LARGEST_BYTES = 16 * 1024
DEEPEST = 20
QUALITIES = frozenset({1, 2, 3, 4, 9})
# The escape, and not a backslash of its own before "u0000".
NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


def metadata_problem(metadata: Any) -> str:
    """Why this cannot be a point's metadata, or "" where it can.

    `flags` maps variable to the provider's flag, verbatim; `quality` maps variable to the QARTOD
    scale (1 pass, 2 not evaluated, 3 suspect, 4 fail, 9 missing). Other keys are free.
    """
    if not isinstance(metadata, dict):
        return "Not a JSON object."
    if _depth(metadata) > DEEPEST:
        return f"More than {DEEPEST} levels deep."
    text = orjson.dumps(metadata)
    if len(text) > LARGEST_BYTES:
        return f"Larger than {LARGEST_BYTES} bytes."
    if NUL.search(text):
        return "NUL is not allowed."
    return _flags_problem(metadata)


def metadata_text(metadata: dict[str, Any]) -> str | None:
    """Metadata as they are stored: without empty `flags` and `quality`, nothing at all as None."""
    said = {k: v for k, v in metadata.items() if v != {} or k not in {"flags", "quality"}}
    return orjson.dumps(said, option=orjson.OPT_SORT_KEYS).decode() if said else None


def _flags_problem(metadata: dict[str, Any]) -> str:
    flags, quality = metadata.get("flags", {}), metadata.get("quality", {})
    if not isinstance(flags, dict) or not all(isinstance(one, str) for one in flags.values()):
        return "`flags` maps variables to texts."
    if not isinstance(quality, dict) or not all(
        type(one) is int and one in QUALITIES for one in quality.values()
    ):
        return "`quality` maps variables to 1, 2, 3, 4 or 9."
    return ""


def _depth(value: Any, level: int = 1) -> int:
    if level > DEEPEST + 1:
        return level
    children = (
        value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    )
    return max(
        (_depth(child, level + 1) for child in children if isinstance(child, dict | list)),
        default=level,
    )
