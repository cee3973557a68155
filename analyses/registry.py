"""What an analysis declares, and the table of all analyses."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from datastream.core.registry import Registry

DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
CLOCK = r"[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?([Zz]|[+-][0-9]{2}:[0-9]{2})"
TIME = rf"^{DATE}([Tt ]{CLOCK})?$"
NAME = {"type": "string", "minLength": 1, "maxLength": 200}

COMMON: dict[str, dict[str, Any]] = {
    "variable": NAME | {"description": "Name of the variable."},
    "station": NAME
    | {"description": "Code of the station; may be left out where the dataset has one."},
    "start": {
        "type": "string",
        "pattern": TIME,
        "description": "First time or date counted in (RFC 3339, UTC where it is a date).",
    },
    "end": {
        "type": "string",
        "pattern": TIME,
        "description": "First time or date no longer counted in; after `start`.",
    },
    "revision": {
        "type": "integer",
        "minimum": 1,
        "maximum": 2**63 - 1,
        "description": "Revision of the dataset to compute on; the current one if left out.",
    },
    "flags": {
        "type": "string",
        "enum": ["exclude", "include"],
        "default": "exclude",
        "description": "Whether values that their provider flagged as failed are left out.",
    },
}
VARIABLES: dict[str, Any] = {
    "type": "array",
    "items": NAME,
    "minItems": 1,
    "maxItems": 20,
    "uniqueItems": True,
    "description": "Names of several variables; all number variables if neither is given.",
}


def no_rules(_parameters: Mapping[str, Any]) -> dict[str, list[str]]:
    return {}


@dataclass(frozen=True)
class Analysis:
    """A computation on a series and what is said about it.

    Attributes
    ----------
    parameters : JSON Schema of each parameter of its own, by name
    required : names that must be given, common ones included
    several : whether `variables` may stand for `variable`; `compute` is called for each series
    rules : what no schema can say about the parameters: {name: messages} of what is wrong
    compute : (series, **own parameters) to a dictionary that is valid JSON
    """

    name: str
    title: str
    description: str
    parameters: Mapping[str, Mapping[str, Any]]
    required: tuple[str, ...]
    references: tuple[str, ...]
    version: int
    compute: Callable[..., dict[str, Any]]
    several: bool = False
    rules: Callable[[Mapping[str, Any]], dict[str, list[str]]] = no_rules

    @property
    def schema(self) -> dict[str, Any]:
        """The whole JSON Schema of the parameters, common ones included."""
        common = COMMON | ({"variables": VARIABLES} if self.several else {})
        entries: dict[str, Mapping[str, Any]] = {**common, **self.parameters}
        schema: dict[str, Any] = {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": self.title,
            "type": "object",
            "properties": {name: dict(entry) for name, entry in entries.items()},
            "required": list(self.required),
            "additionalProperties": False,
        }
        if self.several:
            schema["not"] = {"required": ["variable", "variables"]}
        return schema

    def own(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Those of checked parameters that `compute` takes."""
        return {name: value for name, value in parameters.items() if name in self.parameters}


analyses = Registry[Analysis]("analysis")
