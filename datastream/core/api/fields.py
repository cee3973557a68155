"""Fields that several apps use."""

import unicodedata
from typing import Any

from rest_framework import serializers

from datastream.core import clock
from datastream.core.errors import InvalidInputError

# Characters that turn the direction of text round, to make a name look like another.
DIRECTION = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def is_plain(text: str, *, lines: bool = False) -> bool:
    """Whether text has no control, surrogate or direction-override character."""
    allowed = "\n\r\t" if lines else ""
    return not any(
        char in DIRECTION or (unicodedata.category(char) in {"Cc", "Cs"} and char not in allowed)
        for char in text
    )


class Typed(serializers.CharField):
    """What somebody types, such as a password; of what is too long only the length is looked at.

    The framework looks at each character before it counts them.
    """

    def to_internal_value(self, data: Any) -> str:
        value: str = super().to_internal_value(data)
        if self.max_length is not None and len(value) > self.max_length:
            self.fail("max_length", max_length=self.max_length)
        return value


class Text(Typed):
    """Text as people write it; `lines=True` allows line breaks. Numbers are not taken for text."""

    def __init__(self, *, lines: bool = False, **kwargs: Any) -> None:
        self.lines = lines
        super().__init__(**kwargs)

    def run_validation(self, data: Any = serializers.empty) -> Any:
        # The framework takes spaces for an empty text, where that is allowed.
        if isinstance(data, str) and data and not data.strip() and not self.lines:
            raise serializers.ValidationError("Only spaces.")
        return super().run_validation(data)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            raise serializers.ValidationError("Not a text.")
        value: str = super().to_internal_value(data)
        if not is_plain(value, lines=self.lines):
            raise serializers.ValidationError("Control characters are not allowed.")
        return value


class Instant(serializers.DateTimeField):
    """A time as everywhere in the API: RFC 3339, UTC where it does not say, a date its midnight."""

    def to_internal_value(self, value: Any) -> Any:
        try:
            return clock.parse(value, "")
        except InvalidInputError as error:
            raise serializers.ValidationError(error.details[""]) from error
