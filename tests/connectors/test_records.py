"""Values of JSON as columns of text."""

from typing import Any

import pytest

from connectors.records import TOO_DEEP, column_of


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([1, 2.5, None], ["1", "2.5", None]),
        ([1, " a "], ["1", "a"]),
        ([{"a": [1]}, None], ['{"a":[1]}', None]),
        ([nested(3), "a"], ["[[[1]]]", "a"]),
        ([nested(1000), 7], [TOO_DEEP, "7"]),
    ],
)
def test_a_column_is_text_whatever_its_values_are(values: list[Any], texts: list[Any]) -> None:
    assert column_of(values).to_pylist() == texts
