"""Which connector and product a feed names, and the client that asks for it."""

import math
import time
from collections import defaultdict
from collections.abc import Mapping
from datetime import timedelta
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from accounts import counters
from connectors import base
from connectors.models import Feed
from connectors.planning import DAY_S, shares_of_day
from connectors.registry import connectors
from connectors.services import files
from datastream.core.circuits import Circuit
from datastream.core.clock import now, text
from datastream.core.errors import InvalidInputError, ProviderUnavailableError
from datastream.core.http import Client, Limits, Manners
from datastream.core.outbound import is_allowed

# Whoever may ask faster than this is not held back at all.
FASTEST_PER_S = 1000.0
# A product that may be silent for longer has more time in all, so that there is some for another
# try: one that thinks for two minutes has 300 s where others have 120 s.
USUAL_SILENCE_S = 48.0


def connector_named(name: str) -> base.Connector:
    found = connectors.get(name)
    if found is None:
        raise InvalidInputError.of("connector", f"Choose from {', '.join(connectors.names())}.")
    return found


def product_of(feed: Feed) -> base.Product:
    return connector_named(feed.connector).product(feed.product)


def address_of(product: base.Product, parameters: Mapping[str, Any]) -> str:
    """Where a product is asked: where its parameters say, a setting, or its own host.

    Raises
    ------
    InvalidInputError
        It is a file that feeds may not read, or an address that is not public.
    """
    address = product.address(parameters)
    if address.startswith(files.SCHEME):
        files.allowed(address)
    elif address:
        _check_public(address)
    return address or getattr(settings, product.host.setting, "") or product.host.url


def _check_public(address: str) -> None:
    """Refuse at once what the socket would refuse; where a name leads only the socket knows."""
    host = urlsplit(address).hostname or ""
    try:
        number = ip_address("127.0.0.1" if host == "localhost" else host)
    except ValueError:
        return
    if not is_allowed(number):
        raise InvalidInputError.of("location", "Not a public address.")


def client_of(feed: Feed, product: base.Product) -> Client | files.Files:
    """A client that keeps the provider's rate together with all other processes."""
    address = address_of(product, feed.parameters)
    if address.startswith(files.SCHEME):
        return files.Files(address)
    return Client(
        address,
        headers={
            "User-Agent": f"DataStreamPro/{settings.VERSION} (+{settings.CONTACT})",
            # GLOBE refuses whoever wants JSON by name.
            "Accept": "*/*",
            **_credential(feed, product),
        },
        limits=limits_of(product),
        manners=Turns(urlsplit(address).netloc, product.quota),
    )


def limits_of(product: base.Product) -> Limits:
    """What one request for a product may cost."""
    patience = max(1.0, product.answer_within_s / USUAL_SILENCE_S)
    total_s = settings.PROVIDER_ANSWER_MAX_S * patience
    return Limits(read_timeout_s=min(product.answer_within_s, total_s), total_s=total_s)


def _credential(feed: Feed, product: base.Product) -> dict[str, str]:
    wanted = product.credential
    if wanted is None:
        return {}
    if feed.credential is None:
        if wanted.is_required:
            message = f"{product.title} needs a key; choose one that is kept for {feed.connector}."
            raise InvalidInputError.of("credential", message)
        return {}
    return {wanted.header: wanted.prefix + feed.credential.secret.reveal()}


class NotAskedError(ProviderUnavailableError):
    """The provider was left alone, so nothing is known of what would have been asked."""


# Of this process, by host.
circuits: defaultdict[str, Circuit] = defaultdict(Circuit)


class Turns(Manners):
    """Waits until the provider may be asked again, by counters that all processes share.

    A host that failed again and again is left alone for a while.
    """

    def __init__(self, host: str, quota: base.Quota) -> None:
        self.host, self.quota = host, quota

    def wait(self) -> None:
        closed_in_s = circuits[self.host].closed_in_s()
        if closed_in_s:
            message = f"{self.host} did not answer again and again, and is left alone for a while."
            raise _come_back(message, closed_in_s)
        if self.quota.per_second < FASTEST_PER_S:
            # A fifth slower, because what leaves evenly does not arrive evenly.
            self._wait(1.2 / self.quota.per_second)
        if self.quota.per_day is not None:
            self._count_day(self.quota.per_day)

    def note(self, *, is_answered: bool) -> None:
        circuits[self.host].note(is_answered=is_answered)

    def _wait(self, interval_s: float) -> None:
        name = f"asks {self.host}"
        while True:
            turn = counters.counted(lambda store: store.spend(name, interval_s, interval_s))
            if turn.is_counted:
                return
            time.sleep(max(turn.ahead_s, 0.001))

    def _count_day(self, per_day: int) -> None:
        at_once, later = shares_of_day(per_day)
        cost_s, name = DAY_S / later, f"asks {self.host} a day"
        # A little more, or the last of them might fail by a rounding.
        most_s = (at_once + 0.01) * cost_s
        # Not in Redis: what was asked today counts also when that, or the database, was killed.
        spent = counters.InDatabase().spend_for_long(name, cost_s, most_s)
        if not spent.is_counted:
            message = f"The {per_day:,} requests a day that {self.host} allows are used up."
            raise _come_back(message, spent.ahead_s + cost_s - most_s)


def _come_back(message: str, in_s: float) -> NotAskedError:
    moment = now() + timedelta(seconds=math.ceil(in_s))
    retry_at = text(moment.replace(microsecond=0))
    return NotAskedError(message, details={"retry_at": retry_at})
