"""JSON is read back from the database with numbers that an answer can hold."""

import json

import pytest

from analyses.models import AnalysisResult
from datastream.core.api.renderers import dumps
from datastream.core.stored import Decoder


@pytest.mark.parametrize("number", [0, -3, 2.5, 2**53, 2**64 - 1, -(2**63), 1e300, -1e20, 1.7e308])
def test_a_number_is_the_same_when_it_is_read_back(db: None, number: float) -> None:
    AnalysisResult.objects.create(key="k", results={"n": [number]}, digest="", seconds=0)
    found = AnalysisResult.objects.get(pk="k").results
    assert found == {"n": [number]}
    assert isinstance(found["n"][0], type(number))
    assert json.loads(dumps(found)) == found


def test_a_whole_number_of_more_bits_becomes_the_nearest_float() -> None:
    assert json.loads(f"[{2**64}]", cls=Decoder) == [2.0**64]
    assert isinstance(json.loads(f"{2**64}", cls=Decoder), float)
