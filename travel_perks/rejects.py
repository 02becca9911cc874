"""The rejected rows of a table, for the person who mends the export."""

import pyarrow as pa
import pyarrow.compute as pc

from travel_perks.clean import Cleaned
from travel_perks.database import Relation
from travel_perks.tables import Table

MASK = "(masked)"


def rejects(cleaned: Cleaned, table: Table) -> Relation:
    """List what was rejected: `line`, `rule`, `column`, `value`, all text, by line.

    The line is where the record begins in the source, the header being line 1. Values of
    personal columns are masked. `column` and `value` are empty for rules of a whole row.
    """
    found = cleaned.rejects.to_arrow_table()
    personal = pa.array([column.name for column in table.columns if column.personal], pa.string())
    is_hidden = pc.and_(pc.is_in(found["column"], value_set=personal), pc.is_valid(found["value"]))
    rows = pa.table(
        {
            "line": cleaned.loaded.lines[found["row"].to_numpy() - 1],
            "rule": found["rule"],
            "column": found["column"],
            "value": pc.if_else(is_hidden, MASK, found["value"]),
        }
    )
    broken = [
        pa.table({"line": lines, "rule": pa.repeat(rule, lines.size)})
        for rule, lines in cleaned.loaded.broken.items()
    ]
    listed = pa.concat_tables([rows, *broken], promote_options="permissive").sort_by("line")
    as_text = listed.set_column(0, "line", listed["line"].cast(pa.string()))
    return cleaned.source.connection.from_arrow(as_text)
