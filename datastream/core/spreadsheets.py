"""Texts in files that people open with a spreadsheet."""

import re

# What a spreadsheet would compute. Apostrophes before it get one more, so that one can be taken
# away again whatever was there.
COMPUTED = r"\A('*[=+\-@\t\r])"
_COMPUTED = re.compile(COMPUTED)


def guarded(text: str) -> str:
    """A text that no spreadsheet computes: one that looks like a formula gets an apostrophe."""
    return _COMPUTED.sub(r"'\1", text)
