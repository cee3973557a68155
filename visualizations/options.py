"""Checking the options of a picture kind and filling in their defaults."""

from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker, ValidationError
from jsonschema.validators import extend

from datastream.core import clock
from datastream.core.errors import InvalidInputError
from visualizations.registry import Kind

TYPES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
}
MESSAGES = {
    "type": "This must be {wanted}.",
    "enum": "This must be one of: {wanted}.",
    "minimum": "This must be at least {wanted}.",
    "maximum": "This must be at most {wanted}.",
    "minItems": "At least {wanted} must be given.",
    "maxItems": "At most {wanted} may be given.",
    "uniqueItems": "Each may be given once.",
    "minLength": "This may not be empty.",
    "maxLength": "This may have at most {wanted} characters.",
    "format": "Not a time; write it like 2001-01-31T12:00:00Z.",
}
formats = FormatChecker(formats=())


@formats.checks("date-time", raises=InvalidInputError)
def is_time(value: object) -> bool:
    return not isinstance(value, str) or bool(clock.parse(value, "time"))


def is_whole_number(_: object, value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


# The library takes 1971.0 for an integer; a year printed from it would read "1971.0".
Validator: Any = extend(  # type: ignore[no-untyped-call]
    Draft202012Validator,
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine("integer", is_whole_number),
)


def check(kind: Kind, options: object) -> dict[str, Any]:
    """Options with the defaults filled in; everything wrong is named at once.

    Raises
    ------
    InvalidInputError
        `details` has a list of messages for each option that is unknown, missing or wrong.
    """
    if not isinstance(options, Mapping):
        raise InvalidInputError("Options are an object: names and their values.")
    found: dict[str, list[str]] = {}
    for name, message in problems(kind, options):
        found.setdefault(name, []).append(message)
    if found:
        raise InvalidInputError(f"The options do not fit a {kind.name} picture.", details=found)
    defaults = {name: o["default"] for name, o in kind.all_options.items() if "default" in o}
    return defaults | dict(options)


def problems(kind: Kind, options: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name in options:
        if name not in kind.all_options:
            yield str(name), f"A {kind.name} picture has no such option."
    for name in kind.required:
        if name not in options:
            yield name, "This option is required."
    known = {name: value for name, value in options.items() if name in kind.all_options}
    validator = Validator(
        {"properties": {name: dict(option) for name, option in kind.all_options.items()}},
        format_checker=formats,
    )
    for error in validator.iter_errors(known):
        yield str(error.absolute_path[0]), sentence(error)
    for name, value in known.items():
        if not is_storable(value):
            yield name, "Text may not hold the character NUL or half a character."
    yield from spans(kind, options)


def is_storable(value: object) -> bool:
    """Whether PostgreSQL can hold the text, or every text of a list."""
    if isinstance(value, list):
        return all(map(is_storable, value))
    return not isinstance(value, str) or not any(
        c == "\0" or "\ud800" <= c <= "\udfff" for c in value
    )


def sentence(error: ValidationError) -> str:
    wanted: Any = error.validator_value
    if isinstance(wanted, list):
        wanted = ", ".join(map(str, wanted))
    rule = MESSAGES.get(str(error.validator), "This value is not allowed.")
    return rule.format(wanted=TYPES.get(str(wanted), wanted))


def spans(kind: Kind, options: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Ends that lie before their starts, where both are of the right type."""
    first, last = (
        options.get(name, kind.all_options.get(name, {}).get("default"))
        for name in ("reference_start", "reference_end")
    )
    if is_whole_number(None, first) and is_whole_number(None, last) and first > last:
        # Name what was sent, not the default it is at odds with.
        sent = "reference_end" if "reference_end" in options else "reference_start"
        yield sent, f"The reference period would run from {first} to {last}."
    try:
        start, end = (clock.parse(options[name], name) for name in ("start", "end"))
    except (KeyError, InvalidInputError):
        return
    if start >= end:
        yield "end", "The end must come after the start."
