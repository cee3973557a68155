"""The only code that opens an outbound connection: time limits, retries, rate and size."""

import math
import random
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from typing import Any, Self
from urllib.parse import urljoin

import requests
from django.conf import settings
from urllib3.exceptions import HTTPError, LocationParseError, ReadTimeoutError
from urllib3.util import parse_url

from datastream.core import clock as wall
from datastream.core.answers import MESSAGE_BYTES, Answer, provider_message
from datastream.core.errors import ProviderRefusedError, ProviderUnavailableError
from datastream.core.outbound import CheckingAdapter

RETRIED = frozenset({429, 500, 502, 503, 504})
REDIRECTS = frozenset({301, 302, 303, 307, 308})
MAX_REDIRECTS = 5
CHUNK_BYTES = 64 * 1024
MIB = 2**20
# Further ahead nobody should be told to come back; it also keeps absurd values within dates.
LONGEST_WAIT_S = 24 * 3600.0

# A list stands for a parameter that is repeated.
Params = Mapping[str, str | list[str]]


@dataclass(frozen=True, slots=True)
class Limits:
    """What one `ask` may cost; `total_s` covers its retries and the waits between them.

    What is a setting is read when limits are made, not when this module is loaded.
    """

    connect_timeout_s: float = 5.0
    read_timeout_s: float = 30.0
    total_s: float = field(default_factory=lambda: settings.PROVIDER_ANSWER_MAX_S)
    max_bytes: int = field(default_factory=lambda: settings.PROVIDER_ANSWER_MAX_MB * MIB)
    tries: int = 5
    backoff_s: float = 2.0
    retry_after_cap_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it goes out."""

    url: str
    params: Params | None
    json: Any
    headers: Mapping[str, str | None]


class TryAgainError(Exception):
    """One attempt failed in a way that may pass; `answer` is what was said, if anything."""

    def __init__(
        self, reason: str, *, retry_after_s: float | None = None, answer: Answer | None = None
    ) -> None:
        self.reason = reason
        self.retry_after_s = retry_after_s
        self.answer = answer
        super().__init__(reason)


class Session(requests.Session):
    """A session that leaves redirects to us: requests would read their bodies without any limit."""

    def __init__(self) -> None:
        super().__init__()
        # No proxies, certificates or passwords from the environment.
        self.trust_env = False
        for scheme in ("http://", "https://"):
            self.mount(scheme, CheckingAdapter())

    def get_redirect_target(self, resp: requests.Response) -> None:
        return None


class Manners:
    """How a provider wants to be asked; these keep nothing back."""

    def wait(self) -> None:
        """Return when the next request may go out; ProviderUnavailableError where none may."""

    def note(self, *, is_answered: bool) -> None:
        """Learn whether the provider answered, be it that it refused."""


UNHINDERED = Manners()


class Client:
    """Asks one provider, patiently, and never another host.

    `path` is relative to `base_url`; a full address is taken if it names the same host, so that
    a provider's link to the next page can be followed as it is.
    """

    def __init__(
        self,
        base_url: str,
        *,
        headers: Mapping[str, str],
        limits: Limits | None = None,
        manners: Manners = UNHINDERED,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._base_url = base_url.rstrip("/") + "/"
        self._origin = origin(base_url)
        self._limits = limits or Limits()
        self._clock = clock
        self._sleep = sleep
        require_tls(base_url)
        self._manners = manners
        self._session = Session()
        self._session.headers.update(headers)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._session.close()

    @property
    def host(self) -> str:
        return self._origin[1]

    def get(self, path: str, params: Params | None = None) -> Answer:
        return self.ask(path, params)

    def ask(
        self,
        path: str,
        params: Params | None = None,
        *,
        json: Any = None,
        headers: Mapping[str, str | None] | None = None,
    ) -> Answer:
        """One answer of status 2xx; with `json` it is asked for by a POST.

        A header that is None is not sent, whatever the client sends else.

        Raises
        ------
        ProviderUnavailableError
            It did not answer properly within the limits; `details["retry_at"]` says when to come
            back, where the provider said so.
        ProviderRefusedError
            It refused, sent us elsewhere, or sent more than `max_bytes`.
        """
        asked = Asked(join(self._base_url, path), params, json, headers or {})
        deadline = self._clock() + self._limits.total_s
        attempt = 1
        while True:
            try:
                return self._noted(asked, deadline)
            except TryAgainError as trouble:
                self._wait_for_next(attempt, trouble, deadline)
            attempt += 1

    def pause(self, attempt: int) -> bool:
        """Wait before asking again for what came and was no answer; False after the last try."""
        if attempt >= self._limits.tries:
            return False
        self._sleep(self._pause_s(attempt))
        return True

    def _pause_s(self, attempt: int) -> float:
        jitter = random.uniform(1.0, 1.5)  # noqa: S311  spreads callers, guards nothing
        return self._limits.backoff_s * 2.0 ** (attempt - 1) * jitter

    def _noted(self, asked: Asked, deadline: float) -> Answer:
        try:
            answer = self._attempt(asked, deadline)
        except TryAgainError as trouble:
            # Who says when to come back is there.
            self._manners.note(is_answered=trouble.retry_after_s is not None)
            raise
        except ProviderRefusedError:
            self._manners.note(is_answered=True)
            raise
        self._manners.note(is_answered=True)
        return answer

    def _wait_for_next(self, attempt: int, trouble: TryAgainError, deadline: float) -> None:
        wait_s = trouble.retry_after_s
        if wait_s is None:
            wait_s = self._pause_s(attempt)
        asked_too_much = (trouble.retry_after_s or 0.0) > self._limits.retry_after_cap_s
        out_of_time = self._clock() + wait_s >= deadline
        if attempt >= self._limits.tries or asked_too_much or out_of_time:
            error = self._unavailable(attempt, trouble)
            error.answer = trouble.answer
            raise error from trouble
        self._sleep(wait_s)

    def _unavailable(self, attempt: int, trouble: TryAgainError) -> ProviderUnavailableError:
        tries = "once" if attempt == 1 else f"{attempt} times"
        message = f"{self.host} was asked {tries} and did not answer properly: {trouble.reason}."
        if trouble.retry_after_s is None:
            return ProviderUnavailableError(message)
        wait = timedelta(seconds=min(trouble.retry_after_s, LONGEST_WAIT_S))
        retry_at = wall.text((wall.now() + wait).replace(microsecond=0))
        message += f" Try again after {retry_at}."
        return ProviderUnavailableError(message, details={"retry_at": retry_at})

    def _attempt(self, asked: Asked, deadline: float) -> Answer:
        for _ in range(MAX_REDIRECTS + 1):
            if origin(asked.url) != self._origin:
                raise ProviderRefusedError(
                    f"{self.host} sent us to another address, {asked.url[:200]!r}; not followed."
                )
            self._manners.wait()
            with self._send(asked, deadline) as response, self._troubles():
                target = response.headers.get("Location", "")
                if response.status_code not in REDIRECTS or not target:
                    return self._answer(response, deadline)
                asked = replace(asked, url=join(asked.url, target), params=None)
        raise ProviderRefusedError(f"{self.host} redirected more than {MAX_REDIRECTS} times.")

    def _send(self, asked: Asked, deadline: float) -> requests.Response:
        left_s = max(deadline - self._clock(), 0.001)
        timeouts = (
            min(self._limits.connect_timeout_s, left_s),
            min(self._limits.read_timeout_s, left_s),
        )
        with self._troubles():
            return self._session.request(
                "GET" if asked.json is None else "POST",
                asked.url,
                params=asked.params,
                json=asked.json,
                headers=asked.headers,
                stream=True,
                timeout=timeouts,
            )

    @contextmanager
    def _troubles(self) -> Iterator[None]:
        try:
            yield
        except ProviderUnavailableError:
            # Not in `_noted`: what `wait` raises says nothing about the provider.
            self._manners.note(is_answered=False)
            raise
        except requests.ConnectTimeout as error:
            raise TryAgainError(
                f"no connection within {self._limits.connect_timeout_s:g} s"
            ) from error
        except (requests.Timeout, ReadTimeoutError) as error:
            raise TryAgainError(f"silent for {self._limits.read_timeout_s:g} s") from error
        except requests.exceptions.SSLError as error:
            raise TryAgainError("its certificate or encryption was not accepted") from error
        except requests.ConnectionError as error:
            raise TryAgainError("no connection, or cut before an answer came") from error
        except (requests.RequestException, HTTPError) as error:
            raise TryAgainError("the answer was cut short or garbled") from error

    def _answer(self, response: requests.Response, deadline: float) -> Answer:
        status = response.status_code
        if not 200 <= status < 300:
            raise self._failure(response, deadline)
        limit = self._limits.max_bytes
        declared = response.headers.get("Content-Length", "")
        too_large = re.fullmatch(r"[0-9]{1,18}", declared) and int(declared) > limit
        body = b"" if too_large else self._body(response, deadline, limit)
        if too_large or len(body) > limit:
            raise ProviderRefusedError(
                f"{self.host} sent more than {limit:,} bytes; ask for less at once."
            )
        return answer_of(response, body)

    def _failure(self, response: requests.Response, deadline: float) -> Exception:
        status = response.status_code
        body = self._body(response, deadline, MESSAGE_BYTES)
        words = provider_message(body)
        reason = f"status {status}, {words.rstrip('.')}" if words else f"status {status}"
        answer = answer_of(response, body)
        if status in RETRIED:
            wait_s = retry_after_s(response.headers.get("Retry-After", ""))
            if wait_s is None and status == 429 and re.search(r"\bper day\b", words):
                # No use asking again today; whose midnight it is, they do not say.
                wait_s = until_midnight_s()
            return TryAgainError(reason, retry_after_s=wait_s, answer=answer)
        details = {"status": status}
        failure: ProviderRefusedError | ProviderUnavailableError
        if 400 <= status < 500:
            text = words or "no reason given"
            failure = ProviderRefusedError(
                f"{self.host} refused the request with status {status}: {text}", details=details
            )
        else:
            failure = ProviderUnavailableError(
                f"{self.host} did not answer properly: {reason}.", details=details
            )
        failure.answer = answer
        return failure

    def _body(self, response: requests.Response, deadline: float, max_bytes: int) -> bytes:
        """The body unpacked, broken off soon after `max_bytes`."""
        body = bytearray()
        # read1 hands out what has come; read would wait for a full chunk, however slowly it drips.
        while chunk := response.raw.read1(CHUNK_BYTES, decode_content=True):
            body += chunk
            if len(body) > max_bytes:
                break
            if self._clock() >= deadline:
                raise ProviderUnavailableError(
                    f"{self.host} had not sent its whole answer after {self._limits.total_s:g} s."
                )
        return bytes(body)


def answer_of(response: requests.Response, body: bytes) -> Answer:
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Answer(response.url, response.status_code, headers, body, wall.now())


def origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port; empty where the address makes no sense.

    Read by the parser that also opens the connection: two parsers may see two hosts in one text.
    """
    try:
        parts = parse_url(url)
    except LocationParseError:
        return "", "", 0
    scheme = parts.scheme or ""
    return scheme, parts.host or "", parts.port or (80 if scheme == "http" else 443)


def join(url: str, target: str) -> str:
    try:
        return urljoin(url, target)
    except ValueError:
        return target


def require_tls(url: str) -> None:
    """Only this machine may be asked without encryption."""
    scheme, host, _ = origin(url)
    if scheme == "https" and host:
        return
    if scheme == "http" and (host == "localhost" or is_loopback(host)):
        return
    raise ValueError(f"The address of a provider begins with https://, unlike {url!r}.")


def is_loopback(host: str) -> bool:
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def until_midnight_s() -> float:
    now = wall.now()
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return (midnight - now).total_seconds()


def retry_after_s(header: str) -> float | None:
    """The seconds that `Retry-After` asks for (RFC 9110, section 10.2.3), None if it is no such."""
    text = header.strip()
    if re.fullmatch(r"[0-9]+", text):
        return float(text) if len(text) <= 12 else math.inf
    try:
        moment = parsedate_to_datetime(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return max((moment - wall.now()).total_seconds(), 0.0)
    except (ValueError, OverflowError):
        return None
