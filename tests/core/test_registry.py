"""A table in which a name is taken once."""

import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from datastream.core.registry import NameTakenError, Registry, import_folder


@dataclass(frozen=True)
class Entry:
    name: str


def test_entries_are_found_by_name_and_listed_in_the_order_of_names() -> None:
    table = Registry[Entry]("entry")
    b, a = table.add(Entry("b")), table.add(Entry("a"))
    assert (table["b"], table.get("a"), table.get("c")) == (b, a, None)
    assert list(table) == [a, b]
    assert table.names() == ["a", "b"]
    assert "a" in table
    assert "c" not in table
    assert 3 not in table


def test_a_name_that_is_taken_is_refused_and_the_first_stays() -> None:
    table = Registry[Entry]("entry")
    first = table.add(Entry("a"))
    with pytest.raises(NameTakenError, match="two entrys named 'a'"):
        table.add(Entry("a"))
    assert table["a"] is first


def test_an_unknown_name_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        Registry[Entry]("entry")["a"]


def test_every_module_of_a_folder_is_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "folder_of_this_test"
    folder.mkdir()
    for name in ("__init__", "one", "two"):
        (folder / f"{name}.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    import_folder(__import__(folder.name))
    assert {f"{folder.name}.one", f"{folder.name}.two"} <= set(sys.modules)
    for name in [name for name in sys.modules if name.startswith(folder.name)]:
        del sys.modules[name]


def test_a_module_that_cannot_be_imported_is_not_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "broken_folder_of_this_test"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "bad.py").write_text("import nothing_of_this_name")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="nothing_of_this_name"):
        import_folder(__import__(folder.name))
    sys.modules.pop(folder.name)
