"""What is said about the values of a series, and whether it or they changed since a revision."""

import io
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
from django.db import connection
from numpy.typing import NDArray

from datasets.access import View
from datasets.selectors.points import Selection, statement_parts, statement_values

Moments = NDArray[np.datetime64]
Bools = NDArray[np.bool_]

# Of all objects in metadata the part that is about the variable.
REMARKS = """{cte}
SELECT (extract(epoch FROM p.timestamp) * 1000000)::bigint, said.of_it::text
FROM {stations}, LATERAL ({now} UNION ALL {then}) p, LATERAL (
    SELECT jsonb_object_agg(key, jsonb_build_object(%(variable)s, part->%(variable)s)) AS of_it
    FROM jsonb_each(CASE WHEN jsonb_typeof(p.metadata) = 'object' THEN p.metadata END) m(key, part)
    WHERE jsonb_typeof(part) = 'object' AND part ? %(variable)s
) said
WHERE p.value ? %(variable)s AND said.of_it IS NOT NULL
ORDER BY 1"""
TOLD = """
jsonb_build_array({p}.value->%(variable)s, {p}.metadata->'flags'->%(variable)s, {quality})"""
QUALITY = "{p}.metadata->'quality'->%(variable)s"
STANDING = """
SELECT array_agg(
    now.revision IS NULL OR (now.revision > %(n)s AND {now} NOT IN ({then}, {as_wanted}))
    ORDER BY asked.number
), array_agg(coalesce({quality}, 'null') = %(worst)s::jsonb ORDER BY asked.number)
FROM unnest(%(times)s::timestamptz[]) WITH ORDINALITY asked(timestamp, number)
LEFT JOIN LATERAL (
    SELECT value, metadata, revision FROM data_points WHERE dataset_id = %(dataset)s
    AND station_id = %(station)s AND timestamp = asked.timestamp OFFSET 0
) now ON true
LEFT JOIN LATERAL (
    SELECT value, metadata FROM data_point_history WHERE dataset_id = %(dataset)s
    AND station_id = %(station)s AND timestamp = asked.timestamp
    AND revision <= %(n)s AND replaced_in > %(n)s OFFSET 0
) before ON true"""


def remarks(view: View, selection: Selection) -> tuple[Moments, pa.Array]:
    """What is said about the one variable of a selection: times in order, and JSON texts.

    `{"flags": {"TMAX": "S"}}`: of each object in the metadata what belongs to the variable. A value
    of which nothing is said is not there.
    """
    sql = REMARKS.format(**statement_parts(view, selection))
    values = {**statement_values(view, selection), "variable": selection.variables[0]}
    target = io.BytesIO()
    with connection.cursor() as cursor:
        statement = cursor.cursor.mogrify(sql, values).decode()
        with connection.wrap_database_errors:
            cursor.cursor.copy_expert(f"COPY ({statement}) TO STDOUT WITH (FORMAT csv)", target)
    if not target.tell():
        return np.empty(0, "datetime64[us]"), pa.array([], pa.string())
    names = ["time", "said"]
    table = pyarrow.csv.read_csv(
        pa.py_buffer(target.getbuffer()),
        read_options=pyarrow.csv.ReadOptions(column_names=names),
        parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types={"time": pa.int64(), "said": pa.string()}
        ),
    )
    micros = table["time"].to_numpy().astype(np.int64)
    return micros.view("datetime64[us]"), table["said"].combine_chunks()


def standing(
    dataset: Any, asked: Mapping[str, Any], times: list[str], *, quality: int, worst: int
) -> tuple[Bools, Bools]:
    """How values stand now, one by one.

    Parameters
    ----------
    asked : `station` (number), `variable` (name) and `n`, the revision that they were read at

    Returns
    -------
    changed : value, flag or quality are not those of then, and the quality is not `quality` now
    is_worst : its quality is `worst` already
    """
    now, before = QUALITY.format(p="now"), QUALITY.format(p="before")
    sql = STANDING.format(
        now=TOLD.format(p="now", quality=now),
        then=TOLD.format(p="before", quality=before),
        as_wanted=TOLD.format(p="before", quality="%(quality)s::jsonb"),
        quality=now,
    )
    values = {**asked, "dataset": dataset, "times": times}
    with connection.cursor() as cursor:
        cursor.execute(sql, {**values, "quality": str(quality), "worst": str(worst)})
        changed, is_worst = cursor.fetchone()
    return np.array(changed or [], np.bool_), np.array(is_worst or [], np.bool_)
