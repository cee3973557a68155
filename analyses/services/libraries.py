"""Which versions of which libraries make a method's numbers."""

import importlib.metadata
from collections.abc import Mapping
from functools import cache
from typing import Any

from analyses.registry import Analysis as Method
from datastream.core.errors import InvalidInputError


def check_installed(method: Method, parameters: Mapping[str, Any]) -> None:
    """InvalidInputError where what is asked for needs an extra that is not installed here."""
    extra = method.extra
    is_needed = extra is not None and parameters.get(extra.parameter) == extra.value
    if extra is not None and is_needed and not extra.is_installed:
        raise InvalidInputError.of(extra.parameter, extra.advice)


def versions(method: Method) -> dict[str, str]:
    """An extra that is not installed has none: its results differ from those with it."""
    names = [*method.libraries]
    if method.extra is not None and method.extra.is_installed:
        names.append(method.extra.package)
    return {name: _version(name) for name in names}


@cache
def _version(package: str) -> str:
    return importlib.metadata.version(package)
