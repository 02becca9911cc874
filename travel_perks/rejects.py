"""The rejected rows of a table, for the person who mends the export."""

from travel_perks.clean import Cleaned
from travel_perks.database import Relation
from travel_perks.source_lines import lines_of
from travel_perks.tables import Table

MASK = "(masked)"


def rejects(cleaned: Cleaned, table: Table) -> Relation:
    """List what was rejected: `line`, `rule`, `column`, `value`, all text, by line.

    The line is where the record begins in the source, the header being line 1. Values of
    personal columns are masked. `column` and `value` are empty for rules of a whole row.
    """
    connection = cleaned.source.connection
    found = cleaned.rejects.fetchall()
    rows = [(row, rule, column, _shown(table, column, value)) for row, rule, column, value in found]
    if not rows and not cleaned.broken:
        return connection.sql(f"SELECT {_columns('NULL', 'NULL', 'NULL', 'NULL')} LIMIT 0")
    row_lines, broken_lines = lines_of(
        cleaned.source.path,
        [row[0] for row in rows],
        [record.offset for record in cleaned.broken],
        cleaned.counts.read,
    )
    listed = [(line, *row[1:]) for line, row in zip(row_lines, rows, strict=True)]
    listed += [
        (line, record.rule, None, None)
        for line, record in zip(broken_lines, cleaned.broken, strict=True)
    ]
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE listed "
        '(line BIGINT, rule VARCHAR, "column" VARCHAR, value VARCHAR)'
    )
    connection.executemany("INSERT INTO listed VALUES (?, ?, ?, ?)", listed)
    shown = _columns("line", "rule", '"column"', "value")
    return connection.sql(f"SELECT {shown} FROM listed ORDER BY listed.line, listed.rule")


def _columns(*expressions: str) -> str:
    names = ("line", "rule", '"column"', "value")
    return ", ".join(
        f"{expression}::VARCHAR AS {name}"
        for expression, name in zip(expressions, names, strict=True)
    )


def _shown(table: Table, column: str | None, value: str | None) -> str | None:
    personal = {c.name for c in table.columns if c.personal}
    return MASK if column in personal and value else value
