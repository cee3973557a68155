"""What an answer of POWER is: its shape, its words, its time standard and its units."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson

from connectors.base import Request, SchemaDriftError, Variable
from connectors.columns import refuse_web_page
from connectors.providers.nasa.units import cf_unit
from connectors.providers.nasa.variables import INTERVALS, RADIATION, RADIATION_UNITS, radiation_of
from datastream.core.answers import Answer, provider_message
from datastream.core.errors import ProviderRefusedError, ProviderUnavailableError

SHOWN_CHARS = 300
# What the corrections add to the parameters that were asked for.
ADDED = {"site-elevation": "PSC", "wind-elevation": "WSC"}
DAYS_IN = {"UTC": "UTC", "LST": "local solar time"}


def read_content(answer: Answer) -> dict[str, Any]:
    """The answer's JSON object, with its features.

    Raises
    ------
    ProviderUnavailableError
        It is a web page, or other words than JSON.
    ProviderRefusedError
        It holds nothing but NASA's reasons.
    """
    refuse_web_page("NASA POWER", answer)
    try:
        content = orjson.loads(answer.body)
    except orjson.JSONDecodeError as error:
        text = provider_message(answer.body)[:SHOWN_CHARS]
        raise ProviderUnavailableError(
            f"NASA POWER answered with something else than JSON: {text}"
        ) from error
    if not isinstance(content, dict):
        raise SchemaDriftError("NASA POWER's answer is not a JSON object.")
    if not {"features", "properties"} & set(content):
        if words := words_of(content):
            raise ProviderRefusedError(f"NASA POWER refused the request: {' '.join(words)}")
        raise SchemaDriftError("NASA POWER's answer is not a GeoJSON feature.")
    return content


def words_of(content: Mapping[str, Any]) -> list[str]:
    """What POWER says in words: `messages`, or else `message`, `detail` or `errors`."""
    for key in ("messages", "message", "detail", "errors"):
        told = content.get(key) or []
        words = list(map(_word, told if isinstance(told, list) else [told]))
        if words:
            return words
    return []


def _word(told: Any) -> str:
    if isinstance(told, dict):
        told = told.get("msg") or told.get("message") or orjson.dumps(told).decode()
    return " ".join(str(told).split())[:SHOWN_CHARS]


def header_of(content: Mapping[str, Any]) -> dict[str, Any]:
    header = content.get("header", {})
    if not isinstance(header, dict):
        raise SchemaDriftError("The header of NASA POWER's answer is not an object.")
    return header


def check_time_standard(header: Mapping[str, Any], asked: str) -> list[str]:
    """Notes; days of another standard are others, and must not come among those asked for."""
    told = str(header.get("time_standard", "")).upper()
    if not told:
        return [f"The answer does not say its time standard; it was asked for in {asked}."]
    if told != asked:
        raise SchemaDriftError(f"NASA POWER answered in {told} although {asked} was asked for.")
    return []


def read_variables(
    content: Mapping[str, Any], request: Request, declared: Mapping[str, Variable]
) -> list[Variable]:
    """The parameters that were asked for, with the unit of the answer, in the order asked.

    Raises
    ------
    SchemaDriftError
        One has gone, has no unit, or another than it is declared with.
    """
    block = content.get("parameters")
    if not isinstance(block, dict):
        raise SchemaDriftError("NASA POWER's answer does not say its units.")
    names = asked_names(request)
    if missing := [name for name in names if not isinstance(block.get(name), dict)]:
        raise SchemaDriftError(f"NASA POWER's answer lacks {', '.join(missing[:20])}.")
    names += [n for key, n in ADDED.items() if key in request.params and n in block]
    said = "; ".join(_circumstances(content, request))
    *_, temporal, _ = request.path.split("/")
    return [
        _variable(name, block[name], declared.get(name), temporal=temporal, said=said)
        for name in names
    ]


def asked_names(request: Request) -> list[str]:
    return str(request.params["parameters"]).split(",")


def _circumstances(content: Mapping[str, Any], request: Request) -> Sequence[str]:
    """What a value depends on beside place and time, and must be known to compare it."""
    standard = str(request.params["time-standard"])
    said = [f"community {request.params['community']}", f"in {DAYS_IN.get(standard, standard)}"]
    period = header_of(content).get("range")
    return [*said, " ".join(str(period).split())] if period else said


def _variable(
    name: str, told: Mapping[str, Any], known: Variable | None, *, temporal: str, said: str
) -> Variable:
    unit = cf_unit(str(told.get("units", "")))
    if unit == "degC" and name.endswith("_RANGE"):
        unit = "K"
    longname = " ".join(str(told.get("longname", "")).split())[:SHOWN_CHARS]
    if known is not None:
        if unit != known.unit:
            raise SchemaDriftError(f"{name} has come in {unit}; its unit is {known.unit}.")
        return replace(known, description=f"{known.description.removesuffix('.')} ({said}).")
    if name not in RADIATION:
        interval = INTERVALS[temporal]
        return Variable(name, unit, interval=interval, description=f"{longname} ({said}).")
    if unit not in RADIATION_UNITS:
        raise SchemaDriftError(f"{name} has come in {unit}, which is no unit of radiation.")
    return radiation_of(name, unit, temporal, said)
