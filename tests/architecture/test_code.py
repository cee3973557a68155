"""How the code is cut: sizes, layers, names of test files."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
PACKAGES = ("datastream", "accounts", "datasets", "analyses", "visualizations", "connectors")
FOLDERS_OF_TESTS = {
    *PACKAGES, "core", "api", "architecture", "acceptance", "hostile", "security", "data",
    "faults", "load", "browser", "pages", "mongodb",
}  # fmt: skip
LONGEST_FILE, LONGEST_FUNCTION = 400, 40


def modules(*folders: str) -> Iterator[Path]:
    for folder in folders:
        for path in (PROJECT / folder).rglob("*.py"):
            if "migrations" not in path.parts:
                yield path


def test_no_file_is_longer_than_a_reader_can_hold() -> None:
    long = {
        str(path.relative_to(PROJECT)): lines
        for path in modules(*PACKAGES, "tests")
        if (lines := len(path.read_text().splitlines())) > LONGEST_FILE
    }
    assert long == {}


def length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function without its docstring."""
    told = node.body[0] if ast.get_docstring(node) else None
    words = (told.end_lineno or 0) - told.lineno + 1 if told else 0
    return (node.end_lineno or 0) - node.lineno + 1 - words


def test_no_function_is_longer_than_a_page() -> None:
    long = {
        f"{path.relative_to(PROJECT)}:{node.name}": length(node)
        for path in modules(*PACKAGES)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and length(node) > LONGEST_FUNCTION
    }
    assert long == {}


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        str(path.relative_to(PROJECT))
        for path in modules(*PACKAGES)
        if path.name not in {"__init__.py", "apps.py"}
        and not ast.get_docstring(ast.parse(path.read_text()))
    ]
    assert silent == []


def test_tests_mirror_the_packages() -> None:
    folders = {path.name for path in (PROJECT / "tests").iterdir() if path.is_dir()}
    assert folders - {"__pycache__"} <= FOLDERS_OF_TESTS
    for package in PACKAGES[1:]:
        assert list((PROJECT / "tests" / package).glob("test_*.py")), package
    for path in modules("tests"):
        assert (path.parent / "__init__.py").exists(), path


def test_nothing_a_user_wrote_is_evaluated() -> None:
    forbidden = {"eval", "exec", "compile", "__import__"}
    for path in modules(*PACKAGES):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in forbidden, (path, node.lineno)
        text = path.read_text()
        assert "import pickle" not in text, path
        assert "yaml.load(" not in text, path


@pytest.mark.slow
def test_imports_point_down() -> None:
    code = "from importlinter.cli import lint_imports_command as run; run()"
    done = subprocess.run(
        [sys.executable, "-c", code, "--no-cache"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "name", ["connectors.base", "connectors.providers", "analyses.methods", "visualizations.charts"]
)
@pytest.mark.slow
def test_numbers_charts_and_providers_run_without_a_framework(name: str) -> None:
    code = (
        f"import sys, importlib, pkgutil\n"
        f"module = importlib.import_module({name!r})\n"
        "path = getattr(module, '__path__', [])\n"
        "for one in pkgutil.walk_packages(path, module.__name__ + '.'):\n"
        "    importlib.import_module(one.name)\n"
        "found = {'django', 'rest_framework', 'celery'} & set(sys.modules)\n"
        "sys.exit(str(found) if found else 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_the_web_process_starts_without_the_libraries_of_the_workers() -> None:
    code = (
        "import os, sys, django\n"
        "os.environ['DJANGO_SETTINGS_MODULE'] = 'datastream.settings'\n"
        "django.setup()\n"
        "import datastream.asgi, datastream.urls, datastream.wsgi\n"
        "from django.contrib import admin\n"
        "admin.autodiscover()\n"
        "heavy = {'scipy', 'statsmodels', 'ruptures', 'sklearn', 'pandas', 'matplotlib', 'fpdf',\n"
        "         'vl_convert', 'xclim'}\n"
        "found = heavy & set(sys.modules)\n"
        "sys.exit(str(found) if found else 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_psycopg_3_is_not_installed() -> None:
    # Django would take it in place of psycopg2, which the bulk writes and the queue are made for.
    assert find_spec("psycopg") is None
    assert find_spec("psycopg2") is not None
