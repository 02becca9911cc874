"""Clean one source table: text rows in, typed rows, rejects and counts out.

Each row ends in exactly one of four ways: *rejected*, *merged*, *ignored* or *kept*. The
steps, in this order: rules of a row (required cell, unreadable cell, range); rows equal to
an earlier one are merged into it; rules that need the other rows (one key with two
contents, one trip of two users, an unknown user); flights and stays of a trip that no
session names are ignored.
"""

from dataclasses import dataclass, field

from travel_perks.cleaning import cells
from travel_perks.cleaning.source_csv import Loaded, SourceCsv, load
from travel_perks.database import Connection, Relation, quoted, single_row
from travel_perks.tables import Table


@dataclass(frozen=True)
class TableCounts:
    """What became of the rows of one table: read = kept + merged + rejected + ignored."""

    table: str
    read: int
    kept: int
    merged: int
    rejected: int
    ignored: int
    rejected_by_rule: dict[str, int] = field(default_factory=dict)
    changed_by_rule: dict[str, int] = field(default_factory=dict)

    def fields(self) -> dict[str, int]:
        """Return the counts as fields of a log record, one a rule."""
        return {
            "rows_in": self.read,
            "rows_out": self.kept,
            "rows_merged": self.merged,
            "rows_rejected": self.rejected,
            "rows_ignored": self.ignored,
            **self.rejected_by_rule,
            **self.changed_by_rule,
        }


@dataclass(frozen=True)
class Cleaned:
    """A cleaned table.

    `kept` has the table's columns, typed, in no stated order. `rejects` has `row`, `rule`,
    `column` (NULL for rules of the whole row) and `value` (text). `loaded` says where the rows
    stand in the source, and which records never became rows.
    """

    source: SourceCsv
    kept: Relation
    rejects: Relation
    loaded: Loaded
    counts: TableCounts


def clean(source: SourceCsv, table: Table, *, known: Relation | None = None) -> Cleaned:
    """Clean the rows of `table`.

    `known` is what the table's rows must refer to: the cleaned users for sessions, the
    cleaned sessions for flights and hotels, nothing for users. Raises DataQualityError
    when the file cannot be read as CSV at all.
    """
    connection = source.connection
    loaded = load(source, "typed", lambda rows: cells.judged(table, cells.trimmed(rows, table)))
    if known is not None:
        known.create_view("known", replace=True)
    _compare_rows(connection, table)
    _refer(connection, table)
    return Cleaned(
        source=source,
        kept=_kept(connection, table),
        rejects=_rejects(connection),
        loaded=loaded,
        counts=_count(connection, table, loaded),
    )


def _compare_rows(connection: Connection, table: Table) -> None:
    """Fill `copies` (row) and `faults` (row, rule): what only the other rows can tell.

    A row is named by its `rowid`: a column that counts the rows would be filled by one thread.

    Rows are grouped by their key's hash first: that is cheap, and only the few keys whose
    hash comes twice are compared in full. Of equal rows the least changed stays, so that the
    counts do not depend on the order of the rows.
    """
    key = quoted(table.key)
    content = ", ".join(quoted(name) for name in table.column_names)
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE repeated AS
        WITH shared_hashes AS (
            SELECT hash({key}) AS key_hash FROM typed WHERE fault IS NULL
            GROUP BY key_hash HAVING count(*) > 1
        )
        SELECT
            rowid AS row,
            {key},
            row_number() OVER (PARTITION BY {content} ORDER BY changes, rowid) > 1 AS is_copy
        FROM typed WHERE fault IS NULL AND hash({key}) IN (FROM shared_hashes)
    """)
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE copies AS SELECT row FROM repeated WHERE is_copy"
    )
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE faults AS
        SELECT row, 'conflicting_key' AS rule FROM repeated WHERE NOT is_copy
        QUALIFY count(*) OVER (PARTITION BY {key}) > 1
    """)
    connection.execute(_SOUND)
    if table.name == "sessions":
        connection.execute(_TRIP_OF_TWO_USERS)
        connection.execute(_UNKNOWN_USER)


# The rows that are no copies and, so far, break no rule.
_SOUND = """
    CREATE OR REPLACE TEMP VIEW sound AS SELECT rowid AS row, * FROM typed WHERE fault IS NULL
    AND rowid NOT IN (SELECT row FROM copies) AND rowid NOT IN (SELECT row FROM faults)
"""

_TRIP_OF_TWO_USERS = """
    INSERT INTO faults
    WITH shared_trips AS (
        SELECT trip_id FROM sound WHERE trip_id IS NOT NULL
        GROUP BY trip_id HAVING min(user_id) <> max(user_id)
    )
    SELECT row, 'trip_of_two_users' FROM sound SEMI JOIN shared_trips USING (trip_id)
"""

_UNKNOWN_USER = """
    INSERT INTO faults
    SELECT row, 'unknown_user' FROM sound ANTI JOIN known USING (user_id)
"""


def _refer(connection: Connection, table: Table) -> None:
    """Define `referred`: the sound rows, flights and stays only of trips that a session names."""
    referred = "FROM sound"
    if table.name in ("flights", "hotels"):
        referred = "FROM sound SEMI JOIN known USING (trip_id)"
    connection.execute(f"CREATE OR REPLACE TEMP VIEW referred AS {referred}")


def _kept(connection: Connection, table: Table) -> Relation:
    columns = ", ".join(
        f"{cells.repaired(column)} AS {quoted(column.name)}" for column in table.columns
    )
    return connection.sql(f"SELECT {columns} FROM referred")


def _rejects(connection: Connection) -> Relation:
    return connection.sql(
        'SELECT rowid AS row, fault.rule AS rule, fault."column" AS "column", fault.value AS value '
        "FROM typed WHERE fault IS NOT NULL "
        "UNION ALL SELECT row, rule, NULL, NULL FROM faults ORDER BY row"
    )


def _count(connection: Connection, table: Table, loaded: Loaded) -> TableCounts:
    rows, merged, sound, kept = single_row(
        connection,
        "SELECT (SELECT count(*) FROM typed), (SELECT count(*) FROM copies), "
        "(SELECT count(*) FROM sound), (SELECT count(*) FROM referred)",
    )
    by_rule = dict(
        connection.execute(
            "SELECT rule, count(*) FROM (SELECT fault.rule AS rule FROM typed "
            "WHERE fault IS NOT NULL UNION ALL SELECT rule FROM faults) GROUP BY ALL"
        ).fetchall()
    )
    by_rule |= {rule: lines.size for rule, lines in loaded.broken.items()}
    broken = sum(lines.size for lines in loaded.broken.values())
    return TableCounts(
        table=table.name,
        read=rows + broken,
        kept=kept,
        merged=merged,
        rejected=rows - merged - sound + broken,
        ignored=sound - kept,
        rejected_by_rule=dict(sorted(by_rule.items())),
        changed_by_rule=_count_changes(connection, table),
    )


def _count_changes(connection: Connection, table: Table) -> dict[str, int]:
    """Count the cells that were changed in the kept rows, by what was done."""
    changes = cells.changes(table)
    if not changes:
        return {}
    counts = ", ".join(
        f"count(*) FILTER (WHERE changes & {1 << bit} <> 0) AS {quoted(name)}"
        for bit, name in enumerate(changes)
    )
    found = single_row(connection, f"SELECT {counts} FROM referred")
    return {name: count for name, count in zip(changes, found, strict=True) if count}
