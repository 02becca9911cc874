"""What a person reads on STDOUT: tables, and units; plain aligned text without a terminal."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from rich import box
from rich.console import Console
from rich.filesize import decimal
from rich.table import Table

_WIDE = 10_000  # columns; nothing is cut or wrapped where another program reads


class Page:
    """Prints lines and tables."""

    def __init__(self) -> None:
        self._console = Console(markup=False, highlight=False, emoji=False)
        if not self._console.is_terminal:
            self._console.width = _WIDE

    def line(self, text: str = "") -> None:
        """Print a line."""
        self._console.print(text, soft_wrap=True)

    def table(self, head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Print rows below a head; columns of numbers, the first apart, stand to the right."""
        listed = [["" if cell is None else str(cell) for cell in row] for row in rows]
        lined = box.SIMPLE_HEAD if self._console.is_terminal else None
        table = Table(box=lined, pad_edge=False, show_edge=False)
        for column, name in enumerate(head):
            cells = [row[column] for row in listed]
            numeric = column > 0 and all(cell[:1].isdigit() for cell in cells if cell)
            table.add_column(name, justify="right" if numeric else "left", overflow="fold")
        for row in listed:
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
