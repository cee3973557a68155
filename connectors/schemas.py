"""What a JSON Schema says is wrong with parameters, parameter by parameter."""

from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema

MESSAGE_CHARS = 300
# Of a list of a thousand wrong ones nobody reads more.
MESSAGES_EACH = 5


def parameter_errors(
    product: str, schema: Mapping[str, Any], parameters: Mapping[str, Any]
) -> dict[str, list[str]]:
    """Each wrong parameter of a product with its reasons, the first few."""
    validator = jsonschema.Draft202012Validator(
        schema, format_checker=jsonschema.FormatChecker(["date"])
    )
    errors: dict[str, list[str]] = {}
    for error in validator.iter_errors(dict(parameters)):
        for name, message in _named(error, product, schema, parameters):
            told = errors.setdefault(name, [])
            if len(told) < MESSAGES_EACH:
                told.append(message)
    return errors


def _named(
    error: jsonschema.ValidationError,
    product: str,
    schema: Mapping[str, Any],
    parameters: Mapping[str, Any],
) -> Iterator[tuple[str, str]]:
    """The parameters that an error is about; of the missing and unknown only the schema speaks."""
    if error.path:
        yield str(error.path[0]), error.message[:MESSAGE_CHARS]
    elif error.validator == "required":
        missing = str(error.message).split("'")[1]
        yield missing, "This parameter is required."
    else:
        known = ", ".join(sorted(schema["properties"]))
        for name in sorted(set(parameters) - set(schema["properties"])):
            yield str(name)[:MESSAGE_CHARS], f"Not a parameter of {product}; it has {known}."
