"""What a client prefers, by RFC 7240: `Prefer: respond-async, wait=10`."""

import re
from urllib.request import parse_http_list

from rest_framework.request import Request

LONGEST = 2000
WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]"
# A word, a value that may be quoted, and parameters, of preferences that nobody has here.
PREFERENCE = re.compile(
    rf"""({WORD}+)\s*(?:=\s*(?:"([^"]*)"|({WORD}*))\s*)?(?:;|$)""",
    re.ASCII,
)


def preferences(request: Request) -> dict[str, str]:
    """Value by name, "" where there is none; of two with one name the first counts.

    What is no preference is passed over: a preference may always be ignored.
    """
    found: dict[str, str] = {}
    for text in parse_http_list(request.headers.get("Prefer", "")[:LONGEST]):
        one = PREFERENCE.match(text.strip())
        if one:
            found.setdefault(one[1].lower(), one[2] or one[3] or "")
    return found
