"""Bodies received whole: unpacked, of bounded size, in bounded time, and never a part for all."""

import time
import zlib
from collections.abc import Callable, Iterator
from tempfile import SpooledTemporaryFile
from typing import IO, BinaryIO, Protocol, cast

from backports.zstd import DecompressionParameter, ZstdDecompressor, ZstdError
from django.db import connections
from gunicorn.http.errors import ParseException
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.request import Request

from datastream.core.client_socket import ClientSocket, SlowClientError
from datastream.core.errors import TooLargeError, UnavailableError, UnreadableInputError

IN_MEMORY_BYTES = 1024 * 1024
# As much as a client's connection gives at once, or gunicorn copies the rest to and fro.
PIECE = 256 * 1024
# By RFC 9659: who sends `Content-Encoding: zstd` uses no larger window than 8 MiB.
ZSTD_OPTIONS: dict[int, int] = {DecompressionParameter.window_log_max: 23}
# Each costs time even where nothing is in it; a file of 512 MiB in bgzip's blocks has 8,192.
MEMBERS_MAX = 10_000


class Decoder(Protocol):
    """What zstd's decoder has, and lzma's and bz2's."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int) -> bytes: ...


def receive(request: Request, *, limit: int, seconds: int) -> BinaryIO:
    """The body of a request, unpacked, in memory or in a file without a name, from its start.

    Raises
    ------
    TooLargeError
        It has, or unpacks to, more than `limit` bytes.
    UnreadableInputError
        It did not come whole within `seconds`, or is not packed as it says.
    UnsupportedMediaType
        It is packed in a way that is not read here.
    """
    client = request.META.get("gunicorn.socket")
    if isinstance(client, ClientSocket):
        client.allow(seconds, when_slow=_let_databases_go)
    try:
        return _received(request, limit, time.monotonic() + seconds)
    except Exception:
        # What else would come is not read.
        if isinstance(client, ClientSocket):
            client.hang_up()
        raise


def _received(request: Request, limit: int, ends_at: float) -> BinaryIO:
    decoder, length = _decoder(request), _length(request)
    if length is not None and length > limit:
        raise _too_large(limit)
    pieces = _pieces(request.stream, length, limit=limit, ends_at=ends_at)
    return _spooled(_unpacked(pieces, decoder) if decoder else pieces, limit)


def _decoder(request: Request) -> Callable[[], Decoder] | None:
    encoding = request.META.get("HTTP_CONTENT_ENCODING", "").strip().lower()
    if encoding in {"", "identity"}:
        return None
    if encoding in {"gzip", "x-gzip"}:
        return Gunzip
    if encoding == "zstd":
        return lambda: cast("Decoder", ZstdDecompressor(options=ZSTD_OPTIONS))
    message = "This Content-Encoding is not read here; send gzip, zstd or none."
    raise UnsupportedMediaType(encoding, detail=message)


def _length(request: Request) -> int | None:
    """The declared length; None where the body says itself where it ends."""
    if "HTTP_TRANSFER_ENCODING" in request.META:
        return None
    return int(request.META.get("CONTENT_LENGTH") or 0)


def _too_large(limit: int) -> TooLargeError:
    return TooLargeError(
        f"The body is larger than {limit} bytes; send it in parts.",
        details={"limit_bytes": limit},
    )


def _pieces(
    stream: IO[bytes] | None, length: int | None, *, limit: int, ends_at: float
) -> Iterator[bytes]:
    """The body as it comes over the wire."""
    taken = 0
    while stream and (piece := _read(stream, min(PIECE, limit + 1 - taken))):
        taken += len(piece)
        if taken > limit:
            raise _too_large(limit)
        if time.monotonic() > ends_at:
            raise UnreadableInputError("The body took too long to come; send it in parts.")
        yield piece
    if length is not None and taken < length:
        raise UnreadableInputError(f"The body ended after {taken} of {length} bytes.")


def _read(stream: IO[bytes], size: int) -> bytes:
    try:
        return stream.read(size)
    except OSError as error:
        slow = next((e for e in (error, error.__cause__) if isinstance(e, SlowClientError)), None)
        reason = f"{slow}; send it again." if slow else "The connection was lost."
        raise UnreadableInputError(f"The body did not come whole. {reason}") from error
    except ParseException as error:
        raise UnreadableInputError("The body is not chunked as HTTP has it.") from error


def _spooled(pieces: Iterator[bytes], limit: int) -> BinaryIO:
    file = SpooledTemporaryFile(max_size=IN_MEMORY_BYTES)  # noqa: SIM115 - the caller's
    try:
        for piece in pieces:
            _write(file, piece, limit)
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return cast("BinaryIO", file)


def _write(file: "SpooledTemporaryFile[bytes]", piece: bytes, limit: int) -> None:
    if file.tell() + len(piece) > limit:
        raise _too_large(limit)
    try:
        file.write(piece)
    except OSError as error:
        raise UnavailableError("There is no room for the body now; try again later.") from error


def _let_databases_go() -> None:
    """Give back this thread's connections while it waits; the next query opens them again."""
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:
            connection.close()


# ------------------------------------------------------------------ unpacking


class Gunzip:
    """zlib's decoder with the manners of zstd's: it keeps what it has not unpacked yet."""

    def __init__(self) -> None:
        self._zlib = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)

    @property
    def eof(self) -> bool:
        return self._zlib.eof

    @property
    def needs_input(self) -> bool:
        # The end of a stream is in its last bytes, so nothing waits for long to be unpacked.
        return not self._zlib.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._zlib.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._zlib.decompress(self._zlib.unconsumed_tail + data, max_length)


def _unpacked(pieces: Iterator[bytes], new: Callable[[], Decoder]) -> Iterator[bytes]:
    """All members of a packed body, one after the other, in pieces of bounded size."""
    decoder: Decoder | None = None
    members = 0
    for packed in pieces:
        piece = packed
        while piece or (decoder is not None and not decoder.needs_input):
            if decoder is None:
                decoder, members = new(), members + 1
                if members > MEMBERS_MAX:
                    raise UnreadableInputError("The body is packed in too many parts; use one.")
            yield _decompress(decoder, piece)
            piece = b""
            if decoder.eof:
                piece, decoder = decoder.unused_data, None
    if decoder is not None:
        raise UnreadableInputError("The packed body is cut: it ends before its end.")


def _decompress(decoder: Decoder, data: bytes) -> bytes:
    try:
        return decoder.decompress(data, PIECE)
    except (zlib.error, ZstdError) as error:
        message = (
            "The body is not packed as its Content-Encoding says, is damaged, or needs a window "
            "of more than 8 MiB."
        )
        raise UnreadableInputError(message) from error
