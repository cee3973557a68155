"""NASA's Common Metadata Repository: pages of what Earthdata has, kept as documents."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

import orjson

from connectors.base import (
    Credential,
    Host,
    Page,
    Place,
    Product,
    Quota,
    Request,
    SchemaDriftError,
    Window,
)
from connectors.columns import empty_table, refuse_web_page
from connectors.providers.nasa.answers import words_of
from datastream.core.answers import Answer
from datastream.core.errors import (
    InvalidInputError,
    ProviderRefusedError,
    ProviderUnavailableError,
)

CMR = Host("NASA_CMR_BASE_URL", "https://cmr.earthdata.nasa.gov/")
NAME = {"type": "string", "minLength": 1, "maxLength": 200}
SEARCH_PARAMETERS: Mapping[str, Any] = {
    "short_name": {**NAME, "description": "The collection's short name, such as GPM_3IMERGHH."},
    "version": {**NAME, "description": "The collection's version."},
    "provider": {**NAME, "description": "The archive that holds it, such as POCLOUD."},
    "bounding_box": {
        "type": "array",
        "items": {"type": "number", "minimum": -180, "maximum": 180},
        "minItems": 4,
        "maxItems": 4,
        "description": "West, south, east and north, in degrees.",
    },
    "point": {
        "type": "array",
        "items": {"type": "number", "minimum": -180, "maximum": 180},
        "minItems": 2,
        "maxItems": 2,
        "description": "Longitude and latitude, in degrees.",
    },
    "cloud_hosted": {"type": "boolean", "description": "Only what lies in the cloud, or only not."},
}
# It holds scores that change from day to day: sent back as it is, never read and never kept.
SEARCH_AFTER = "CMR-Search-After"


class Cmr(Product):
    """A search of the catalogue, page after page; there are documents and no points."""

    host = CMR
    answer_within_s = 180.0
    credential = Credential("Authorization", prefix="Bearer ")
    license = "Public metadata of NASA's Earthdata"
    citation = "NASA Common Metadata Repository (CMR), https://cmr.earthdata.nasa.gov."
    time_rule = "An entry of the catalogue has no values; its answer is kept as a document."
    kind: ClassVar[str]

    def settle(self, parameters: dict[str, Any]) -> dict[str, Any]:
        if "bounding_box" in parameters:
            _, south, _, north = parameters["bounding_box"]
            if not -90 <= south <= north <= 90:
                message = "South and north lie between -90 and 90, south first."
                raise InvalidInputError.of("bounding_box", message)
        if abs(parameters.get("point", (0, 0))[1]) > 90:
            raise InvalidInputError.of("point", "The longitude comes first, then the latitude.")
        return parameters

    def requests(
        self, parameters: Mapping[str, Any], place: Place, window: Window
    ) -> list[Request]:
        return [
            Request(
                f"search/{self.kind}.umm_json",
                {
                    **searched(parameters),
                    **self.dates(window),
                    "page_size": str(self.quota.page_size),
                },
                place,
                window,
                headers={"Client-Id": "datastream-pro"},
            )
        ]

    def places(self, parameters: Mapping[str, Any]) -> list[Place]:
        return [Place(self.kind)]

    def dates(self, window: Window) -> dict[str, str]:
        return {}

    def parse(self, request: Request, answer: Answer) -> Page:
        hits, items = read_items(answer)
        after = answer.headers.get(SEARCH_AFTER.lower(), "")
        follow = None
        # The header comes with the last full page as well; the page after it has neither.
        if items and after:
            headers = {**request.headers, SEARCH_AFTER: after}
            follow = replace(request, headers=headers, page=request.page + 1)
        notes = (f"Matching {self.kind}: {hits:,}.",) if not request.page else ()
        return Page(empty_table(), listed=len(items), notes=notes, next=follow)


def searched(parameters: Mapping[str, Any]) -> dict[str, str]:
    """The parameters on the wire, but for days."""
    return {
        name: wire_value(value)
        for name, value in parameters.items()
        if name not in {"start", "end"}
    }


def wire_value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(f"{one:.10g}" for one in value) if isinstance(value, list) else str(value)


def read_items(answer: Answer) -> tuple[int, list[Any]]:
    """The number of all that match, and those of this page.

    Raises
    ------
    ProviderUnavailableError
        It is a web page, or the search was cut off after its time and is not whole.
    """
    refuse_web_page("NASA CMR", answer)
    if answer.headers.get("cmr-timed-out", "").lower() == "true":
        request_id = answer.headers.get("cmr-request-id", "unknown")[:60]
        raise ProviderUnavailableError(
            f"NASA CMR did not finish the search in its time (its request {request_id})."
        )
    try:
        content = orjson.loads(answer.body)
    except orjson.JSONDecodeError as error:
        raise ProviderUnavailableError(
            "NASA CMR answered with something else than JSON."
        ) from error
    if isinstance(content, dict) and "errors" in content:
        raise ProviderRefusedError(f"NASA CMR refused the search: {' '.join(words_of(content))}")
    hits = content.get("hits") if isinstance(content, dict) else None
    items = content.get("items") if isinstance(content, dict) else None
    if not isinstance(hits, int) or not isinstance(items, list):
        raise SchemaDriftError("NASA CMR's answer has no hits and items.")
    if any(not isinstance(one, dict) or not {"meta", "umm"} <= set(one) for one in items):
        raise SchemaDriftError("An item of NASA CMR's answer has no `meta` and `umm`.")
    return hits, items


def quota(page_size: int) -> Quota:
    return Quota(per_second=2.0, page_size=page_size)
