"""A named table in which a name is taken once, and the import of the folder that fills it."""

import importlib
import pkgutil
from collections.abc import Iterator
from types import ModuleType
from typing import Generic, Protocol, TypeVar


class Named(Protocol):
    @property
    def name(self) -> str: ...


Entry = TypeVar("Entry", bound=Named)


class NameTakenError(Exception):
    """Two entries want the same name."""


class Registry(Generic[Entry]):
    """Entries by name, in the order of their names."""

    def __init__(self, what: str) -> None:
        self.what = what
        self._entries: dict[str, Entry] = {}

    def add(self, entry: Entry) -> Entry:
        if entry.name in self._entries:
            raise NameTakenError(f"There are two {self.what}s named {entry.name!r}.")
        self._entries[entry.name] = entry
        return entry

    def get(self, name: str) -> Entry | None:
        return self._entries.get(name)

    def __getitem__(self, name: str) -> Entry:
        return self._entries[name]

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries[name] for name in self.names())

    def names(self) -> list[str]:
        return sorted(self._entries)


def import_folder(package: ModuleType) -> None:
    """Import every module of a package, so that each registers what it holds."""
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")
