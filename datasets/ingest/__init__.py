"""The one way points are written: checked, merged in one transaction, with revision and receipt."""

from datasets.ingest.batch import Batch, from_table
from datasets.ingest.locks import lock
from datasets.ingest.records import from_records
from datasets.ingest.remove import Removed, remove, remove_point
from datasets.ingest.traces import Author, Key
from datasets.ingest.write import Options, Outcome, write

__all__ = [
    "Author",
    "Batch",
    "Key",
    "Options",
    "Outcome",
    "Removed",
    "from_records",
    "from_table",
    "lock",
    "remove",
    "remove_point",
    "write",
]
