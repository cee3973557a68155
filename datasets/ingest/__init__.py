"""The one way points are written: checked, merged in one transaction, with revision and receipt."""

from datasets.ingest.batch import Batch, from_records, from_table
from datasets.ingest.traces import Author, Key
from datasets.ingest.write import Options, Outcome, write

__all__ = [
    "Author",
    "Batch",
    "Key",
    "Options",
    "Outcome",
    "from_records",
    "from_table",
    "write",
]
