"""ETags: what a client has, and what it may overwrite."""

import hashlib
from collections.abc import Mapping
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from datastream.core.api.renderers import dumps
from datastream.core.errors import StaleError

# Answers of an older code version are not taken for answers of this one.
CODE_VERSION = "2"


def tag_of(*parts: Any) -> str:
    """An opaque tag: the same for the same parts, and for nothing else."""
    return hashlib.sha256(dumps([CODE_VERSION, *parts])).hexdigest()[:32]


def opaque(tag: str) -> str:
    """The part of a tag that is compared: compression and proxies make tags weak."""
    return tag.strip().removeprefix("W/").strip('"')


def is_unchanged(request: Request, tag: str) -> bool:
    sent = request.headers.get("If-None-Match", "")
    return sent.strip() == "*" or tag in map(opaque, sent.split(","))


def check_unchanged(request: Request, tag: str) -> None:
    """Raise StaleError where `If-Match` names another state; `-…` after a tag is a selection."""
    sent = request.headers.get("If-Match")
    if sent is None or sent.strip() == "*":
        return
    if tag not in [opaque(one).split("-")[0] for one in sent.split(",")]:
        raise StaleError


def tagged(request: Request, data: Mapping[str, Any], tag: str) -> Response:
    """200 with an ETag, or 304 where the client has it already."""
    headers = {"ETag": f'"{tag}"'}
    if is_unchanged(request, tag):
        return Response(status=304, headers=headers)
    return Response(data, headers=headers)
