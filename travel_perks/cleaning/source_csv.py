"""Read a source CSV as text rows, and say which records of it are not whole.

The header is matched by name: order, extra columns, capitals, surrounding spaces and a
byte order mark do not matter. Each record of the file either becomes a row or is named with
its line and the rule that it breaks.
"""

import csv
import io
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import numpy as np

from travel_perks.cleaning.source_doubt import is_doubtful
from travel_perks.cleaning.source_lines import Positions, Records, find_records
from travel_perks.cleaning.source_mend import Broken, mend
from travel_perks.database import Connection, Relation, quoted, single_row, spill_folder, text
from travel_perks.errors import DataQualityError
from travel_perks.fetching.content import describe_header
from travel_perks.tables import Table

HEADER_BYTES = 1 << 16
# What the reader calls the records that it leaves out without losing its place in the file.
STRUCTURAL_RULES = {
    "MISSING COLUMNS": "too_few_fields",
    "TOO MANY COLUMNS": "too_many_fields",
    "INVALID ENCODING": "not_utf8",
}


@dataclass(frozen=True)
class SourceCsv:
    """A source file that is ready to be loaded; `header` has its column names in lower case."""

    connection: Connection
    path: Path
    table: Table
    header: list[str]
    records: Records


@dataclass(frozen=True)
class Loaded:
    """What a source held: the line (from 1) of row 0, 1, …, and the records that are no rows."""

    lines: Positions
    broken: Broken


def open_source(connection: Connection, path: Path, table: Table) -> SourceCsv:
    """Open `path` as the source of `table`.

    Raises DataQualityError when the header lacks columns of the table or names one twice.
    """
    records = find_records(path)
    header = read_header(path, records)
    check_header(header, table)
    return SourceCsv(connection, path, table, header, records)


def read_header(path: Path, records: Records) -> list[str]:
    """Return the names in the first record in lower case; none when there is no record."""
    if not records.offsets.size:
        return []
    with path.open("rb") as file:
        file.seek(records.offsets[0])
        beginning = file.read(min(HEADER_BYTES, records.ends[0] - records.offsets[0]))
    decoded = io.StringIO(beginning.decode("utf-8", errors="replace"), newline="")
    return [name.strip().lower() for name in next(csv.reader(decoded), [])]


def check_header(header: list[str], table: Table) -> None:
    """Raise DataQualityError unless each column of `table` stands in `header` once."""
    missing = [name for name in table.column_names if name not in header]
    twice = [name for name in table.column_names if header.count(name) > 1]
    if not missing and not twice:
        return
    found = describe_header(header, table.column_names) if header else "nothing"
    problem = f"lacks {', '.join(missing)}" if missing else f"names {', '.join(twice)} twice"
    raise DataQualityError(
        f"The source of {table.name} holds {found} and {problem}: expected a CSV in UTF-8 with "
        f"the columns {', '.join(table.column_names)}; check that it is the {table.name} export."
    )


def load(source: SourceCsv, name: str, typed: Callable[[Relation], Relation]) -> Loaded:
    """Fill the temporary table `name` with the rows of `source` as `typed` makes them.

    `typed` takes the table's columns as text. The table's `rowid` is 0, 1, … in the order of
    the file. A file in which the reader would lose its place is read from a mended copy.
    Raises DataQualityError when that does not help either.
    """
    cells, records = len(source.header), source.records
    if not is_doubtful(source.path, cells=cells, records=records):
        with suppress(DataQualityError):
            return _scan(source, name, typed)
    with tempfile.NamedTemporaryFile(dir=spill_folder(source.connection)) as copy:
        broken = mend(source.path, copy, cells=cells, records=records)
        mended = find_records(Path(copy.name))
        if not np.array_equal(mended.lines[:1], records.lines[:1]):
            raise _unreadable(source.table, "its header is not a whole record")
        loaded = _scan(replace(source, path=Path(copy.name), records=mended), name, typed)
    return Loaded(loaded.lines, _joined(loaded.broken, broken))


def _scan(source: SourceCsv, name: str, typed: Callable[[Relation], Relation]) -> Loaded:
    """Load the file as it is; what the reader gives and names must be all of its records."""
    connection, records = source.connection, source.records
    for rejects in ("reject_errors", "reject_scans"):
        connection.execute(f"DROP TABLE IF EXISTS {rejects}")
    rows = typed(_text_rows(source))
    try:
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {rows.sql_query()}")
    except duckdb.InvalidInputException as error:
        raise _unreadable(source.table, str(error).partition("\n")[0]) from error
    (count,) = single_row(connection, f"SELECT count(*) FROM {name}")
    rejected = connection.execute(
        "SELECT line_byte_position AS position, max(error_type::VARCHAR) AS kind "
        "FROM reject_errors GROUP BY position ORDER BY position"
    ).fetchnumpy()
    # Positions count from 1; they may be those of the line breaks before the record.
    places = np.searchsorted(records.offsets[:-1], np.asarray(rejected["position"]) - 1)
    found, first = np.unique(places, return_index=True)
    kinds = np.asarray(rejected["kind"])[first]
    if count + found.size != records.offsets.size - 1 or not set(kinds) <= set(STRUCTURAL_RULES):
        raise _unreadable(
            source.table, f"{count} rows were read of {records.offsets.size - 1} records"
        )
    broken = {
        rule: records.lines[found[kinds == kind]]
        for kind, rule in STRUCTURAL_RULES.items()
        if kind in kinds
    }
    return Loaded(np.delete(records.lines, [0, *found]), broken)


def _text_rows(source: SourceCsv) -> Relation:
    """Return the columns of the table as text, empty cells as NULL."""
    columns = source.table.column_names
    names = [name if name in columns else f"extra {i}" for i, name in enumerate(source.header)]
    layout = ", ".join(f"{text(name)}: 'VARCHAR'" for name in names)
    skipped_lines = source.records.lines[0] - 1
    # No parameter can be bound in a table function's arguments that are part of a view.
    return source.connection.sql(
        f"SELECT {', '.join(map(quoted, columns))} "
        f"FROM read_csv({text(str(source.path))}, delim=',', quote='\"', escape='\"', "
        f"header=true, auto_detect=false, skip={skipped_lines}, columns={{{layout}}}, "
        "encoding='utf-8', store_rejects=true, rejects_limit=0)"
    )


def _joined(one: Broken, other: Broken) -> Broken:
    none = np.empty(0, dtype=np.int64)
    return {
        rule: np.concatenate((one.get(rule, none), other.get(rule, none)))
        for rule in sorted(one.keys() | other.keys())
    }


def _unreadable(table: Table, reason: str) -> DataQualityError:
    return DataQualityError(
        f"The source of {table.name} cannot be read as CSV ({reason}); "
        "check its line ends, quotes and encoding."
    )
