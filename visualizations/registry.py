"""What a picture kind declares, and the table of kinds."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datasets.series import Series
from datastream.core.registry import Registry

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
    columns : what is drawn, one list or array a column, all of one length; `timestamp` first
    """

    spec: dict[str, Any]
    alt: str
    columns: dict[str, Column]


@dataclass(frozen=True)
class Kind:
    """A kind of picture.

    Attributes
    ----------
    options : JSON Schema of each option, with description and default
    version : raised when the same options give another picture
    compile : series, checked options (`visualizations.options.check`) and facts to a drawing
    """

    name: str
    title: str
    description: str
    options: Mapping[str, Mapping[str, Any]]
    required: Sequence[str]
    version: int
    compile: Callable[[Sequence[Series], Mapping[str, Any], Facts], Drawing]

    @property
    def schema(self) -> dict[str, Any]:
        return {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "properties": {name: dict(option) for name, option in self.options.items()},
            "required": list(self.required),
            "additionalProperties": False,
        }


kinds: Registry[Kind] = Registry("picture kind")
