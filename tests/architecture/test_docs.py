"""The reference names everything that there is to name."""

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import get_commands

import datastream.management.commands.serve
import datastream.settings
from analyses.registry import analyses
from connectors.registry import connectors
from connectors.samples import SAMPLES
from connectors.services.providers import limits_of
from datastream import env
from tests.connectors.fakes.server import HOST
from visualizations.registry import kinds

PROJECT = Path(__file__).resolve().parents[2]
PACKAGES = ("datastream", "accounts", "datasets", "analyses", "visualizations", "connectors")
READERS = {
    "text", "choice", "flag", "integer", "words", "url", "origins", "secret", "optional_secret",
    "encryption_keys", "rate", "networks", "mirror",
}  # fmt: skip
SETTINGS = PROJECT / "docs" / "reference" / "settings.md"


def calls(path: Path) -> Iterator[str]:
    """Names that a module asks of the environment."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            module, name = node.func.value, node.func.attr
            if isinstance(module, ast.Name) and module.id == "env" and name in READERS:
                (first, *_) = node.args
                assert isinstance(first, ast.Constant), (path, node.lineno)
                yield str(first.value)


def asked() -> set[str]:
    files = [path for package in PACKAGES for path in (PROJECT / package).rglob("*.py")]
    return {name for path in files for name in calls(path)}


def described() -> set[str]:
    rows = [line for line in SETTINGS.read_text().splitlines() if line.startswith("| `")]
    return {line.split("`")[1] for line in rows}


def test_every_setting_is_in_the_reference_and_no_other() -> None:
    assert described() == asked()
    assert datastream.settings.__name__
    # Those of the settings' own module were asked for when it was imported.
    assert set(calls(Path(str(datastream.settings.__file__)))) <= env.asked


def test_every_row_of_the_settings_has_type_default_and_meaning() -> None:
    for line in SETTINGS.read_text().splitlines():
        if line.startswith("| `"):
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            assert len(cells) == 4, line
            assert all(cells), line


def test_the_environment_is_read_in_one_place() -> None:
    # Others set a variable for a child process or pass all of them on.
    for package in PACKAGES:
        for path in (PROJECT / package).rglob("*.py"):
            if path.name != "env.py":
                text = path.read_text()
                assert "os.getenv" not in text, path
                assert "os.environ.get(" not in text, path


def texts() -> str:
    pages = [*PROJECT.joinpath("docs").rglob("*.md"), PROJECT / "README.md"]
    return "\n".join(page.read_text() for page in pages if page.exists())


def test_every_command_is_in_the_docs() -> None:
    ours = [name for name, app in get_commands().items() if app in PACKAGES]
    assert "serve" in ours
    words = texts()
    assert [name for name in sorted(ours) if name not in words] == []


@pytest.mark.parametrize(
    ("page", "names"),
    [
        ("analyses", analyses.names()),
        ("connectors", [*connectors.names(), *(p.name for c in connectors for p in c.products)]),
        ("pictures", kinds.names()),
    ],
)
def test_every_registered_name_is_in_its_reference(page: str, names: list[str]) -> None:
    text = (PROJECT / "docs" / "reference" / f"{page}.md").read_text()
    assert [name for name in names if f"`{name}`" not in text] == []


@pytest.mark.parametrize(("page", "names"), [("analyses", analyses), ("pictures", kinds)])
def test_each_has_one_row_that_leads_to_its_page(page: str, names: Iterable[Any]) -> None:
    text = (PROJECT / "docs" / "reference" / f"{page}.md").read_text()
    rows = [line for line in text.splitlines() if line.startswith("| [`")]
    found = [re.sub(rf"\| \[`(\w+)`\]\({page}/\1\.md\) .*", r"\1", row) for row in rows]
    assert sorted(found) == sorted(one.name for one in names)


def test_every_product_and_parameter_is_on_the_page_of_its_connector() -> None:
    for connector in connectors:
        page = PROJECT / "docs" / "reference" / "connectors" / f"{connector.name}.md"
        text = page.read_text()
        named = {p.name for p in connector.products}
        named |= {name for p in connector.products for name in p.parameters}
        assert [name for name in sorted(named) if f"`{name}`" not in text] == [], page.name


def test_every_parameter_and_option_is_in_its_reference() -> None:
    for page, named in (
        ("analyses", {a.name: a.schema["properties"] for a in analyses}),
        ("pictures", {k.name: k.all_options for k in kinds}),
    ):
        shared = (PROJECT / "docs" / "reference" / f"{page}.md").read_text()
        for name, parameters in named.items():
            own = PROJECT / "docs" / "reference" / page / f"{name}.md"
            text = shared + own.read_text()
            missing = [one for one in parameters if f"`{one}`" not in text]
            assert missing == [], (page, name)


def test_every_sample_is_in_the_docs() -> None:
    words = texts()
    assert [sample.name for sample in SAMPLES if sample.name not in words.lower()] == []


def test_fakes_are_asked_where_they_listen() -> None:
    fakes = PROJECT / "tests" / "connectors" / "fakes"
    pages = [*fakes.glob("*.py"), *(PROJECT / "docs" / "reference" / "connectors").glob("*.md")]
    told = {page: re.findall(r"http://([0-9.]+):89[0-9]{2}", page.read_text()) for page in pages}
    assert {host for hosts in told.values() for host in hosts} == {HOST}
    # An address that is not public is refused to whoever has not listed it.
    silent = [page for page in pages if told[page] and f"{HOST}/32" not in page.read_text()]
    assert silent == []


def test_how_long_each_product_may_be_silent_is_in_the_reference() -> None:
    text = (PROJECT / "docs" / "reference" / "connectors.md").read_text()
    for connector in connectors:
        for product in connector.products:
            limits = limits_of(product)
            times = rf"{limits.read_timeout_s:g} s \| {limits.total_s:g} s"
            rows = re.findall(rf"^\| (.*) \| {times} \|$", text, re.MULTILINE)
            assert f"`{connector.name}`" in "".join(rows), product.name
