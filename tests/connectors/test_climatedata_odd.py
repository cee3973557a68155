"""Whatever comes instead of Canada's answers ends in a page or in an error of ours."""

import json
from contextlib import suppress
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from datastream.core.errors import PlatformError
from tests.connectors.geomet_answers import answer_of, ask, collection
from tests.connectors.test_climatedata_projections import chart
from tests.connectors.test_climatedata_projections import read as download

ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=4,
)
PRODUCTS = ["climate-daily", "climate-monthly", "climate-hourly", "ahccd-monthly",
            "ahccd-seasonal"]  # fmt: skip
NAMES = [
    "STATION_NAME", "LOCAL_DATE", "UTC_DATE", "MEAN_TEMPERATURE",
    "MEAN_TEMPERATURE_FLAG", "DAYS_WITH_VALID_MEAN_TEMP", "TEMP", "date", "year__annee",
    "period_value__valeur_periode", "temp_mean__temp_moyenne",
    "temp_mean_units__temp_moyenne_unites",
]  # fmt: skip
ROWS = st.lists(st.dictionaries(st.sampled_from(NAMES), ODD, max_size=6), min_size=1, max_size=5)


@settings(max_examples=60, deadline=None)
@given(product=st.sampled_from(PRODUCTS), rows=ROWS, geometry=ODD)
def test_odd_properties_end_in_a_page_or_an_error_of_ours(
    product: str, rows: list[dict[str, Any]], geometry: Any
) -> None:
    found, (request,) = ask(product, "2024-07-01", "2024-07-31")
    body = collection(*rows, matched=len(rows))
    for feature in body["features"]:
        feature["properties"]["station_id__id_station"] = "1018611"
        feature["geometry"] = {"coordinates": geometry}
    with suppress(PlatformError):
        page = found.parse(request, answer_of(body))
        assert page.table.num_rows <= len(rows)


@settings(max_examples=40, deadline=None)
@given(content=ODD | st.dictionaries(st.sampled_from(["observations", "ssp585_range"]), ODD))
def test_odd_series_end_in_a_page_or_an_error_of_ours(content: Any) -> None:
    with suppress(PlatformError):
        chart(json.dumps(content))


@settings(max_examples=40, deadline=None)
@given(cells=st.lists(st.lists(st.text(max_size=8), min_size=4, max_size=4), max_size=4))
def test_odd_cells_end_in_a_page_or_an_error_of_ours(cells: list[list[str]]) -> None:
    rows = "\n".join(",".join(row) for row in cells)
    with suppress(PlatformError):
        download(f"time,lat,lon,ssp585_tx_max_p50\n{rows}\n")
