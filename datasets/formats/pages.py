"""The headers of a Parquet file's pages: what each unpacks to, before anything is unpacked."""

from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

import pyarrow as pa

from datasets.formats.pieces import at_once, part_too_large
from datastream.core.errors import UnreadableInputError

MOST_PAGES = 100_000
# A header may hold the least and the largest text of its page.
WINDOWS = (512, 64 * 1024, 2**20)
DEEPEST = 8
DICTIONARY_PAGE = 2
DELTA_BYTE_ARRAY = 7
# An entry of a dictionary of texts takes 16 bytes in memory and may take 4 in the file.
ENTRY_GROWTH = 4

Fields = dict[int, Any]


def columns_with_dictionary(
    file: BinaryIO, metadata: Any, columns: Sequence[int], size: int
) -> set[tuple[int, int]]:
    """Group of rows and column of each dictionary; refuses pages that would fill the memory.

    One page of each column is unpacked at a time. The footer says sizes, too, but what is
    allocated is what the header of the page says. (Apache Parquet, parquet.thrift, PageHeader.)
    """
    limit, largest, count = at_once(size), dict.fromkeys(columns, 0), 0
    found = set()
    for group in range(metadata.num_row_groups):
        for column in columns:
            chunk = metadata.row_group(group).column(column)
            for page in _pages(file, chunk):
                count += 1
                if count > MOST_PAGES:
                    raise UnreadableInputError(f"It has more than {MOST_PAGES} pages.")
                largest[column] = max(largest[column], _page_bytes(page, chunk.physical_type))
                if page.get(1) == DICTIONARY_PAGE:
                    found.add((group, column))
        if sum(largest.values()) > limit:
            raise part_too_large("page of each column", limit)
    return found


def _pages(file: BinaryIO, chunk: Any) -> Iterator[Fields]:
    """The headers of the pages of one column in one group of rows."""
    place = chunk.data_page_offset
    if chunk.has_dictionary_page and 0 < chunk.dictionary_page_offset < place:
        place = chunk.dictionary_page_offset
    end, values = place + chunk.total_compressed_size, 0
    while place < end and values < chunk.num_values:
        header, length = _header(file, place)
        if header.get(3, -1) < 0 or header.get(2, -1) < 0:
            raise pa.ArrowInvalid("A page has no size.")
        yield header
        values += _data(header).get(1, 0) if header.get(1) != DICTIONARY_PAGE else 0
        place += length + header[3]


def _data(header: Fields) -> Fields:
    """What the header says of the data in a page, of the first or the second version."""
    found: Fields = header.get(5) or header.get(8) or {}
    return found


def _page_bytes(header: Fields, kind: str) -> int:
    encodings = {header.get(5, {}).get(2), header.get(8, {}).get(4)}
    if DELTA_BYTE_ARRAY in encodings:
        raise UnreadableInputError(
            "Texts in the encoding DELTA_BYTE_ARRAY may unpack to any size; "
            "write them plain or with a dictionary."
        )
    is_entries = header.get(1) == DICTIONARY_PAGE and kind == "BYTE_ARRAY"
    return int(header[2]) * (ENTRY_GROWTH if is_entries else 1)


# ------------------------------------------------------------------ Thrift's compact protocol


def _header(file: BinaryIO, place: int) -> tuple[Fields, int]:
    """The fields of a header, and how many bytes it takes."""
    for window in WINDOWS:
        file.seek(place)
        compact = Compact(file.read(window))
        try:
            return compact.struct(), compact.place
        except IndexError:
            continue
    raise pa.ArrowInvalid("The header of a page does not end.")


class Compact:
    """A reader of structures: whole numbers and structures by the number of their field."""

    def __init__(self, data: bytes) -> None:
        self.data, self.place = data, 0

    def struct(self, depth: int = 0) -> Fields:
        if depth > DEEPEST:
            raise pa.ArrowInvalid("The header of a page is nested too deep.")
        fields: Fields = {}
        number = 0
        while head := self._byte():
            number = number + (head >> 4) if head >> 4 else self._whole()
            fields[number] = self._value(head & 15, depth)
        return fields

    def _value(self, kind: int, depth: int) -> Any:
        if kind in {1, 2}:
            return kind == 1
        if kind in {4, 5, 6}:
            return self._whole()
        if kind == 12:
            return self.struct(depth + 1)
        if kind not in {3, 7, 8}:
            # A page's header has no lists, and no number without a meaning.
            raise pa.ArrowInvalid("The header of a page is damaged.")
        self._skip({3: 1, 7: 8}.get(kind) or self._unsigned())
        return None

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
