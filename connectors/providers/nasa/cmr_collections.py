"""The collections of Earthdata, as CMR describes them."""

from connectors.providers.nasa.cmr import NAME, SEARCH_PARAMETERS, Cmr, quota


class CmrCollections(Cmr):
    """Data sets, whichever days they cover."""

    name = "cmr-collections"
    title = "Earthdata's collections (CMR)"
    kind = "collections"
    is_dated = False
    lookback_days = 0
    # A collection is described in some 15 kB.
    quota = quota(page_size=500)
    parameters = {
        "keyword": {**NAME, "description": "Words to look for; `*` stands for any letters."},
        "concept_id": {**NAME, "description": "CMR's own id, such as C2270392799-POCLOUD."},
        **SEARCH_PARAMETERS,
    }
