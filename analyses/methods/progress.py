"""How far a computation is, told from within it to whoever waits."""

from collections.abc import Callable


def nobody(_share: float) -> None:
    """Nobody waits."""


_tell: Callable[[float], None] = nobody


def progress(share: float) -> None:
    """Tell that so much is done, from 0 to 1; what takes seconds does so now and then."""
    _tell(share)


def told_to(listener: Callable[[float], None]) -> None:
    """Have it told to somebody else from now on."""
    global _tell  # noqa: PLW0603 - one computation at a time in a process of its own
    _tell = listener
