"""Checks the parameters of an analysis against its declaration and fills in what is left out."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from jsonschema import Draft202012Validator, ValidationError

from analyses.registry import Analysis
from datastream.core.errors import InvalidInputError

Messages = dict[str, list[str]]
# From here on not every whole number is a float.
EXACT = 2.0**53
MOST_NAMED = 5
WORDS = {
    "string": "a string",
    "integer": "a whole number",
    "number": "a number",
    "array": "a list",
    "object": "an object",
    "boolean": "true or false",
    "null": "null",
}
SENTENCES = {
    "minimum": "Must be at least {}.",
    "maximum": "Must be at most {}.",
    "minLength": "Must have at least {} character(s).",
    "maxLength": "Must have at most {} characters.",
    "minItems": "Must have at least {} item(s).",
    "maxItems": "Must have at most {} items.",
    "uniqueItems": "Must not name anything twice.",
    "pattern": "Must be a date (2020-01-31) or a time with its zone (2020-01-31T06:00:00Z).",
    "not": "Must be odd.",
}


def check(analysis: Analysis, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Answer the parameters with defaults filled in.

    Raises
    ------
    InvalidInputError
        With every unknown, missing, mistyped, out-of-range or idle parameter in its details.
    """
    if not isinstance(parameters, Mapping):
        raise InvalidInputError.of("parameters", "Must be an object.")
    schema = analysis.schema
    given = {name: whole(value) for name, value in parameters.items()}
    wrong = unreadable(given)
    errors = list(Draft202012Validator(schema).iter_errors(given))
    # What has the wrong type or cannot be read at all needs no second message.
    errors.sort(key=lambda error: error.validator != "type")
    settled = set(wrong)
    for error in errors:
        for name, message in named(error):
            # Each thing that is missing is told with all that are.
            if name not in settled and message not in wrong.get(name, []):
                wrong.setdefault(name, []).append(message)
            if error.validator == "type":
                settled.add(name)
    if not wrong:
        given = defaults(schema) | given
        wrong = wrong_times(given) | idle(analysis, given) | analysis.rules(given)
    if wrong:
        raise InvalidInputError(details=dict(sorted(wrong.items())))
    return given


def idle(analysis: Analysis, given: Mapping[str, Any]) -> Messages:
    """Those that change nothing beside the others; a default may always be given."""
    known = defaults(analysis.schema)
    wrong: Messages = {}
    for name, wanted in analysis.only_with.items():
        if name not in given or given[name] == known.get(name):
            continue
        for other, choices in wanted.items():
            if not is_among(given.get(other, known.get(other)), choices):
                wrong[name] = [without_effect(other, choices)]
    return wrong


def is_among(value: Any, choices: Sequence[Any]) -> bool:
    return any(one in choices for one in value) if isinstance(value, list) else value in choices


def without_effect(other: str, choices: Sequence[Any]) -> str:
    if None in choices:
        return f"Has no effect where `{other}` is given."
    named = [f"`{one}`" for one in choices]
    if len(named) > MOST_NAMED:
        return f"Has no effect with this `{other}`."
    return f"Has an effect only where `{other}` is or has {' or '.join(named)}."


def effective(analysis: Analysis, stored: Mapping[str, Any]) -> dict[str, Any]:
    """Stored parameters as they are asked for again: idle ones were once taken."""
    left_out = idle(analysis, stored)
    return {name: value for name, value in stored.items() if name not in left_out}


def defaults(schema: Mapping[str, Any]) -> dict[str, Any]:
    """As they would be if they were given, so that it is the same request."""
    return {
        name: whole(entry["default"])
        for name, entry in schema["properties"].items()
        if "default" in entry
    }


def whole(value: object) -> object:
    """JSON has one kind of number: 3.0 is the whole number 3."""
    if isinstance(value, list):
        return [whole(part) for part in value]
    if isinstance(value, float) and value.is_integer() and abs(value) < EXACT:
        return int(value)
    return value


def unreadable(parameters: Mapping[str, Any]) -> Messages:
    """Numbers that are not finite and text that cannot be stored pass a schema unseen."""
    wrong: Messages = {}
    for name, value in parameters.items():
        for part in parts(value):
            if isinstance(part, float) and not math.isfinite(part):
                wrong[name] = ["Must be a finite number."]
            if isinstance(part, str) and not storable(part):
                wrong[name] = ["Must not hold NUL or half a character."]
    return wrong


def parts(value: object) -> Iterator[object]:
    """Everything in a value that holds nothing itself."""
    if isinstance(value, Mapping):
        value = [*value.keys(), *value.values()]
    if isinstance(value, list):
        for part in value:
            yield from parts(part)
    else:
        yield value


def storable(text: str) -> bool:
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def named(error: ValidationError) -> Iterator[tuple[str, str]]:
    """Which parameter an error is about, and a sentence on it."""
    wanted: Any = error.validator_value
    place = place_of(error)
    within = f"{place}." if place else ""
    instance: Any = error.instance
    schema: Any = error.schema
    if error.validator == "additionalProperties":
        for name in instance.keys() - schema["properties"].keys():
            yield f"{within}{name}", "Is not a parameter of this analysis."
    elif error.validator == "required":
        for name in set(wanted) - instance.keys():
            yield f"{within}{name}", "Must be given."
    elif place:
        yield place, sentence(str(error.validator), wanted)
    else:
        one, several = wanted["required"]
        yield several, f"Give either `{one}` or `{several}`."


def place_of(error: ValidationError) -> str:
    """Such as `reference.variable` or `predictors.0.station`; of a plain list just its name."""
    path = list(error.path)
    is_plain = len(path) > 1 and isinstance(path[-1], int) and not isinstance(error.instance, dict)
    return ".".join(map(str, path[:-1] if is_plain else path))


def sentence(rule: str, wanted: Any) -> str:
    if rule == "type":
        names = [wanted] if isinstance(wanted, str) else list(wanted)
        return f"Must be {' or '.join(WORDS[name] for name in names)}."
    if rule == "enum":
        return f"Must be one of: {', '.join(map(str, wanted))}."
    return SENTENCES[rule].format(wanted)


def wrong_times(parameters: Mapping[str, Any]) -> Messages:
    wrong: Messages = {}
    times: dict[str, datetime] = {}
    for name in ("start", "end"):
        if name in parameters:
            try:
                times[name] = parse_time(parameters[name])
            except (ValueError, OverflowError):
                wrong[name] = ["There is no such date or time."]
    if len(times) == 2 and times["start"] >= times["end"]:
        wrong["end"] = ["Must be after `start`."]
    return wrong


def parse_time(text: str) -> datetime:
    moment = datetime.fromisoformat(text.upper())
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


def at_revisions(
    method: Analysis,
    given: Mapping[str, Any],
    revision_of: Callable[[Mapping[str, Any]], int | None],
) -> dict[str, Any]:
    """Parameters whose references name these revisions, and none where it is None."""
    changed = dict(given)
    for name in (one.parameter for one in method.inputs if one.form in {"series", "list"}):
        if name in given:
            value = given[name]
            is_list = isinstance(value, list)
            pinned = [_at(one, revision_of(one)) for one in (value if is_list else [value])]
            changed[name] = pinned if is_list else pinned[0]
    return changed


def _at(reference: Mapping[str, Any], revision: int | None) -> dict[str, Any]:
    named = {name: value for name, value in reference.items() if name != "revision"}
    return named if revision is None else {**named, "revision": revision}
