"""Where what happens comes from: the request, and the credential that it came with."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from uuid import UUID

# Kinds of credentials, as the audit log and the rate limits tell them apart.
JWT, KEY, OAUTH2, SESSION, COMMAND = "jwt", "key", "oauth2", "session", "command"


@dataclass(frozen=True, slots=True)
class Credential:
    """What a request was let in with.

    Attributes
    ----------
    kind : JWT, KEY, OAUTH2, SESSION or COMMAND
    id : the row behind it (a sign-in, a key, a token), or the command; never a secret
    scopes : what it may be used for; None for all that its user may do
    """

    kind: str
    id: str
    scopes: frozenset[str] | None = None

    @property
    def is_personal(self) -> bool:
        """Whether somebody has signed in with it, and not a program in somebody's name."""
        return self.scopes is None


@dataclass(frozen=True, slots=True)
class Standing:
    """How a caller stands with a limit: how much is left, and when all of it will be again."""

    quota: int
    window_s: int
    left: int
    full_in_s: int


@dataclass(slots=True)
class Origin:
    """One request, or a command or task where `address` and `request_id` are empty."""

    request_id: str = ""
    address: str = ""
    user_id: UUID | None = None
    credential: Credential | None = None
    # Whether the audit log has a line of its own on why this request is refused.
    is_refusal_recorded: bool = False
    # The limits that this request was held to, by name; the answer announces them.
    limits: dict[str, Standing] = field(default_factory=dict)


_origin: ContextVar[Origin | None] = ContextVar("origin", default=None)


def begin(request_id: str, address: str) -> Origin:
    """A new request; what the thread did before is forgotten."""
    origin = Origin(request_id, address)
    _origin.set(origin)
    return origin


@contextmanager
def command(name: str) -> Iterator[None]:
    """Somebody at the machine itself runs a command of `manage.py`."""
    before = _origin.set(Origin(credential=Credential(COMMAND, name)))
    try:
        yield
    finally:
        _origin.reset(before)


def current() -> Origin:
    """Where what happens now comes from; a command or a task where no request has begun."""
    return _origin.get() or Origin()


def end() -> None:
    _origin.set(None)
