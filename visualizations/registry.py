"""What a picture kind declares, and the table of kinds."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from datastream.core.registry import Registry

# What every kind can do because pictures are drawn by one hand.
OPTIONS_OF_ALL: dict[str, dict[str, Any]] = {
    "theme": {
        "type": "string",
        "enum": ["light", "dark"],
        "default": "light",
        "description": "Ground of the picture: white, or dark for pages that are.",
    },
}
Column = list[Any] | NDArray[np.float64] | NDArray[np.int64]


@dataclass(frozen=True)
class Facts:
    """What a picture says about itself besides its values; an unknown fact is empty.

    Attributes
    ----------
    title : printed as it is; where empty the kind makes one from `place` and the variable
    source : who measured or published the values
    """

    title: str = ""
    place: str = ""
    source: str = ""
    license: str = ""
    citation: str = ""


@dataclass(frozen=True)
class Drawing:
    """A compiled picture.

    Attributes
    ----------
    spec : Vega-Lite, complete in itself: inline data only
    alt : what the picture shows, for those who do not see it
    columns : what is drawn, one list or array a column, all of one length; `timestamp` first,
        where the picture has times
    """

    spec: dict[str, Any]
    alt: str
    columns: dict[str, Column]


@dataclass(frozen=True)
class Kind:
    """A kind of picture.

    Attributes
    ----------
    options : JSON Schema of each option that not all kinds have, with description and default
    version : raised when the same options give another picture
    window_px : where given, a series of many values comes as a `SteppedSeries` for so many px
    compile : what it draws, checked options (`visualizations.options.check`) and facts to a drawing
    draws : what `compile` takes
        "series": a list of `Series`, one for each variable that the options name.
        "stations": `StationValues`, one number of a variable at each station of a dataset.
        "results": the stored results of one analysis, a dictionary.
    named_by : the options that name the variables, in the order in which `compile` takes them; one
        that is a list names several
    analyses : the types of analysis whose results it draws
    references : of what it computes or shows itself; those of the analyses stand there
    """

    name: str
    title: str
    description: str
    options: Mapping[str, Mapping[str, Any]]
    required: Sequence[str]
    version: int
    compile: Callable[[Any, Mapping[str, Any], Facts], Drawing]
    window_px: int | None = None
    draws: Literal["series", "stations", "results"] = "series"
    named_by: tuple[str, ...] = ("variable",)
    analyses: tuple[str, ...] = ()
    references: tuple[str, ...] = ()

    @property
    def all_options(self) -> dict[str, Mapping[str, Any]]:
        return {**self.options, **OPTIONS_OF_ALL}

    @property
    def schema(self) -> dict[str, Any]:
        return {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "properties": {name: dict(option) for name, option in self.all_options.items()},
            "required": list(self.required),
            "additionalProperties": False,
        }


kinds: Registry[Kind] = Registry("picture kind")
