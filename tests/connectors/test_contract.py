"""Every connector and product against what it declares, and against its recorded answers.

A recorded answer is a pair of files in `tests/data/<connector>/`: the body `<case>.<its ending>`
(`.txt` where it is JSON itself) and `<case>.json` with

- `product`, `parameters`: as a user gives them
- `headers`: of the answer, in lower case
- `rows`: how many the table has
- `stations`: how many are declared; not looked at, if left out
- `rejected`: how many rows cannot be read; 0, if left out
- `request`: which of the planned requests it answers; 0, if left out
- `origin`: a sentence on where the body is from
"""

import itertools
import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pyarrow as pa
import pyarrow.compute as pc
import pytest

import connectors.providers
from connectors import planning
from connectors.base import DATE_PARAMETERS, Connector, Page, Product, Variable
from connectors.descriptions import describe
from connectors.registry import connectors as registry
from datastream.core.errors import InvalidInputError
from datastream.core.registry import import_folder
from tests.connectors.reading import TODAY, answer, planned

import_folder(connectors.providers)

DATA = Path(__file__).parents[1] / "data"
NAME = re.compile(r"[a-z][a-z0-9]*([-_][a-z0-9]+)*")
VARIABLE = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
# Units as CF writes them (UDUNITS): products of symbols with powers, no "/", "°" or "m/s".
UNIT = re.compile(r"1|%|[A-Za-z]+-?[0-9]*( [A-Za-z]+-?[0-9]*)*")
CELL_METHOD = re.compile(
    r"((time|area): (point|sum|mean|maximum|minimum|mid_range|standard_deviation|variance|mode"
    r"|median|range)( (within|over) \w+)?( (?=time|area)|$))*"
)
INTERVAL = re.compile(r"(P(\d+[YMWD])?(T\d+[HMS])?)?")
QUALITIES = {1, 2, 3, 4, 9}

EACH = [pytest.param(connector, id=connector.name) for connector in registry]
EACH_PRODUCT = [
    pytest.param(product, id=f"{connector.name}-{product.name}")
    for connector in registry
    for product in connector.products
]
CASES = [
    (connector, json.loads(path.read_text()) | {"path": path})
    for connector in registry
    for path in sorted((DATA / connector.name).glob("*.json"))
]
RECORDED = [
    pytest.param(
        connector.product(case["product"]), case, id=f"{connector.name}-{case['path'].stem}"
    )
    for connector, case in CASES
]


def parse_recorded(product: Product, case: dict[str, Any]) -> Page:
    path = case["path"]
    body = next(p for p in path.parent.glob(f"{path.stem}.*") if p != path).read_bytes()
    request = planned(product, case["parameters"])[case.get("request", 0)]
    return product.parse(request, answer(body, **case["headers"]))


def variables_of(product: Product, page: Page) -> dict[str, Variable]:
    return dict(product.variables) | {one.name: one for one in page.variables}


# What is declared


@pytest.mark.parametrize("connector", EACH)
def test_a_connector_says_who_it_reads_and_on_what_terms(connector: Connector) -> None:
    assert NAME.fullmatch(connector.name)
    for text in (connector.title, connector.license, connector.citation, connector.terms):
        assert text.strip() == text != ""
    names = [product.name for product in connector.products]
    assert names
    assert len(set(names)) == len(names)
    assert connector.product() is connector.products[0]


@pytest.mark.parametrize("connector", EACH)
def test_an_unknown_product_is_named(connector: Connector) -> None:
    with pytest.raises(InvalidInputError) as caught:
        connector.product("nonsense")
    assert list(caught.value.details) == ["product"]


@pytest.mark.parametrize("product", EACH_PRODUCT)
def test_a_product_declares_host_quota_time_and_look_back(product: Product) -> None:
    assert NAME.fullmatch(product.name)
    assert product.title
    assert product.host.url.startswith("https://") or not product.host.url
    assert product.host.url.endswith("/") or not product.host.url
    assert re.fullmatch(r"[A-Z_]+_BASE_URL|", product.host.setting)
    assert product.quota.per_second > 0
    assert 1 <= product.quota.parallel <= 8
    assert product.time_rule.endswith(".")
    assert product.lookback_days >= 0


@pytest.mark.parametrize("product", EACH_PRODUCT)
def test_a_flag_has_a_meaning_and_a_quality_of_qartod(product: Product) -> None:
    assert all(flag.meaning for flag in product.flags.values())
    assert {flag.quality for flag in product.flags.values()} <= QUALITIES


@pytest.mark.parametrize("product", EACH_PRODUCT)
def test_only_what_is_dated_has_a_first_and_a_last_day(product: Product) -> None:
    assert (set(DATE_PARAMETERS) <= set(product.parameters)) == product.is_dated


@pytest.mark.parametrize("product", EACH_PRODUCT)
def test_only_what_is_dated_looks_back(product: Product) -> None:
    assert product.is_dated or product.lookback_days == 0


@pytest.mark.parametrize("product", EACH_PRODUCT)
def test_what_a_product_declares_can_be_said_in_json(product: Product) -> None:
    told = json.loads(json.dumps(describe(product)))
    assert told["name"] == product.name
    assert told["sentinels"] == list(product.sentinels)


@pytest.mark.parametrize("product", EACH_PRODUCT)
def test_parameters_are_a_valid_json_schema_that_knows_its_own(product: Product) -> None:
    jsonschema.Draft202012Validator.check_schema(product.schema)
    assert set(product.required) <= set(product.parameters)
    assert product.schema["additionalProperties"] is False
    assert all(schema.get("description") for schema in product.parameters.values())


@pytest.mark.parametrize("product", EACH_PRODUCT)
def test_a_misspelt_parameter_is_refused_by_name(product: Product) -> None:
    with pytest.raises(InvalidInputError) as caught:
        product.check({"sttation": "x"})
    assert "sttation" in caught.value.details


@pytest.mark.parametrize("product", EACH_PRODUCT)
def test_the_names_of_variables_are_their_keys(product: Product) -> None:
    assert all(key == variable.name for key, variable in product.variables.items())


def wrong_parts(variable: Variable) -> list[str]:
    parts = {
        "name": VARIABLE.fullmatch(variable.name),
        "unit": UNIT.fullmatch(variable.unit),
        "standard_name": re.fullmatch(r"[a-z0-9_]*", variable.standard_name),
        "cell_method": CELL_METHOD.fullmatch(variable.cell_method),
        "interval": INTERVAL.fullmatch(variable.interval),
        "kind": variable.kind in {"number", "text"},
        "description": variable.description.endswith("."),
        "limits": variable.valid_min is None
        or variable.valid_max is None
        or variable.valid_min < variable.valid_max,
    }
    return [f"{variable.name}: {part}" for part, is_right in parts.items() if not is_right]


@pytest.mark.parametrize("product", EACH_PRODUCT)
def test_variables_are_described_in_the_spelling_of_cf(product: Product) -> None:
    assert [wrong for v in product.variables.values() for wrong in wrong_parts(v)] == []


# Against what was recorded


@pytest.mark.parametrize("product", EACH_PRODUCT)
def test_a_product_has_a_recorded_answer(product: Product) -> None:
    assert any(connector.product(case["product"]) is product for connector, case in CASES)


@pytest.mark.parametrize(("product", "case"), RECORDED)
def test_parameters_are_settled_once_and_for_all(product: Product, case: dict[str, Any]) -> None:
    settled = product.check(case["parameters"])
    assert json.loads(json.dumps(settled)) == settled
    assert product.check(settled) == settled


@pytest.mark.parametrize(("product", "case"), RECORDED)
def test_a_recorded_answer_gives_the_rows_it_has(product: Product, case: dict[str, Any]) -> None:
    page = parse_recorded(product, case)
    assert page.table.num_rows == case["rows"]
    assert len(page.rejected) == case.get("rejected", 0)
    assert len(page.stations) == case.get("stations", len(page.stations))


@pytest.mark.parametrize(("product", "case"), RECORDED)
def test_a_recorded_answer_becomes_a_table_of_the_agreed_form(
    product: Product, case: dict[str, Any]
) -> None:
    page = parse_recorded(product, case)
    types = {"number": pa.float64(), "text": pa.string()}
    variables = variables_of(product, page).values()
    expected = {variable.name: types[variable.kind] for variable in variables}
    expected |= {"station": pa.string(), "timestamp": pa.timestamp("us", tz="UTC")}
    expected |= {"metadata": pa.string()}
    schema = page.table.schema
    assert {"station", "timestamp"} <= set(schema.names)
    assert all(expected[column.name] == column.type for column in schema)
    assert set(page.table["station"].to_pylist()) <= {s.code for s in page.stations}
    assert page.table["timestamp"].null_count == 0
    keys = page.table.select(["station", "timestamp"])
    assert keys.group_by(["station", "timestamp"]).aggregate([]).num_rows == keys.num_rows


@pytest.mark.parametrize(("product", "case"), RECORDED)
def test_variables_that_an_answer_tells_of_are_described_in_the_spelling_of_cf(
    product: Product, case: dict[str, Any]
) -> None:
    page = parse_recorded(product, case)
    assert [wrong for variable in page.variables for wrong in wrong_parts(variable)] == []


@pytest.mark.parametrize(("product", "case"), RECORDED)
def test_recorded_values_lie_within_their_variables_limits(
    product: Product, case: dict[str, Any]
) -> None:
    page = parse_recorded(product, case)
    for variable in variables_of(product, page).values():
        if variable.name in page.table.schema.names and variable.kind == "number":
            values = page.table[variable.name].drop_null().to_numpy()
            low, high = variable.valid_min, variable.valid_max
            assert (values >= (-1e12 if low is None else low)).all(), variable.name
            assert (values <= (1e12 if high is None else high)).all(), variable.name


@pytest.mark.parametrize(("product", "case"), RECORDED)
def test_no_sentinel_becomes_a_value(product: Product, case: dict[str, Any]) -> None:
    page = parse_recorded(product, case)
    for column in page.table.itercolumns():
        if pa.types.is_floating(column.type):
            assert not pc.any(pc.is_in(column, pa.array(product.sentinels, pa.float64()))).as_py()


@pytest.mark.parametrize(("product", "case"), RECORDED)
def test_metadata_is_an_object_by_subject_and_variable(
    product: Product, case: dict[str, Any]
) -> None:
    page = parse_recorded(product, case)
    if "metadata" not in page.table.schema.names:
        pytest.skip("Nothing is said about these values.")
    for text in page.table["metadata"].drop_null().to_pylist():
        said = json.loads(text)
        assert set(said.get("quality", {}).values()) <= {2, 3, 4, 9}
        for entries in said.values():
            assert set(entries) <= set(page.table.schema.names)


@pytest.mark.parametrize(("product", "case"), RECORDED)
def test_a_plan_covers_each_day_of_each_place_once(product: Product, case: dict[str, Any]) -> None:
    parameters = dict(case["parameters"])
    if product.is_dated:
        parameters |= {"start": "2019-12-30", "end": "2021-01-02"}
    wanted = planning.span(product, product.check(parameters), TODAY)
    requests = planned(product, parameters)
    limit = product.quota.window_days if product.is_dated else None
    assert wanted is not None
    assert requests
    for place in {request.place for request in requests}:
        windows = sorted(r.window for r in requests if r.place == place)
        assert (windows[0].start, windows[-1].end) == (wanted.start, wanted.end)
        assert all(a.end == b.start for a, b in itertools.pairwise(windows))
        assert all(limit is None or window.days <= limit for window in windows)


@pytest.mark.parametrize(("product", "case"), RECORDED)
def test_places_are_those_of_the_requests_and_named_once(
    product: Product, case: dict[str, Any]
) -> None:
    settled = product.check(case["parameters"])
    places = product.places(settled)
    assert len(set(places)) == len(places) > 0
    assert {request.place for request in planned(product, case["parameters"])} == set(places)
