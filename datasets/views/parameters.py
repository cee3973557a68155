"""The parameters of a read of points, described."""

from drf_spectacular.utils import OpenApiParameter

from datasets.views.base import DATASET_ID

REVISION = OpenApiParameter("revision", int, description="As the dataset stood at this revision.")
AS_OF = OpenApiParameter("as_of", str, description="As the dataset stood at this instant.")
FIELDS = OpenApiParameter(
    "fields", str, description="Of id, timestamp, station, value, metadata, between commas."
)
UNCHANGED = OpenApiParameter(
    "If-None-Match", str, OpenApiParameter.HEADER, description="304 if unchanged."
)
TIMEZONE = OpenApiParameter(
    "timezone", str, description="IANA name, default UTC: whose calendar the periods follow."
)
FLAGS = OpenApiParameter(
    "flags",
    str,
    enum=["exclude", "include"],
    description="Whether values that failed quality control are left out, as they are by default.",
)
SELECTION = [
    OpenApiParameter("start", str, description="First instant, in."),
    OpenApiParameter("end", str, description="Last instant, out."),
    OpenApiParameter("station", str, many=True, description="Code of a station; repeatable."),
    OpenApiParameter("variables", str, description="Names between commas; all where not given."),
    OpenApiParameter(
        "bbox",
        str,
        description="west,south,east,north in degrees: only stations in there; across the date "
        "line where west > east.",
    ),
    OpenApiParameter(
        "flags",
        str,
        enum=["exclude", "include"],
        description="Whether values that failed quality control are left out. Where it is not "
        "given, points are answered as they are stored, and statistics leave them out.",
    ),
    OpenApiParameter("order", str, enum=["asc", "desc"], description="By station, then by time."),
    REVISION,
    AS_OF,
]
WRITTEN = [
    FIELDS,
    OpenApiParameter(
        "units",
        str,
        description="Variables with the units to convert to: `TMAX:degF,PRCP:inch`; spelled as in "
        "CF (`m s-1`) or UCUM (`m/s`). 400 where a unit is unknown or no conversion exists.",
    ),
    OpenApiParameter(
        "layout",
        str,
        enum=["rows", "columns"],
        description="`columns` answers one array a column; JSON only.",
    ),
    OpenApiParameter(
        "format",
        str,
        enum=["json", "ndjson", "csv", "arrow", "parquet", "geojson"],
        description="Or by `Accept`. All but json answer the whole selection in one stream.",
    ),
]
PAGING = [
    OpenApiParameter("limit", int, description="Points on a page, at most 50,000; default 1,000."),
    OpenApiParameter("cursor", str, description="From `next`; keeps the revision it began with."),
]
AGGREGATES = [
    OpenApiParameter(
        "resolution",
        str,
        enum=[
            "raw",
            "hour",
            "3h",
            "6h",
            "12h",
            "day",
            "week",
            "month",
            "quarter",
            "season",
            "year",
            "auto",
        ],
        description="Statistics by such periods; `raw`, the default, answers the points. A season "
        "is DJF, MAM, JJA or SON, and December belongs to the year after; `auto` is the finest "
        "step that gives a station at most `points` periods.",
    ),
    OpenApiParameter(
        "statistic",
        str,
        many=True,
        enum=["mean", "min", "max", "sum", "count", "median", "p05", "p95", "std"],
        description="Which statistics; repeatable. Needs a `resolution`.",
    ),
    OpenApiParameter(
        "points", int, description="For `resolution=auto`; default 1,500, at most 50,000."
    ),
    TIMEZONE,
    OpenApiParameter(
        "min_coverage",
        str,
        description="From 0 to 1: a period with a lesser part of its values is null; or `wmo`, the "
        "rule of WMO-No. 1203 for months.",
    ),
]
JOBS = [
    OpenApiParameter(
        "estimate",
        str,
        enum=["1"],
        description="Answers how many rows, bytes and seconds the read would take.",
    ),
    OpenApiParameter(
        "Prefer",
        str,
        OpenApiParameter.HEADER,
        description="`respond-async`: answers 202 with an export job instead.",
    ),
]
READ = [DATASET_ID, *SELECTION, *WRITTEN, *PAGING, *AGGREGATES, *JOBS, UNCHANGED]
READ_ONE = [
    DATASET_ID,
    OpenApiParameter("point_id", str, OpenApiParameter.PATH, description="The point's id."),
    REVISION,
    AS_OF,
    FIELDS,
]
WINDOW = [
    DATASET_ID,
    OpenApiParameter("variable", str, required=True, description="Name of one with numbers."),
    OpenApiParameter(
        "station", str, description="Its code; may be left out where the dataset has one station."
    ),
    *SELECTION[:2],
    OpenApiParameter("px", int, description="Width of the chart; 1 to 4,000, default 900."),
    OpenApiParameter(
        "step",
        str,
        enum=["auto", "hour", "3h", "6h", "12h", "day", "week", "month", "quarter", "year"],
        description="`auto`, the default, is the finest that gives at most 1.5 steps a pixel and "
        "is not finer than the values; 400 where a named one gives more.",
    ),
    OpenApiParameter("units", str, description="The unit to convert to: `TMAX:degF`."),
    TIMEZONE,
    FLAGS,
    REVISION,
    AS_OF,
    UNCHANGED,
]
COMPLETENESS = [DATASET_ID, *SELECTION[:4], TIMEZONE, REVISION, AS_OF]
