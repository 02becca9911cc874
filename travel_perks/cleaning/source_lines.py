"""Find where the records of a CSV file begin, by its line breaks and quotes alone.

The database's reader counts records; a person opens the file at a line. Quoted line breaks
and empty lines set the two apart. And as the reader is not asked, what is found here tells
whether it took every record: it drops a very long one without a word.
"""

import codecs
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

CHUNK = 1 << 22
LONGEST = 1 << 20  # bytes; a longer line or record is damage
Bytes = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]
Positions = npt.NDArray[np.int64]

_LF, _CR, _QUOTE = b'\n\r"'
# Which bytes may stand before a quote that opens a cell, and after one that closes it.
_MAY_OPEN = np.isin(np.arange(256), list(b'\n\r",' + codecs.BOM_UTF8[-1:]))
_MAY_CLOSE = np.isin(np.arange(256), list(b'\n\r",'))


@dataclass(frozen=True)
class Records:
    """The records of a file, the header first; an empty line is no record.

    `offsets` (bytes) and `lines` (from 1) say where each begins, `ends` (bytes) where its last
    cell ends. `long_lines` (first byte, byte after the last) are over LONGEST bytes. `regular`
    is true when no record is, one kind of line end is used and quotes stand only around cells
    or, doubled, inside them.
    """

    offsets: Positions
    lines: Positions
    ends: Positions
    long_lines: list[tuple[int, int]]
    regular: bool


def mapped(path: Path) -> Bytes:
    """Return the bytes of a file that is not empty, without reading them all into memory."""
    return np.memmap(path, dtype=np.uint8, mode="r")


def first_byte(content: Bytes) -> int:
    """Return where the text of a file begins: after the byte order mark."""
    return len(codecs.BOM_UTF8) if content[:3].tobytes() == codecs.BOM_UTF8 else 0


def find_records(path: Path) -> Records:
    """Scan a file; a line break inside quotes belongs to its record."""
    if not path.stat().st_size:
        nowhere = np.empty(0, dtype=np.int64)
        return Records(nowhere, nowhere, nowhere, [], regular=True)
    content = mapped(path)
    breaks, is_end, is_well_quoted = _line_breaks(content)
    is_lone_return = content[breaks] == _CR
    if not breaks.size or breaks[-1] != content.size - 1:
        breaks, is_end = np.append(breaks, content.size), np.append(is_end, True)
    is_end[-1] = True
    line_starts = np.concatenate(([first_byte(content)], breaks[:-1] + 1))
    is_first_line = np.concatenate(([True], is_end[:-1]))
    offsets, ends = line_starts[is_first_line], breaks[is_end]
    ends_in_return = (ends > offsets) & (content[ends - 1] == _CR)
    ends = ends - ends_in_return
    filled = ends > offsets
    is_long = breaks - line_starts > LONGEST
    is_short = bool((ends - offsets <= LONGEST).all())
    # The last line may do without a line end.
    is_one_kind = not is_lone_return.any() and np.unique(ends_in_return[:-1]).size < 2
    return Records(
        offsets=offsets[filled],
        lines=(np.flatnonzero(is_first_line) + 1)[filled],
        ends=ends[filled],
        long_lines=list(zip(line_starts[is_long].tolist(), breaks[is_long].tolist(), strict=True)),
        regular=is_well_quoted and is_one_kind and is_short,
    )


def _line_breaks(content: Bytes) -> tuple[Positions, Flags, bool]:
    """Return the line breaks, which stand outside quotes, and whether quotes stand as expected.

    A break is a line feed, or a carriage return outside quotes without one after it.
    """
    found, outside, quotes_before, is_well_quoted = [], [], 0, True
    for start in range(0, content.size, CHUNK):
        chunk = content[start : start + CHUNK]
        quotes = np.flatnonzero(chunk == _QUOTE)
        breaks = np.flatnonzero(chunk == _LF)
        returns = np.flatnonzero(chunk == _CR)
        if returns.size:
            following = content[np.minimum(start + returns + 1, content.size - 1)]
            returns = returns[following != _LF]
            returns = returns[(np.searchsorted(quotes, returns) + quotes_before) % 2 == 0]
            breaks = np.sort(np.concatenate((breaks, returns)))
        found.append(breaks + start)
        outside.append((np.searchsorted(quotes, breaks) + quotes_before) % 2 == 0)
        # Of two quotes that stand for one, the first seems to close and the second to open.
        before = content[np.maximum(start + quotes[quotes_before::2] - 1, 0)]
        after = content[np.minimum(start + quotes[1 - quotes_before :: 2] + 1, content.size - 1)]
        is_well_quoted &= bool(_MAY_OPEN[before].all() and _MAY_CLOSE[after].all())
        quotes_before = (quotes_before + quotes.size) % 2
    is_well_quoted &= quotes_before == 0
    return np.concatenate(found), np.concatenate(outside), is_well_quoted
