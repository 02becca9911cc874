"""Find the line on which a record of a CSV file begins.

The reader counts records; a person opens the file at a line. Quoted line breaks and empty
lines set the two apart. The file is walked once, in chunks, and only when a record has to
be named.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt

CHUNK = 1 << 24
Positions = npt.NDArray[np.int64]


def record_starts(path: Path, *, quoted_breaks: bool = True) -> tuple[Positions, Positions]:
    """Return byte offset and line (from 1) of each record, the header first.

    A line break inside quotes belongs to its record, unless `quoted_breaks` is false. An
    empty line is no record.
    """
    breaks, quotes = _line_breaks_and_quotes(path)
    size = path.stat().st_size
    if not breaks.size or breaks[-1] != size - 1:
        breaks = np.append(breaks, size)
    outside = (np.searchsorted(quotes if quoted_breaks else quotes[:0], breaks) & 1) == 0
    ends = breaks[outside]
    starts = np.concatenate(([0], ends[:-1] + 1))
    lines = np.concatenate(([1], np.flatnonzero(outside)[:-1] + 2))
    filled = _has_text(path, starts, ends)
    return starts[filled], lines[filled]


def _line_breaks_and_quotes(path: Path) -> tuple[Positions, Positions]:
    breaks, quotes, offset = [], [], 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            content = np.frombuffer(chunk, dtype=np.uint8)
            breaks.append(np.flatnonzero(content == ord("\n")) + offset)
            quotes.append(np.flatnonzero(content == ord('"')) + offset)
            offset += len(chunk)
    empty = [np.empty(0, dtype=np.int64)]
    return np.concatenate(breaks or empty), np.concatenate(quotes or empty)


def _has_text(path: Path, starts: Positions, ends: Positions) -> npt.NDArray[np.bool_]:
    """Tell the records from the empty lines (nothing, or a lone carriage return)."""
    filled = ends - starts > 1
    with path.open("rb") as file:
        for index in np.flatnonzero(ends - starts == 1):
            file.seek(int(starts[index]))
            filled[index] = file.read(1) != b"\r"
    return filled


def lines_of(
    path: Path, rows: list[int], broken_offsets: list[int], records: int
) -> tuple[list[int], list[int]]:
    """Translate whole records and broken ones into lines.

    `rows` counts the whole records from 1, the header and the broken ones left out;
    `broken_offsets` are byte positions at or just before a broken record; `records` is how
    many of both the reader met. A quote inside an unquoted cell misleads the count; then
    every line is taken as a record.
    """
    starts, lines = record_starts(path)
    if starts.size - 1 != records:
        starts, lines = record_starts(path, quoted_breaks=False)
    # The reader's position of a broken record may stand on the line break before it.
    broken = np.searchsorted(starts, np.asarray(broken_offsets, dtype=np.int64))
    broken = np.minimum(broken, starts.size - 1)
    whole = np.setdiff1d(np.arange(1, starts.size), broken)
    wanted = np.minimum(np.asarray(rows, dtype=np.int64), whole.size) - 1
    return lines[whole[wanted]].tolist() if rows else [], lines[broken].tolist()
