"""Asks several requests at once, and hands out together what can be stored together."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from django.db import connections

from connectors.base import Page, Product, Request
from connectors.services import documents
from connectors.services.files import Files
from datastream.core.answers import Answer
from datastream.core.errors import PlatformError, ProviderRefusedError, ProviderUnavailableError
from datastream.core.http import Client

# Stored in one transaction, which others wait for.
ROWS_AT_ONCE = 50_000
PAGES_AT_ONCE = 32
# Of what is asked ahead and not yet stored. Twice as many as may be under way are asked whatever
# their size, each of up to PROVIDER_ANSWER_MAX_MB: that setting is what bounds the memory of a run.
BYTES_AHEAD = 24 * 2**20
KEY_REFUSED = "The provider refused the key, and was asked without it: renew the key."


@dataclass(frozen=True, slots=True)
class Extent:
    """Which points a page has: its stations, first and last instant (µs since 1970)."""

    stations: frozenset[str] = frozenset()
    first: int = 0
    last: int = 0

    def meets(self, other: "Extent") -> bool:
        is_apart = self.last < other.first or other.last < self.first
        return not is_apart and not self.stations.isdisjoint(other.stations)


@dataclass(frozen=True, slots=True)
class Fetched:
    """What became of a request; with an error there is no page, and perhaps no answer."""

    request: Request
    packed: documents.Packed | None = None
    page: Page | None = None
    error: PlatformError | None = None
    extent: Extent = field(default_factory=Extent)

    @property
    def is_outage(self) -> bool:
        """Whether there is an answer, and it says only that the provider has troubles."""
        # Whoever said so by the status was asked again by the client already.
        is_answer = self.packed is not None and self.packed.status < 300
        return is_answer and isinstance(self.error, ProviderUnavailableError)

    @property
    def rows(self) -> int:
        return self.page.table.num_rows if self.page else 0

    @property
    def has_rows(self) -> bool:
        page = self.page
        return bool(page and (page.table.num_rows or page.stations or page.listed))

    @property
    def bytes(self) -> int:
        table = self.page.table.nbytes if self.page else 0
        return table + (len(self.packed.body) if self.packed else 0)


class Fetching:
    """Several requests under way at once; what has come waits until it is taken."""

    def __init__(
        self, product: Product, client: Client | Files, requests: Sequence[Request]
    ) -> None:
        self.product, self.client = product, client
        # Headers of every request, besides its own; None takes away what the client would send.
        self.headers: dict[str, str | None] = {}
        self.waiting = deque(requests)
        self.largest = BYTES_AHEAD // (2 * product.quota.parallel)
        self.pool = ThreadPoolExecutor(product.quota.parallel, thread_name_prefix="fetch")
        # In the order in which they were asked for.
        self.going: list[Future[Fetched]] = []
        self.came: deque[Fetched] = deque()

    def __enter__(self) -> "Fetching":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.pool.shutdown(wait=True, cancel_futures=True)

    def follow(self, request: Request, following: Request) -> None:
        """Ask for the next page of a request before all others."""
        page = replace(following, place=request.place, window=request.window, page=request.page + 1)
        self.waiting.appendleft(page)

    def __iter__(self) -> Iterator[list[Fetched]]:
        while self.waiting or self.going or self.came:
            while self.waiting and self._has_room():
                self.going.append(self.pool.submit(self._fetch, self.waiting.popleft()))
            if self.going and not self.came:
                wait(self.going, return_when=FIRST_COMPLETED)
            self._take_done()
            yield self._together()

    def _has_room(self) -> bool:
        """Whether one more may be asked ahead, if what comes is as large as what came lately."""
        ahead = len(self.going) + len(self.came)
        if ahead < 2 * self.product.quota.parallel:
            return True
        return ahead < PAGES_AT_ONCE and (ahead + 1) * self.largest <= BYTES_AHEAD

    def _take_done(self) -> None:
        done = [future for future in self.going if future.done()]
        self.going = [future for future in self.going if future not in done]
        came = [future.result() for future in done]
        if came:
            self.largest = max(self.largest // 2, *(one.bytes for one in came), 1)
        self.came.extend(came)

    def _together(self) -> list[Fetched]:
        """What has come and may be one write, which takes no point twice; the rest stays."""
        batch: list[Fetched] = []
        left: deque[Fetched] = deque()
        rows = 0
        for one in self.came:
            is_apart = not any(one.extent.meets(other.extent) for other in (*batch, *left))
            if is_apart and rows < ROWS_AT_ONCE:
                batch.append(one)
                rows += one.rows
            else:
                left.append(one)
        self.came = left
        return batch

    def _fetch(self, request: Request) -> Fetched:
        try:
            attempt = 1
            while (fetched := self._try(request)).is_outage and self.client.pause(attempt):
                attempt += 1
            return fetched
        finally:
            # Of this thread, which asked for the provider's next turn.
            connections.close_all()

    def _try(self, request: Request) -> Fetched:
        packed = None
        try:
            answer = self._ask(request)
            packed = documents.pack(answer, self.product.kept(answer))
            page = self._noted(self.product.parse(request, answer))
            return Fetched(request, packed, page, extent=extent_of(page.table))
        except (ProviderRefusedError, ProviderUnavailableError) as error:
            if packed is None and error.answer is not None:
                packed = documents.pack(error.answer, self.product.kept(error.answer))
            return Fetched(request, packed, error=error)
        except PlatformError as error:
            return Fetched(request, packed, error=error)

    def _ask(self, request: Request) -> Answer:
        key, headers = self.product.credential, self.headers
        try:
            return self._send(request, headers)
        except ProviderRefusedError as error:
            if error.details.get("status") != 401 or headers or key is None or key.is_required:
                raise
            # What everybody may have is refused to whoever shows a key that has ended.
            self.headers = {key.header: None}
            return self._send(request, self.headers)

    def _send(self, request: Request, headers: Mapping[str, str | None]) -> Answer:
        headers = {**request.headers, **headers}
        return self.client.ask(request.path, request.params, json=request.json, headers=headers)

    def _noted(self, page: Page) -> Page:
        if not self.headers:
            return page
        return replace(page, notes=(*page.notes, KEY_REFUSED))


def extent_of(table: pa.Table) -> Extent:
    if not table.num_rows:
        return Extent()
    stations = pc.unique(table["station"]).to_pylist() if "station" in table.schema.names else [""]
    span: Any = pc.min_max(table["timestamp"].cast(pa.timestamp("us", "UTC")).cast(pa.int64()))
    return Extent(frozenset(stations), span["min"].as_py(), span["max"].as_py())
