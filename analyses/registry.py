"""What an analysis declares, and the table of all analyses."""

import importlib.util
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from datastream.core.registry import Registry

DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
CLOCK = r"[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?([Zz]|[+-][0-9]{2}:[0-9]{2})"
TIME = rf"^{DATE}([Tt ]{CLOCK})?$"
NAME = {"type": "string", "minLength": 1, "maxLength": 200}
MOST_SERIES = 20
MOST_STATIONS = 50
SAME = "same"

COMMON: dict[str, dict[str, Any]] = {
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
STATIONS: dict[str, Any] = {
    "type": "array",
    "items": NAME,
    "minItems": 1,
    "maxItems": MOST_STATIONS,
    "uniqueItems": True,
}
SEVERAL: dict[str, dict[str, Any]] = {
    "variables": {
        "type": "array",
        "items": NAME,
        "minItems": 1,
        "maxItems": MOST_SERIES,
        "uniqueItems": True,
        "description": "Names of several variables; all number variables if neither is given.",
    },
    "stations": STATIONS
    | {
        "description": f"Codes of several stations; all, if neither is given and there are at most "
        f"{MOST_STATIONS}."
    },
}
# Whatever a method says, these values never came to it.
FAILED = "Its provider flagged it as failed."
WHOLE = ("n",)
EITHER = (("variable", "variables"), ("station", "stations"))
REFERENCE: dict[str, Any] = {
    "type": "object",
    "properties": {
        "dataset": {
            "type": "string",
            "minLength": 1,
            "maxLength": 36,
            "description": "Id of the dataset; this one if left out.",
        },
        "station": COMMON["station"],
        "variable": NAME | {"description": "Name of the variable."},
        "revision": {
            "type": "integer",
            "minimum": 1,
            "description": "Revision of that dataset; the current one if left out.",
        },
    },
    "required": ["variable"],
    "additionalProperties": False,
}
FORMS: dict[str, dict[str, Any]] = {
    "variable": NAME,
    "series": REFERENCE,
    "list": {"type": "array", "items": REFERENCE, "minItems": 1, "maxItems": MOST_SERIES},
    "stations": STATIONS,
}


@dataclass(frozen=True)
class Input:
    """A series, or several, that a computation takes, and the parameter that chooses it.

    Attributes
    ----------
    form : what the parameter holds
        "variable": the name of a variable, at the analysis's station.
        "series": `{dataset, station, variable}`; the dataset may be left out, and so may the
        station where the dataset has one.
        "list": several of those.
        "stations": codes of stations, of the analysis's variable and dataset.
    unit : to which values are converted; None leaves them as they are, SAME is that of the main one
        A variable that cannot be converted is refused before anything is computed.
    names : names of variables, of which the first that is there is taken where none is given
    nearest : so many of the nearest stations are taken where none is given ("stations")
    """

    parameter: str
    description: str = ""
    form: Literal["variable", "series", "list", "stations"] = "variable"
    unit: str | None = None
    is_required: bool = True
    names: tuple[str, ...] = ()
    nearest: int = 0

    @property
    def is_several(self) -> bool:
        return self.form in {"list", "stations"}

    @property
    def may_be_left_out(self) -> bool:
        return not self.is_required or bool(self.names) or self.nearest > 0

    @property
    def schema(self) -> dict[str, Any]:
        return {**FORMS[self.form], "description": self.description}


MAIN = Input("variable", "Name of the variable.")
# A series by its parameter, and its place where that chooses several.
Of = tuple[str, int]


@dataclass(frozen=True)
class Explanation:
    """Which values made a number, and why the others did not.

    Attributes
    ----------
    codes : shape (n,), int, one for each value of the series: 0 used, else a place in `reasons`
    reasons : a sentence for each code; that of 0 is not told
    """

    codes: NDArray[np.int64]
    reasons: tuple[str, ...] = ("",)


@dataclass(frozen=True)
class Extra:
    """A package that is not installed everywhere, and the choice that needs it.

    Attributes
    ----------
    parameter, value : it is needed where this parameter has this value
    package, module : its name for pip, and what is imported of it
    requirements : the list that installs it
    """

    parameter: str
    value: str
    package: str = "scikit-learn"
    module: str = "sklearn"
    requirements: str = "requirements/learning.txt"

    @property
    def is_installed(self) -> bool:
        return importlib.util.find_spec(self.module) is not None

    @property
    def advice(self) -> str:
        """What to tell whoever asks for it where it is not installed."""
        return (
            f"{self.value} needs {self.package}, which is not installed on this server; "
            f"`pip install -r {self.requirements}` installs it."
        )


def say_nothing(_results: Mapping[str, Any]) -> list[str]:
    return []


def no_rules(_parameters: Mapping[str, Any]) -> dict[str, list[str]]:
    return {}


@dataclass(frozen=True)
class Analysis:
    """A computation on series and what is said about it.

    Attributes
    ----------
    parameters : JSON Schema of each parameter of its own, by name
    required : names of its own parameters that must be given
    inputs : the series it takes; those of `MAIN` come first and by place, all others by keyword of
        their parameter's name: a `Series`, a list of them where there may be several, or None
        where one that may be left out was
    several : whether `variables` may stand for `variable`, and `stations` for `station`; `compute`
        is called for each series
    takes_directions : whether it does without means, so that a wind direction may be given
    only_with : of parameters that have an effect only beside certain values of others, which: the
        others by name, each with these values, of which a list must have one
    rules : what no schema can say about the parameters: {name: messages} of what is wrong
    compute : (series, **own parameters) to a dictionary that is valid JSON
    explain : (series, path, **own parameters) to an `Explanation`; `path` leads to a number of the
        results, such as ("normals", 6, "mean"). Where others than `MAIN` are explained it takes
        `of`: which one is asked about, 0 the main one, then the others in their order. Without
        `MAIN` the first is the one asked about, and all stand by keyword too. None: every value of
        the series counts
    says : the results on one series, where there are any, to one to four sentences for readers
    missing : what it does about missing values, in a sentence or two for its users
    libraries : packages on whose version the numbers depend
    extra : a package that one of its choices needs and that is not installed everywhere; the
        numbers of others depend on its version too where they compare all choices
    """

    name: str
    title: str
    description: str
    parameters: Mapping[str, Mapping[str, Any]]
    references: tuple[str, ...]
    version: int
    compute: Callable[..., dict[str, Any]]
    missing: str = ""
    required: tuple[str, ...] = ()
    inputs: tuple[Input, ...] = (MAIN,)
    several: bool = False
    takes_directions: bool = False
    only_with: Mapping[str, Mapping[str, tuple[Any, ...]]] = field(default_factory=dict)
    rules: Callable[[Mapping[str, Any]], dict[str, list[str]]] = no_rules
    explain: Callable[..., Explanation] | None = None
    says: Callable[[Mapping[str, Any]], list[str]] = say_nothing
    libraries: tuple[str, ...] = ("numpy",)
    extra: Extra | None = None

    @property
    def schema(self) -> dict[str, Any]:
        """The whole JSON Schema of the parameters, common ones included."""
        entries: dict[str, Mapping[str, Any]] = {
            **{one.parameter: one.schema for one in self.inputs},
            **COMMON,
            **(SEVERAL if self.several else {}),
            **self.parameters,
        }
        needed = [one.parameter for one in self.inputs if not one.may_be_left_out]
        schema: dict[str, Any] = {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": self.title,
            "type": "object",
            "properties": {name: dict(entry) for name, entry in entries.items()},
            "required": [*([] if self.several else needed), *self.required],
            "additionalProperties": False,
        }
        if self.several:
            schema["allOf"] = [{"not": {"required": list(pair)}} for pair in EITHER]
        return schema

    def run(self, taken: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
        """Compute on what it takes, by parameter, with its own parameters."""
        if MAIN not in self.inputs:
            found = self.compute(**taken, **own)
            return found | self.used(taken, own, names=found["variables"])
        others = {name: one for name, one in taken.items() if name != MAIN.parameter}
        series = taken[MAIN.parameter]
        named = {"variable": series.variable, "station": series.station}
        found = named | self.compute(series, **others, **own)
        return found | self.used(taken, own, names=(MAIN.parameter,))

    def used(
        self, taken: Mapping[str, Any], own: Mapping[str, Any], *, names: Collection[str]
    ) -> dict[str, Any]:
        """How many values of the series of these parameters its results are made of.

        And how many are not, by reason, as `explain` tells of the whole result.
        """
        if self.explain is None:
            return {}
        used, left_out = 0, Counter[str]()
        for of, series in self.series_of(taken):
            if of[0] not in names:
                continue
            said = self.why(taken, WHOLE, own, of)
            found = np.bincount(said.codes, minlength=len(said.reasons)).tolist()
            used += found[0]
            left_out.update(dict(zip(said.reasons[1:], found[1:], strict=True)))
            left_out[FAILED] += series.left_out
        told = [{"reason": why, "count": count} for why, count in left_out.items() if count]
        return {"used_values": used, "left_out_by": told}

    def why(
        self,
        taken: Mapping[str, Any],
        path: tuple[str | int, ...],
        own: Mapping[str, Any],
        of: Of = (MAIN.parameter, 0),
    ) -> Explanation:
        """Which values of one of the series made the number at a path of the results."""
        known = dict(self.series_of(taken))
        asked = known[of]
        if self.explain is None:
            return Explanation(np.zeros(asked.values.size, np.int64))
        if MAIN not in self.inputs:
            return self.explain(asked, path, **taken, **own)
        others = {name: one for name, one in taken.items() if name != MAIN.parameter}
        place = list(known).index(of)
        which = {"of": place} if place else {}
        return self.explain(taken[MAIN.parameter], path, **others, **own, **which)

    def series_of(self, taken: Mapping[str, Any]) -> Iterator[tuple[Of, Any]]:
        """Each series of what it takes, by its parameter and its place among those of it."""
        for one in self.inputs:
            given = taken.get(one.parameter)
            several = given if isinstance(given, list) else [given]
            yield from (
                ((one.parameter, place), series)
                for place, series in enumerate(several)
                if series is not None
            )

    def words(self, results: Mapping[str, Any]) -> list[str]:
        """Tell stored results in sentences; of many series only the first are told."""
        parts = results.get("series", []) if self.several else [results]
        found = [line for one in parts[:MOST_SERIES] for line in self._words_of(one)]
        more = len(parts) - MOST_SERIES
        return [*found, f"{more} more series are in the results."] if more > 0 else found

    def _words_of(self, results: Mapping[str, Any]) -> list[str]:
        """Where there is a reason there are no numbers, or not all of them."""
        if results.get("reason"):
            names = [results.get("variable"), results.get("station")]
            subject = " at ".join(str(name) for name in names if name) or self.title
            return [f"{subject}: {results['reason']}"]
        return self.says(results)

    def own(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Those of checked parameters that `compute` takes."""
        return {name: value for name, value in parameters.items() if name in self.parameters}


analyses = Registry[Analysis]("analysis")
