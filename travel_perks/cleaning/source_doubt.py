"""Tell whether the database's reader would misread a CSV, or take too long over it.

That reader refuses a file whose lines end in several ways, accepts commas too many at the end
of a record, loses rows after a quote that is not closed, and keeps a kilobyte for each cell
that a record lacks.
"""

import re
from pathlib import Path

import numpy as np

from travel_perks.cleaning.source_lines import Bytes, Records, mapped
from travel_perks.cleaning.source_mend import whole_row

SAMPLE = 2000  # records of which the cells are counted
MOST_BROKEN = 20  # of the sample; with more, the reader would take long and much memory


def is_doubtful(path: Path, *, cells: int, records: Records) -> bool:
    """Tell whether `path`, whose header has `cells` cells, is better read from a mended copy."""
    if not records.regular:
        return True
    content = mapped(path)
    return (
        _has_cells_too_many(content, cells, records)
        or _swallows_rows(content, cells, records)
        or _is_often_broken(content, cells, records)
    )


def _has_cells_too_many(content: Bytes, cells: int, records: Records) -> bool:
    """Tell whether a record has more than `cells` cells and the last is empty."""
    last, second, third = (content[np.maximum(records.ends - i, 0)] for i in (1, 2, 3))
    quotes = (last == ord('"')) & (second == ord('"'))
    suspects = np.flatnonzero(np.where(quotes, third, last) == ord(","))
    return any(_cells(content, records, index) > cells for index in suspects.tolist())


def _is_often_broken(content: Bytes, cells: int, records: Records) -> bool:
    """Tell whether many records have another number of cells, by a sample of them."""
    count = records.offsets.size
    sample = np.linspace(0, count - 1, min(count, SAMPLE)).astype(np.int64)
    return sum(_cells(content, records, index) != cells for index in sample.tolist()) > MOST_BROKEN


def _cells(content: Bytes, records: Records, index: int) -> int:
    record = content[records.offsets[index] : records.ends[index]].tobytes()
    return 1 + sum(part.count(b",") for part in record.split(b'"')[::2])


def _swallows_rows(content: Bytes, cells: int, records: Records) -> bool:
    """Tell whether a quoted cell holds a line that alone is a row of `cells` cells.

    Then a closing quote is missing, and the next quote of the file closed the cell.
    """
    pattern = re.compile(rb"[\r\n]" + whole_row(cells))
    has_inner_lines = np.append(np.diff(records.lines) > 2, True)
    spans = zip(records.offsets[has_inner_lines], records.ends[has_inner_lines], strict=True)
    return any(pattern.search(content.data, start, end) for start, end in spans)
