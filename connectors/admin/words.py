"""What the pages on collection say in the same words."""

from datetime import UTC, datetime

from django.utils.html import format_html

from datastream.core.admin import NOTHING


def state(word: str | None) -> str:
    return format_html('<span class="state state-{0}">{0}</span>', word) if word else NOTHING


def minute(moment: datetime) -> str:
    text = f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}"
    return format_html('<span class="moment">{}</span>', text)
