"""The headers of a Parquet file's pages: what each unpacks to, before anything is unpacked."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from datasets.formats.pieces import at_once, part_too_large
from datasets.formats.thrift import Compact, Fields
from datastream.core.errors import UnreadableInputError

MOST_PAGES = 100_000
# A header may hold the least and the largest text of its page.
WINDOWS = (512, 64 * 1024, 2**20)
# Numbers of parquet.thrift: PageType and Encoding.
DICTIONARY_PAGE = 2
CODED = frozenset({2, 8})
DELTA_BYTE_ARRAY = 7
# An entry of a dictionary of texts takes 16 bytes in memory and may take 4 in the file.
ENTRY_GROWTH = 4


@dataclass(slots=True)
class Chunk:
    """What the pages of a column in one group of rows say.

    Attributes
    ----------
    entries : of its dictionary; 0 where there is none
    coded, plain : whether there are pages that point into the dictionary, and others
    cell_bytes : of a cell of the plain page with the largest, on average
    largest : bytes of the largest page, unpacked
    """

    entries: int = 0
    coded: bool = False
    plain: bool = False
    cell_bytes: int = 0
    largest: int = 0

    def add(self, page: Fields, *, is_text: bool) -> None:
        size, values, encoding = page[2], *_content(page)
        if encoding == DELTA_BYTE_ARRAY:
            raise UnreadableInputError(
                "Texts in the encoding DELTA_BYTE_ARRAY may unpack to any size; "
                "write them plain or with a dictionary."
            )
        if page[1] == DICTIONARY_PAGE:
            self.entries = values
            size *= ENTRY_GROWTH if is_text else 1
        elif encoding in CODED:
            # Who looks at the first row must see the dictionary.
            if self.plain:
                raise ValueError("Pages without a dictionary come before those with one.")
            self.coded = True
        else:
            self.plain = True
            self.cell_bytes = max(self.cell_bytes, size // max(values, 1) + 1)
        self.largest = max(self.largest, size)


def survey(
    file: BinaryIO, footer: bytes, columns: Sequence[int], texts: Collection[int]
) -> list[dict[int, Chunk]]:
    """The chunks of each group of rows by column; refuses pages that would fill the memory.

    One page of each column is unpacked at a time. The footer says sizes, too, but what is
    allocated is what the header of the page says. (Apache Parquet, parquet.thrift, FileMetaData
    and PageHeader.)

    Raises
    ------
    ValueError
        The footer or the header of a page is damaged.
    """
    try:
        return _survey(file, footer, columns, texts)
    except (LookupError, TypeError, AttributeError) as error:
        raise ValueError("Something is missing that must be there.") from error


def _survey(
    file: BinaryIO, footer: bytes, columns: Sequence[int], texts: Collection[int]
) -> list[dict[int, Chunk]]:
    groups, count, limit = [], 0, at_once(file.seek(0, 2))
    for told in Compact(footer).struct()[4]:
        chunks = {column: Chunk() for column in columns}
        for column, chunk in chunks.items():
            for page in _pages(file, told[1][column][3]):
                count += 1
                if count > MOST_PAGES:
                    raise UnreadableInputError(f"It has more than {MOST_PAGES} pages.")
                chunk.add(page, is_text=column in texts)
        if sum(chunk.largest for chunk in chunks.values()) > limit:
            raise part_too_large("page of each column", limit)
        groups.append(chunks)
    return groups


def _pages(file: BinaryIO, told: Fields) -> Iterator[Fields]:
    """The headers of the pages of one column in one group of rows."""
    place = told[9]
    if 0 < told.get(11, 0) < place:
        place = told[11]
    end, values = place + told[7], 0
    while place < end and values < told[5]:
        header, length = _header(file, place)
        if header[2] < 0 or header[3] < 0:
            raise ValueError("A page has no size.")
        yield header
        if header[1] != DICTIONARY_PAGE:
            values += _content(header)[0]
        place += length + header[3]


def _content(header: Fields) -> tuple[int, int | None]:
    """How many values a page has, and how they are encoded."""
    # The header of the data is another one in each version, and for dictionaries.
    for field, encoding in ((5, 2), (8, 4), (7, 2)):
        if field in header:
            return header[field].get(1, 0), header[field].get(encoding)
    return 0, None


def _header(file: BinaryIO, place: int) -> tuple[Fields, int]:
    """The fields of a header, and how many bytes it takes."""
    for window in WINDOWS:
        file.seek(place)
        compact = Compact(file.read(window))
        try:
            return compact.struct(), compact.place
        except IndexError:
            continue
    raise ValueError("The header of a page does not end.")
