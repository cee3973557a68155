"""Thrift's compact protocol, as far as Parquet's own structures need it.

pyarrow would read them, too, but what it reads of damaged ones can end the process.
"""

from typing import Any

DEEPEST = 16
TRUE, FALSE, BYTE, DOUBLE, BINARY, LIST, STRUCT = 1, 2, 3, 7, 8, 9, 12
WHOLE_NUMBERS = frozenset({4, 5, 6})

Fields = dict[int, Any]


class Compact:
    """A reader of structures: whole numbers and structures by the number of their field."""

    def __init__(self, data: bytes) -> None:
        self.data, self.place = data, 0

    def struct(self, depth: int = 0) -> Fields:
        """Whole numbers, lists and structures by the number of their field; None for the rest.

        Raises
        ------
        IndexError
            The data end before the structure does.
        ValueError
            The data are something else.
        """
        if depth > DEEPEST:
            raise ValueError("Nested too deep.")
        fields: Fields = {}
        number = 0
        while head := self._byte():
            number = number + (head >> 4) if head >> 4 else self._whole()
            kind = head & 15
            fields[number] = kind == TRUE if kind in {TRUE, FALSE} else self._value(kind, depth)
        return fields

    def _value(self, kind: int, depth: int) -> Any:
        if kind in WHOLE_NUMBERS:
            return self._whole()
        if kind == BINARY:
            return self._skip(self._unsigned())
        if kind == STRUCT:
            return self.struct(depth + 1)
        if kind == LIST:
            return self._list(depth)
        if kind in {TRUE, FALSE, BYTE, DOUBLE}:
            return self._skip(8 if kind == DOUBLE else 1)
        raise ValueError("Neither a list nor a number nor a text.")

    def _list(self, depth: int) -> list[Any]:
        head = self._byte()
        count = head >> 4 if head >> 4 < 15 else self._unsigned()
        if count > len(self.data) - self.place:
            raise IndexError
        return [self._value(head & 15, depth) for _ in range(count)]

    def _skip(self, count: int) -> None:
        self.place += count
        if self.place > len(self.data):
            raise IndexError

    def _byte(self) -> int:
        self.place += 1
        return self.data[self.place - 1]

    def _unsigned(self) -> int:
        number = shift = 0
        while True:
            byte = self._byte()
            number |= (byte & 127) << shift
            if byte < 128:
                return number
            shift += 7

    def _whole(self) -> int:
        number = self._unsigned()
        return (number >> 1) ^ -(number & 1)
