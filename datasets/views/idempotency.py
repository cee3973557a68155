"""The header `Idempotency-Key`, which makes a write happen once."""

import hashlib
import re
from typing import BinaryIO

import orjson
from rest_framework.request import Request

from datasets import ingest
from datastream.core.errors import InvalidInputError

KEY = re.compile(r"[\x21-\x7e]{1,255}")
PART = 1 << 20


def name(request: Request) -> str | None:
    """The key that came with a request, checked."""
    found = request.headers.get("Idempotency-Key")
    if found is not None and not KEY.fullmatch(found):
        raise InvalidInputError.of("Idempotency-Key", "At most 255 visible ASCII characters.")
    return found


def key(request: Request, body: BinaryIO | None = None) -> ingest.Key | None:
    """The key with the digest of what was asked and sent."""
    found = name(request)
    if found is None:
        return None
    digest = hashlib.sha256(orjson.dumps(sorted(request.query_params.lists())))
    if body is not None:
        body.seek(0)
        while part := body.read(PART):
            digest.update(part)
    return ingest.Key(found, digest.hexdigest())
