"""Options of `manage.py ingest`, made of whatever parameters a connector declares."""

from argparse import ArgumentParser
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, cast

import pytest

from connectors.base import Connector, Product
from connectors.management import parameters
from connectors.management.parameters import TAKEN
from connectors.registry import connectors
from tests.connectors.conftest import Ingest

TEXT = {"type": "string"}
TEXTS = {"type": "array", "items": TEXT}
NUMBERS = {"type": "array", "items": {"type": "number"}}
BOX = {"type": "array", "prefixItems": [{"type": "number"}, {"type": "number"}], "items": False}
POINTS = {"type": "array", "items": {"type": "object"}}


def read(words: str, *products: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters for the first of these products."""
    known = [SimpleNamespace(parameters=one) for one in products]
    parser = ArgumentParser(exit_on_error=False)
    parser.add_argument("--name")
    parameters.add_parameters(parser, cast("Connector", SimpleNamespace(products=known)))
    return parameters.given(cast("Product", known[0]), vars(parser.parse_args(words.split())))


def test_lists_are_given_between_commas_or_one_by_one() -> None:
    known = {"stations": TEXTS, "bounds": NUMBERS, "bbox": BOX}
    asked = read("--stations a,b --station c,d --bounds=-1.5,2 --bbox 1,2", known)
    assert asked == {"stations": ["a", "b", "c,d"], "bounds": [-1.5, 2], "bbox": [1, 2]}


def test_one_station_is_a_list_of_one_where_a_product_has_both() -> None:
    assert read("--station a", {"station": TEXT, "stations": TEXTS}) == {"stations": ["a"]}


def test_a_list_that_has_the_name_of_anothers_item_keeps_it() -> None:
    """NASA has a `point` of two numbers in one product and `points` in another."""
    granules, power = {"point": NUMBERS}, {"points": POINTS}
    assert read("--point 45.4,-75.7", granules, power) == {"point": [45.4, -75.7]}
    asked = read('--points [{"latitude":1}]', power, granules)
    assert asked == {"points": [{"latitude": 1}]}


@pytest.mark.parametrize(
    ("schema", "word", "value"),
    [
        ({"type": "number"}, "1.5", 1.5),
        ({"type": "integer"}, "3", 3),
        ({"type": "boolean"}, "yes", True),
        ({"type": "boolean"}, "False", False),
        ({"type": "object"}, '{"a":1}', {"a": 1}),
        ({"enum": ["AG", "RE"]}, "AG", "AG"),
        (TEXT, "007", "007"),
    ],
)
def test_a_value_is_read_as_the_schema_has_it(
    schema: dict[str, Any], word: str, value: object
) -> None:
    assert read(f"--site-code {word}", {"site_code": schema}) == {"site_code": value}


def test_a_parameter_that_is_called_like_an_option_goes_by_param() -> None:
    asked = parameters.given(
        cast("Product", SimpleNamespace(parameters={"name": TEXT})),
        {"name": "my feed", "param": ["name=victoria"]},
    )
    assert asked == {"name": "victoria"}
    assert read("--name feed", {"name": TEXT}) == {}


def test_every_connector_has_its_help(ingest_command: Ingest, capsys: Any) -> None:
    for connector in connectors:
        assert ingest_command(connector.name, "--help").code == 0
        shown = capsys.readouterr().out
        for option in TAKEN - {"help"}:
            assert f"--{option.replace('_', '-')}" in shown
