"""Copy a damaged CSV so that the database's reader takes every record that can be told apart.

In the copy, all lines end alike, and a record that breaks the CSV structure is an empty line,
which is no row. After a quote that is not closed, reading goes on at the next line.
"""

import re
from array import array
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np

from travel_perks.cleaning.source_lines import Bytes, Positions, Records, first_byte, mapped

Broken = dict[str, Positions]  # rule -> the lines at which the records that break it begin

RUN = 1000  # records that are matched in one step
MOST_LINES = 1000  # of one cell; with more, a closing quote is missing

_BARE = rb'[^",\r\n]*+'
_END = rb"(?:\r\n|[\r\n]|\Z)"


def mend(path: Path, copy: IO[bytes], *, cells: int, records: Records) -> Broken:
    """Write the records of `path` that have `cells` cells into `copy`; name the others.

    Lines of the copy end in a line feed and have the numbers of the original.
    """
    lines: defaultdict[str, array[int]] = defaultdict(lambda: array("q"))
    line = 1
    for piece, rule in _pieces(mapped(path), _Grammar(cells), records.long_lines):
        if rule:
            lines[rule].append(line)
        copy.write(piece)
        line += piece.count(b"\n")
    copy.flush()
    return {rule: np.array(found) for rule, found in lines.items()}


def whole_row(cells: int) -> bytes:
    """Return the pattern of a line that is a row of `cells` cells, none of them quoted."""
    return rb"(?:%b,){%d}%b[\r\n]" % (_BARE, cells - 1, _BARE)


def _pieces(
    content: Bytes, grammar: "_Grammar", long_lines: list[tuple[int, int]]
) -> Iterator[tuple[bytes, str | None]]:
    """Yield the pieces of the copy, each with the rule that what stood there broke, if any."""
    position = first_byte(content)
    for start, end in [*long_lines, (content.size, content.size)]:
        while position < start:
            piece, rule, position = grammar.take(content.data, position, start)
            yield piece, rule
        if start < end:
            yield b"\n", "line_too_long"
            position = end + 1


class _Grammar:
    """The patterns of a CSV whose records have a given number of cells."""

    def __init__(self, cells: int) -> None:
        words = rb'[^"\r\n]*+(?:""[^"\r\n]*+)*'
        breaks = rb"[\r\n]++(?!%b)" % whole_row(cells)
        quoted = rb'"%b(?:%b%b){0,%d}"' % (words, breaks, words, MOST_LINES)
        cell = rb"(?:%b|%b)" % (quoted, _BARE)
        sound = rb"%b(?:,%b){%d}%b" % (cell, cell, cells - 1, _END)
        # Spaces may stand around the quotes; a quote inside a cell without them is text.
        loose = rb'(?: *+%b *+|(?! *+")[^,\r\n]*+)' % quoted
        self._cells = cells
        self._run = re.compile(rb"(?:%b|\r\n|[\r\n]){0,%d}" % (sound, RUN))
        self._record = re.compile(rb"(%b(?:,%b)*)%b" % (loose, loose, _END))
        self._cell = re.compile(rb"(?:\A|,)(%b)" % loose)
        self._line = re.compile(rb"[^\r\n]*+" + _END)

    def take(self, content: memoryview, start: int, stop: int) -> tuple[bytes, str | None, int]:
        """Take a run of sound records or one other; return its copy, its rule and its end."""
        run = self._run.match(content, start, stop)
        if run and run.end() > start:
            return _with_line_feeds(run[0]), None, run.end()
        record = self._record.match(content, start, stop)
        if not record:
            line = self._line.match(content, start, stop)
            return b"\n", "unbalanced_quotes", line.end() if line else stop
        found = self._cell.findall(record[1])
        if len(found) != self._cells:
            rule = "too_few_fields" if len(found) < self._cells else "too_many_fields"
            return b"\n" * (record[1].count(b"\n") + 1), rule, record.end()
        return b",".join(map(_quoted, found)) + b"\n", None, record.end()


def _with_line_feeds(records: bytes) -> bytes:
    parts = records.split(b'"')
    parts[::2] = [part.replace(b"\r\n", b"\n").replace(b"\r", b"\n") for part in parts[::2]]
    return b'"'.join(parts)


def _quoted(cell: bytes) -> bytes:
    stripped = cell.strip(b" ")
    if b'"' not in cell or stripped.startswith(b'"'):
        return stripped
    return b'"' + stripped.replace(b'"', b'""') + b'"'
