"""Raw answers of providers, sent as they are kept."""

import zlib
from collections.abc import Iterator
from uuid import UUID

from accounts.services import audit
from connectors.models import Document

CHUNK_BYTES = 256 * 1024
GZIP = 16 + zlib.MAX_WBITS
# What a file is called after; anything else is just bytes.
ENDINGS = {"application/json": "json", "text/csv": "csv", "text/plain": "txt"}


def name_of(document: Document) -> str:
    """The name of the file that holds the whole answer."""
    kind = str(document.headers.get("content-type", "")).partition(";")[0].strip().lower()
    return f"{document.run_id}-{document.sequence}.{ENDINGS.get(kind, 'bin')}"


def send(document: Document) -> Iterator[bytes]:
    """The body of the answer of which the document is a part, unpacked, from its first byte.

    It is noted who takes it: a provider's answer has values that a dataset may keep back.
    """
    audit.record(
        "document.downloaded",
        of=("document", document.pk),
        feed=document.feed_id,
        run=document.run_id,
        sequence=document.sequence,
    )
    parts = Document.objects.filter(run_id=document.run_id, sequence=document.sequence)
    return _unpacked(list(parts.order_by("part").values_list("pk", flat=True)))


def _unpacked(parts: list[UUID]) -> Iterator[bytes]:
    """One part in memory at a time, and of that no more than a chunk unpacked."""
    unpack = zlib.decompressobj(wbits=GZIP)
    for part in parts:
        packed = bytes(Document.objects.values_list("body", flat=True).get(pk=part))
        while chunk := unpack.decompress(packed, CHUNK_BYTES):
            yield chunk
            packed = unpack.unconsumed_tail
    if not unpack.eof:
        raise EOFError("The answer was cut.")
