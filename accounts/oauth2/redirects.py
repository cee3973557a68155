"""Where an application may be sent back to, and when an address is the registered one."""

import re
from urllib.parse import urlsplit

LONGEST = 500
MOST = 10
# What an address may be made of by RFC 3986; no spaces, quotes, backslashes or other alphabets.
CHARACTERS = re.compile(r"[A-Za-z0-9\-._~:/?\[\]@!$&'()+,;=%]+")
LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
SECURE = re.compile(rf"https://{LABEL}(\.{LABEL})*(:(?P<port>[0-9]{{1,5}}))?([/?].*)?")
# A program on the user's own machine, which gets any free port (RFC 8252, section 7.3).
LOOPBACK = re.compile(
    r"http://(?P<host>127\.0\.0\.1|\[::1\])(:(?P<port>[0-9]{1,5}))?(?P<rest>([/?].*)?)"
)


def fault_of(uri: str) -> str:
    """What is wrong with an address as a registered one; empty where nothing is."""
    if len(uri) > LONGEST:
        return f"at most {LONGEST} characters"
    if not CHARACTERS.fullmatch(uri) or "*" in uri:
        return "no wildcards, fragments, spaces or characters that must be encoded"
    found = SECURE.fullmatch(uri) or LOOPBACK.fullmatch(uri)
    if found is None:
        return "https and a host name in small letters; http for 127.0.0.1 and [::1] only"
    if found["port"] is not None and not 0 < int(found["port"]) < 65_536:
        return "no such port"
    return ""


def is_registered(uri: str, registered: str) -> bool:
    """Whether an address is, character by character, one of those registered, between spaces.

    The port of a loopback address is free.
    """
    return any(uri == one or _same_but_port(uri, one) for one in registered.split())


def _same_but_port(uri: str, registered: str) -> bool:
    asked, kept = LOOPBACK.fullmatch(uri), LOOPBACK.fullmatch(registered)
    if asked is None or kept is None or fault_of(uri):
        return False
    return (asked["host"], asked["rest"]) == (kept["host"], kept["rest"])


def origin_of(uri: str) -> str:
    """Scheme, host and port of a registered address, as a content policy names them."""
    parts = urlsplit(uri)
    # A policy cannot name an address of IPv6.
    return "http:" if "[" in parts.netloc else f"{parts.scheme}://{parts.netloc}"
