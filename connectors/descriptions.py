"""Products in the catalogue of connectors."""

from dataclasses import asdict
from typing import Any

from connectors.base import Product


def describe(product: Product) -> dict[str, Any]:
    """What a product declares, as JSON can say it."""
    return {
        "name": product.name,
        "title": product.title,
        "parameters": product.schema,
        "variables": [asdict(one) for one in product.variables.values()],
        "flags": {text: asdict(flag) for text, flag in product.flags.items()},
        "sentinels": list(product.sentinels),
        "quota": asdict(product.quota),
        "time_rule": product.time_rule,
        "lookback_days": product.lookback_days,
        "is_dated": product.is_dated,
        "credential": None
        if product.credential is None
        else ("required" if product.credential.is_required else "optional"),
    }
