"""How often a caller may ask: quotas that hold under parallel requests.

What is spent is announced with the answer of the request in which it is. A quota comes back
evenly: of 4,000 in 10 s, 400 each second. A failed guess comes back when its window is over.
"""

import math
from dataclasses import dataclass
from hashlib import blake2b
from ipaddress import IPv6Address, ip_address, ip_network

from django.conf import settings

from accounts import counters
from datastream.core import origin
from datastream.core.errors import TooManyRequestsError
from datastream.core.origin import KEY, Standing

READS, WRITES, POINTS, EXPORTS, ANALYSES = "reads", "writes", "points", "exports", "analyses"
# Failed sign-ins on one account, and from one network.
ACCOUNT, NETWORK = "logins_account", "logins_network"

# Rates by the second are held over this time, so that a burst is no offence.
BURST_S = 10
STRANGERS_SHARE = 0.1
SHARE_WHILE_AWAY = 0.5
# Of an IPv6 address the rest is the owner's to choose.
NETWORK_BITS = 64


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose quota it is; what names them is only kept as a hash."""

    name: str
    is_stranger: bool = False


@dataclass(frozen=True, slots=True)
class Quota:
    """So much in so many seconds, and the counter of it."""

    policy: str
    number: int
    window_s: int
    counter: str

    def cost_s(self, weight: float) -> float:
        """The time in which so much comes back; what weighs more than all costs all."""
        return min(weight, self.number) * self.window_s / self.number

    def left(self, ahead_s: float) -> int:
        # A step that has just been counted is not to be lost to the last digit of a time.
        share = 1 - ahead_s / self.window_s
        return max(math.floor(share * self.number + 1e-3), 0)


def caller() -> Caller:
    """Who is at it: a key, a user, or the network that the request came from."""
    here = origin.current()
    if here.credential is None:
        return Caller(f"network {network_of(here.address)}", is_stranger=True)
    if here.credential.kind == KEY:
        return Caller(f"key {here.credential.id}")
    return Caller(f"user {here.user_id}")


def network_of(address: str) -> str:
    """An IPv4 address, or the network that an IPv6 address is in."""
    if not address:
        return ""
    parsed = ip_address(address)
    if isinstance(parsed, IPv6Address):
        return str(ip_network((int(parsed), NETWORK_BITS), strict=False))
    return str(parsed)


def quota(policy: str, of: Caller) -> Quota:
    number, window_s = getattr(settings, f"RATE_{policy.upper()}")
    if window_s == 1:
        number, window_s = number * BURST_S, BURST_S
    share = STRANGERS_SHARE if of.is_stranger and policy != NETWORK else 1.0
    share *= SHARE_WHILE_AWAY if counters.is_away() else 1.0
    name = blake2b(of.name.encode(), digest_size=12, key=settings.SECRET_KEY.encode()[:64])
    return Quota(policy, max(int(number * share), 1), window_s, f"{policy}:{name.hexdigest()}")


def spend(policy: str, weight: float = 1.0, *, of: Caller | None = None) -> None:
    """Count what weighs so much; TooManyRequestsError where there is not so much left."""
    mine = quota(policy, of or caller())
    cost_s = mine.cost_s(weight)
    spent = counters.counted(lambda store: store.spend(mine.counter, cost_s, mine.window_s))
    _announce(mine, mine.left(spent.ahead_s), spent.ahead_s)
    if not spent.is_counted:
        _refuse(mine, spent.ahead_s + cost_s - mine.window_s)


def require(policy: str, *, of: Caller | None = None) -> None:
    """TooManyRequestsError where nothing is left; nothing is counted."""
    mine = quota(policy, of or caller())
    ahead_s = counters.counted(lambda store: store.ahead_s(mine.counter))
    _announce(mine, mine.left(ahead_s), ahead_s)
    if mine.left(ahead_s) < 1:
        _refuse(mine, ahead_s + mine.cost_s(1) - mine.window_s)


def charge(policy: str, weight: float) -> None:
    """Count what has been done already, though it be more than is left: it is paid off first."""
    mine = quota(policy, caller())
    cost_s = weight * mine.window_s / mine.number
    spent = counters.counted(lambda store: store.spend(mine.counter, cost_s, math.inf))
    _announce(mine, mine.left(spent.ahead_s), spent.ahead_s)


def sweep() -> int:
    """Delete the counters in the database that say nothing any more."""
    window_s = max(settings.RATE_LOGINS_ACCOUNT[1], settings.RATE_LOGINS_NETWORK[1])
    return counters.InDatabase().sweep(window_s)


# ------------------------------------------------------------------ guesses


def require_guesses(account: Caller | None = None) -> None:
    """TooManyRequestsError where there were too many, on the account or from this network."""
    for mine in _counted_on(account):
        left = _noted(mine)
        _announce(mine, max(mine.number - len(left), 0), left[-1] if left else 0.0)
        if len(left) >= mine.number:
            _refuse(mine, left[len(left) - mine.number])


def count_guess(account: Caller | None = None) -> None:
    """Count a failure before the look, so that guesses at one moment cannot be more than the limit.

    A right one is given back by `forgive`. In no time as long as the window are there more.
    """
    done: list[Quota] = []
    for mine in _counted_on(account):
        if not _note(mine):
            for other in done:
                _take_back(other)
            require_guesses(account)
            # What was too much a moment ago has just gone out of the window.
            _refuse(mine, 1.0)
        done.append(mine)


def forgive(account: Caller) -> None:
    """After a right guess the account's failures are forgotten, and the network's are as before."""
    network, mine = _counted_on(account)
    counters.counted(lambda store: store.forget(mine.counter))
    _take_back(network)


def _counted_on(account: Caller | None) -> list[Quota]:
    """Where a guess counts: on its network, and on an account where it is one's."""
    network = quota(NETWORK, Caller(f"network {network_of(origin.current().address)}"))
    return [network, quota(ACCOUNT, account)] if account else [network]


def _note(mine: Quota) -> bool:
    return counters.counted(lambda store: store.note(mine.counter, mine.window_s, mine.number))


def _noted(mine: Quota) -> list[float]:
    return counters.counted(lambda store: store.noted(mine.counter, mine.window_s))


def _take_back(mine: Quota) -> None:
    counters.counted(lambda store: store.take_back(mine.counter))


# ------------------------------------------------------------------ told


def _announce(mine: Quota, left: int, full_in_s: float) -> None:
    # How often one account was tried is nobody's business.
    if mine.policy == ACCOUNT:
        return
    name = mine.policy.partition("_")[0]
    whole_s = math.ceil(max(full_in_s, 0))
    origin.current().limits[name] = Standing(mine.number, mine.window_s, left, whole_s)


def _refuse(mine: Quota, retry_after_s: float) -> None:
    if mine.policy in {ACCOUNT, NETWORK}:
        message = "Too many failed sign-ins; wait and try again."
        raise TooManyRequestsError(message, retry_after_s=retry_after_s)
    within = f"{mine.number:,} {mine.policy} in {mine.window_s} s"
    message = f"The limit is {within}; wait and try again."
    details = {"limit": mine.policy, "quota": mine.number, "window_s": mine.window_s}
    raise TooManyRequestsError(message, retry_after_s=retry_after_s, details=details)
