"""What a person reads on STDOUT: tables, and units.

Without a terminal tables are plain aligned text, and nothing is cut or wrapped.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from rich import box
from rich.console import Console
from rich.filesize import decimal
from rich.table import Table

_SHORT = 20  # columns of a terminal that a cell may have to itself


class Page:
    """Prints lines and tables."""

    def __init__(self) -> None:
        self._console = Console(markup=False, highlight=False, emoji=False)

    @property
    def narrow(self) -> bool:
        """Whether long lines are a nuisance: on a terminal."""
        return self._console.is_terminal

    def line(self, text: str = "") -> None:
        """Print a line."""
        self._console.print(text, soft_wrap=True)

    def table(self, head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Print rows below a head; columns of numbers, the first apart, stand to the right."""
        cells = [["" if cell is None else str(cell) for cell in row] for row in rows]
        right = [
            bool(column) and all(row[column][:1].isdigit() for row in cells if row[column])
            for column in range(len(head))
        ]
        widths = [max(map(len, column)) for column in zip(head, *cells, strict=True)]
        if self.narrow:
            return self._lined(head, cells, right)
        for row in (head, *cells):
            aligned = [
                cell.rjust(width) if to_right else cell.ljust(width)
                for cell, width, to_right in zip(row, widths, right, strict=True)
            ]
            print("  ".join(aligned).rstrip())

    def _lined(
        self, head: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[bool]
    ) -> None:
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
        for column, name in enumerate(head):
            longest = max((len(row[column]) for row in rows), default=0)
            last = column == len(head) - 1  # gives way first
            table.add_column(
                name,
                justify="right" if right[column] else "left",
                overflow="fold",
                min_width=None if last else min(longest, _SHORT),
            )
        for row in rows:
            table.add_row(*row)
        self._console.print(table)


def size(count: object) -> str:
    """Write a number of bytes: 1.3 MB."""
    return decimal(count) if isinstance(count, int) else ""


def duration(seconds: object) -> str:
    """Write a duration: 0.3 s, 2 min 05 s, 3 h 07 min."""
    if not isinstance(seconds, int | float):
        return ""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def moment(timestamp: object) -> str:
    """Write a logged timestamp: 2025-10-21 03:00:00."""
    try:
        return f"{datetime.fromisoformat(str(timestamp)):%Y-%m-%d %H:%M:%S}"
    except ValueError:
        return ""


def number(count: object) -> str:
    """Write a count: 1,020,926."""
    return f"{count:,}" if isinstance(count, int) else ""


def percent(share: object) -> str:
    """Write a share: 24.9."""
    return f"{100 * share:.1f}" if isinstance(share, int | float) else ""
