"""A feed of NOAA with runs and raw answers, for tests of the API."""

import gzip
import uuid
from typing import Any

from connectors import services
from connectors.models import Document, Feed, Run
from datasets.models import Dataset
from datastream.core import clock

API = "/api/v1"
CODE = "USW00094728"
PARAMETERS = {"stations": [CODE], "start": "2012-01-01", "end": "2014-12-31"}


def body_of(target: Dataset | str, /, **more: Any) -> dict[str, Any]:
    """What makes a feed into a dataset."""
    identity = target.pk if isinstance(target, Dataset) else target
    name = f"feed {uuid.uuid4().hex[:8]}"
    facts = {"name": name, "connector": "noaa", "dataset": str(identity), "parameters": PARAMETERS}
    return {**facts, **more}


def make_feed(dataset: Dataset, **facts: Any) -> Feed:
    facts.setdefault("name", f"feed {uuid.uuid4().hex[:8]}")
    facts.setdefault("parameters", dict(PARAMETERS))
    return services.create_feed(dataset, connector="noaa", **facts)


def make_document(run: Run, body: bytes, *, parts: int = 1, **facts: Any) -> Document:
    """An answer that was kept; its first part."""
    packed = gzip.compress(body)
    size = -(-len(packed) // parts)
    told = {
        "request": {"path": "access", "params": {}, "place": {"station": CODE, "variables": ""}},
        "status": 200,
        "headers": {"content-type": "text/csv"},
        "received_at": clock.now(),
        **facts,
    }
    made = [
        Document.objects.create(
            feed_id=run.feed_id, run_id=run.pk, part=part, size=len(piece), body=piece,
            sequence=told.get("sequence", 0), **{k: v for k, v in told.items() if k != "sequence"},
        )
        for part in range(parts)
        for piece in [packed[part * size : (part + 1) * size]]
    ]  # fmt: skip
    return made[0]
