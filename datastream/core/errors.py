"""Every error the platform raises, sorted by what the caller should do next."""

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

Details = Mapping[str, Any]


class RowError(TypedDict):
    """What is wrong with one sent row; `row` counts from 0."""

    row: int
    field: str
    message: str


class PlatformError(Exception):
    """Something went wrong."""

    code = "SERVER_ERROR"

    def __init__(self, message: str = "", *, details: Details | None = None) -> None:
        self.message = message or (type(self).__doc__ or "").strip()
        self.details: dict[str, Any] = dict(details or {})
        super().__init__(self.message)


class InvalidInputError(PlatformError):
    """The request is not valid."""

    code = "VALIDATION_ERROR"

    @classmethod
    def of(cls, field: str, message: str) -> "InvalidInputError":
        """One field and what is wrong with it."""
        return cls(details={field: [message]})


class InvalidRowsError(InvalidInputError):
    """Some rows are not valid, so nothing was stored."""

    def __init__(self, errors: Sequence[RowError], rejected: int) -> None:
        super().__init__(details={"rows": list(errors), "rejected": rejected})


class UnreadableInputError(InvalidInputError):
    """The input cannot be read."""

    code = "PARSE_ERROR"


class TooLargeError(PlatformError):
    """The input is larger than the limit."""

    code = "PAYLOAD_TOO_LARGE"


class NotFoundError(PlatformError):
    """There is no such thing, or you may not see it."""

    code = "NOT_FOUND"


class NotAllowedError(PlatformError):
    """You may not do this."""

    code = "PERMISSION_DENIED"


class InsufficientScopeError(PlatformError):
    """The key or token may not be used for this."""

    code = "INSUFFICIENT_SCOPE"


class SignInNeededError(PlatformError):
    """Sign in to do this."""

    code = "AUTHENTICATION_REQUIRED"


class SignInError(PlatformError):
    """The user name or the password is wrong."""

    code = "INVALID_CREDENTIALS"


class InvalidTokenError(PlatformError):
    """The token is not valid or has expired; sign in again."""

    code = "INVALID_TOKEN"


class TooManyRequestsError(PlatformError):
    """Too many requests; wait and try again."""

    code = "RATE_LIMITED"

    def __init__(self, message: str = "", *, retry_after_s: float, details: Details | None = None):
        self.retry_after_s = retry_after_s
        super().__init__(message, details=details)


class ConflictError(PlatformError):
    """It is at odds with what is stored."""

    code = "CONFLICT"


class StaleError(PlatformError):
    """It has changed since you read it; read it again."""

    code = "PRECONDITION_FAILED"


class UnavailableError(PlatformError):
    """A part of the platform is not available now; try again shortly."""

    code = "SERVICE_UNAVAILABLE"


class ProviderUnavailableError(PlatformError):
    """The provider did not answer properly; try again later."""

    code = "PROVIDER_UNAVAILABLE"
    # What it said last, as with a refusal.
    answer: Any = None


class ProviderRefusedError(PlatformError):
    """The provider refused the request; asking again will not help."""

    code = "PROVIDER_REFUSED"
    # What it said (`datastream.core.answers.Answer`), where it said anything.
    answer: Any = None
