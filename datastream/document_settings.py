"""What the OpenAPI document says of itself, and how it is made."""

VERSION = "0.1.0"

SPECTACULAR_SETTINGS = {
    "TITLE": "DataStream Pro",
    "DESCRIPTION": (
        "Environmental and climate observations from NOAA, NASA, GLOBE, ClimateData.ca and "
        "uploads, kept with their history, analysed and drawn.\n\n"
        "Times are RFC 3339 and answered in UTC with `Z`; a time without an offset is UTC; "
        "`start` is in, `end` is out. Units are spelled as in CF (`degC`, `mm`, `m s-1`)."
    ),
    "VERSION": VERSION,
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["datastream.core.api.permissions.Anyone"],
    "SERVE_AUTHENTICATION": [],
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "VisibilityEnum": "datasets.models.Visibility",
        "SchemaModeEnum": "datasets.models.SchemaMode",
        "AnalysisStatusEnum": "datastream.core.models.Status",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "datastream.core.api.schema.finish",
    ],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "TAGS": [
        {"name": "auth", "description": "Sign in, renew and end a sign-in."},
        {"name": "audit", "description": "Who did what to what; for admins."},
        {"name": "users", "description": "People and their roles."},
        {"name": "datasets", "description": "Datasets, stations, variables, shares, revisions."},
        {"name": "data", "description": "The points of a dataset, now and as of any revision."},
        {"name": "analyses", "description": "Numbers from series, computed once and repeatable."},
        {"name": "visualizations", "description": "Pictures of series."},
        {
            "name": "collection",
            "description": "What is collected from providers, when and how far.",
        },
    ],
}
