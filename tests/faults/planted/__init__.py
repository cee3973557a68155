"""Rules of the platform broken on purpose, to prove that the driver notices.

They live in a server or worker that is started with `tests.faults.planted.settings` and are
switched while it runs: the file `planted` in its `DATASTREAM_VAR` holds the name of the one that
is on.
"""

CHECKPOINT_FIRST = "checkpoint before page"
ANY_ADDRESS = "private-network check off"
NO_LOOK = "no unique constraint"
