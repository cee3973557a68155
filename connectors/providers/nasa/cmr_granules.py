"""The granules of Earthdata's collections, as CMR describes them."""

from typing import Any

from connectors.base import DATE_PARAMETERS, Window
from connectors.providers.nasa.cmr import NAME, SEARCH_PARAMETERS, Cmr, quota
from datastream.core.errors import InvalidInputError

COLLECTION = ("short_name", "collection_concept_id")


class CmrGranules(Cmr):
    """Files of one collection by the days they cover; without a collection CMR ends at 10,000."""

    name = "cmr-granules"
    title = "Granules of a collection (CMR)"
    kind = "granules"
    quota = quota(page_size=2000)
    lookback_days = 90
    parameters = {
        "collection_concept_id": {**NAME, "description": "The collection's id in CMR."},
        "day_night_flag": {
            "enum": ["day", "night", "unspecified"],
            "description": "When it was observed.",
        },
        **SEARCH_PARAMETERS,
        **DATE_PARAMETERS,
    }
    required = ("start",)

    def settle(self, parameters: dict[str, Any]) -> dict[str, Any]:
        if not any(name in parameters for name in COLLECTION):
            message = "Name a collection by this or by `collection_concept_id`."
            raise InvalidInputError.of("short_name", message)
        return super().settle(parameters)

    def dates(self, window: Window) -> dict[str, str]:
        first, last = f"{window.start}T00:00:00Z", f"{window.last_day}T23:59:59Z"
        return {"temporal[]": f"{first},{last}"}
