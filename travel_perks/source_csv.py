"""Read a source CSV as text rows, and say which records of it are not whole.

The header is matched by name: order, extra columns, capitals, surrounding spaces and a
byte order mark do not matter. Records that break the CSV structure are kept aside with
their byte position, so that each can be found again by its line.
"""

import csv
import io
from dataclasses import dataclass
from pathlib import Path

import duckdb

from travel_perks.database import Connection, Relation, quoted, text
from travel_perks.errors import DataQualityError
from travel_perks.tables import Table

HEADER_BYTES = 1 << 16
STRUCTURAL_RULES = {
    "MISSING COLUMNS": "too_few_fields",
    "TOO MANY COLUMNS": "too_many_fields",
    "UNQUOTED VALUE": "unbalanced_quotes",
    "LINE SIZE OVER MAXIMUM": "line_too_long",
    "INVALID ENCODING": "not_utf8",
}


@dataclass(frozen=True)
class BrokenRecord:
    """A record that the CSV reader could not take: where it begins, and the rule it broke."""

    offset: int
    rule: str


@dataclass(frozen=True)
class SourceCsv:
    """A source file that is ready to be scanned; `rows` reads it anew each time it is used.

    `rows` has `row` (1, 2, … over the whole records, in file order) and the table's
    columns as text, empty cells as NULL.
    """

    connection: Connection
    path: Path
    rows: Relation

    def broken_records(self) -> list[BrokenRecord]:
        """List what the last scan of `rows` left out."""
        found = self.connection.execute(
            "SELECT DISTINCT ON (line_byte_position) line_byte_position, error_type::VARCHAR "
            "FROM reject_errors ORDER BY line_byte_position, column_idx"
        ).fetchall()
        return [
            BrokenRecord(offset, STRUCTURAL_RULES.get(kind, "unreadable_record"))
            for offset, kind in found
        ]


def open_source(connection: Connection, path: Path, table: Table) -> SourceCsv:
    """Open `path` as the source of `table`.

    Raises DataQualityError when the header lacks columns of the table or names one twice.
    """
    skip, header = read_header(path, table)
    names = [name if name in table.column_names else f"extra {i}" for i, name in enumerate(header)]
    layout = ", ".join(f"{text(name)}: 'VARCHAR'" for name in names)
    chosen = ", ".join(quoted(name) for name in table.column_names)
    connection.execute("DROP TABLE IF EXISTS reject_errors")
    connection.execute("DROP TABLE IF EXISTS reject_scans")
    # No parameter can be bound in a table function's arguments that are part of a view.
    rows = connection.sql(
        f"SELECT row_number() OVER () AS row, {chosen} FROM read_csv({text(str(path))}, "
        "delim=',', quote='\"', escape='\"', header=true, auto_detect=false, "
        f"skip={skip}, columns={{{layout}}}, encoding='utf-8', store_rejects=true, "
        "rejects_limit=0)"
    )
    return SourceCsv(connection, path, rows)


def read_header(path: Path, table: Table) -> tuple[int, list[str]]:
    """Return how many empty lines stand before the header, and its names in lower case."""
    with path.open("rb") as file:
        beginning = file.read(HEADER_BYTES)
    try:
        decoded = beginning.decode("utf-8-sig", errors="strict")
    except UnicodeDecodeError as error:
        # The cut at HEADER_BYTES may fall inside a character; anything earlier is not UTF-8.
        decoded = beginning[: error.start].decode("utf-8-sig")
    lines = decoded.splitlines()
    skip = next((i for i, line in enumerate(lines) if line.strip()), len(lines))
    if skip == len(lines):
        raise DataQualityError(
            f"The source of {table.name} is empty: expected a CSV with the columns "
            f"{', '.join(table.column_names)}; check the export."
        )
    fields = next(csv.reader(io.StringIO("\n".join(lines[skip:]))))
    header = [field.strip().lower() for field in fields]
    check_header(header, table)
    return skip, header


def check_header(header: list[str], table: Table) -> None:
    """Raise DataQualityError unless each column of `table` stands in `header` once."""
    missing = [name for name in table.column_names if name not in header]
    twice = [name for name in table.column_names if header.count(name) > 1]
    if not missing and not twice:
        return
    problem = f"lacks {', '.join(missing)}" if missing else f"names {', '.join(twice)} twice"
    shown = ", ".join(name[:40] for name in header[:20])
    raise DataQualityError(
        f"The header of the source of {table.name} {problem}: expected "
        f"{', '.join(table.column_names)}; found {shown}; check that the source is the "
        f"{table.name} export, as comma-separated UTF-8."
    )


def scan_errors(error: duckdb.Error, table: Table) -> DataQualityError:
    """Turn a failure of the CSV reader itself into one sentence."""
    first_line = str(error).splitlines()[0]
    return DataQualityError(
        f"The source of {table.name} cannot be read as CSV ({first_line}); "
        "check its line ends, quotes and encoding."
    )
