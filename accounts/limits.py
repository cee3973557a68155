"""How often a caller may ask: counters that hold under parallel requests."""


def spend(policy: str, who: str, weight: float = 1.0) -> None:
    """Count a request (or what it weighs) of a caller; TooManyRequestsError past the limit."""
