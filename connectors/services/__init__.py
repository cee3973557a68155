"""Feeds, their runs, and what becomes of the answers."""

from connectors.services.collecting import LostError
from connectors.services.coverage import read_of as coverage_of
from connectors.services.documents import move_if_possible as move_documents
from connectors.services.documents import tidy as tidy_documents
from connectors.services.feeds import (
    change_feed,
    create_feed,
    delete_feed,
    make_feed,
    target_of,
)
from connectors.services.providers import (
    address_of,
    client_of,
    connector_named,
    product_of,
)
from connectors.services.runs import (
    TASK,
    TRIES,
    back_fill,
    cancel_run,
    due_feeds,
    execute_run,
    plan_of,
    queue_run,
    run_again,
    start_due,
    start_refetch,
    start_replay,
    start_run,
    sweep,
    take_turn,
)

__all__ = [
    "TASK",
    "TRIES",
    "LostError",
    "address_of",
    "back_fill",
    "cancel_run",
    "change_feed",
    "client_of",
    "connector_named",
    "coverage_of",
    "create_feed",
    "delete_feed",
    "due_feeds",
    "execute_run",
    "make_feed",
    "move_documents",
    "plan_of",
    "product_of",
    "queue_run",
    "run_again",
    "start_due",
    "start_refetch",
    "start_replay",
    "start_run",
    "sweep",
    "take_turn",
    "target_of",
    "tidy_documents",
]
