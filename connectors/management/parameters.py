"""Options of a command, made of the parameters that a connector's products declare."""

import json
from argparse import Action, ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from connectors.base import Connector, Product
from datastream.core.errors import InvalidInputError

# Before the names of parameters, among the options of the command.
PREFIX = "parameter_"
# Of the command itself; parameters of these names are given by `--param`.
TAKEN = frozenset({
    "help", "json", "owner", "product", "dataset", "name", "credential", "schedule", "param",
    "dry_run", "refetch",
})  # fmt: skip
TRUTHS = {"true": True, "yes": True, "false": False, "no": False}


class Several(Action):
    """Collects values that are given again and again; `const` parts those of one word by commas."""

    def __call__(
        self,
        parser: ArgumentParser,
        namespace: Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        texts = values.split(",") if self.const else [values]
        before = getattr(namespace, self.dest, None) or []
        setattr(namespace, self.dest, [*before, *texts])


def add_parameters(parser: ArgumentParser, connector: Connector) -> None:
    """An option for each parameter of any product; which of them a product has, it says itself."""
    known: dict[str, Mapping[str, Any]] = {}
    for product in connector.products:
        for name, schema in product.parameters.items():
            known.setdefault(name, schema)
    # `--station`, again and again, stands for `stations`, and for `station` where both are there.
    singles = {name.removesuffix("s"): name for name, schema in known.items() if _is_plain(schema)}
    for name, schema in known.items():
        if name not in TAKEN and (name not in singles or singles[name] == name):
            _add(parser, name, name, schema)
    for single, name in singles.items():
        if single not in TAKEN and (single not in known or not _is_many(known[single])):
            _add(parser, single, name, known[name])


def _is_many(schema: Mapping[str, Any]) -> bool:
    return schema.get("type") == "array"


def _is_plain(schema: Mapping[str, Any]) -> bool:
    """Whether it is a list of what can be written between commas."""
    return _is_many(schema) and _item(schema).get("type") not in ("object", "array")


def _item(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema of an item of a list; of one with a schema for each, that of the first."""
    first = [*schema.get("prefixItems", []), schema.get("items", {})][0]
    return first if isinstance(first, Mapping) else {}


def _add(parser: ArgumentParser, option: str, name: str, schema: Mapping[str, Any]) -> None:
    """An option for a parameter; one of another name takes a single item each time."""
    about = str(schema.get("description", "")).replace("%", "%%")
    words, dest = f"--{option.replace('_', '-')}", PREFIX + name
    metavar = option.upper()
    if not _is_plain(schema):
        reader = _reader(schema)
        parser.add_argument(words, dest=dest, metavar=metavar, type=reader, help=about)
    elif option == name:
        about = f"{about} Between commas."
        parser.add_argument(
            words, dest=dest, metavar=metavar, action=Several, const=True, help=about
        )
    else:
        about = f"{about} Repeatable."
        parser.add_argument(words, dest=dest, metavar=metavar, action=Several, help=about)


def _reader(schema: Mapping[str, Any]) -> Callable[[str], Any]:
    kind = schema.get("type")
    if kind == "boolean":
        return _truth
    readers: dict[str, Callable[[str], Any]] = {
        "number": float,
        "integer": int,
        "object": _json,
        "array": _json,
    }
    return readers.get(str(kind), str)


def _truth(text: str) -> bool:
    if text.lower() not in TRUTHS:
        raise ArgumentTypeError(f"true or false, not {text!r}")
    return TRUTHS[text.lower()]


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise ArgumentTypeError(f"JSON, not {text!r}") from error


def given(product: Product, options: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that were given, as the product takes them."""
    found = {
        name.removeprefix(PREFIX): value
        for name, value in options.items()
        if name.startswith(PREFIX) and value is not None
    }
    for text in options.get("param") or []:
        name, sign, value = text.partition("=")
        if not sign:
            raise InvalidInputError.of("param", f"Write NAME=VALUE, unlike {text!r}.")
        found[name] = _json_or_text(value)
    return {name: _shaped(product, name, value) for name, value in found.items()}


def _shaped(product: Product, name: str, value: Any) -> Any:
    """Items of a list in the type that the product's schema asks for."""
    schema = product.parameters.get(name, {})
    if schema.get("type") != "array" or not isinstance(value, list):
        return value
    return _items(_item(schema), value)


def _items(schema: Mapping[str, Any], values: Sequence[Any]) -> list[Any]:
    if schema.get("type", "string") == "string":
        return list(values)
    return [_json_or_text(one) if isinstance(one, str) else one for one in values]


def _json_or_text(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
