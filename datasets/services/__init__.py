"""Changes to datasets and what belongs to them."""

from datasets.services.catalogue import (
    FOR_MANAGERS,
    PROVIDER_SOURCES,
    add_station,
    add_variable,
    change_dataset,
    change_station,
    change_variable,
    create_dataset,
    declare,
    delete_dataset,
    record_created,
    share,
    withdraw,
)

__all__ = [
    "FOR_MANAGERS",
    "PROVIDER_SOURCES",
    "add_station",
    "add_variable",
    "change_dataset",
    "change_station",
    "change_variable",
    "create_dataset",
    "declare",
    "delete_dataset",
    "record_created",
    "share",
    "withdraw",
]
