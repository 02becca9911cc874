"""The rejected rows of a table, for the person who mends the export."""

import numpy as np
import pyarrow as pa

from travel_perks.cleaning.clean import Cleaned
from travel_perks.cleaning.source_lines import Positions
from travel_perks.database import Relation, text
from travel_perks.tables import Table

MASK = "(masked)"


def rejects(cleaned: Cleaned, table: Table) -> Relation:
    """List what was rejected: `line`, `rule`, `column`, `value`, all text, by line.

    The line is where the record begins in the source, the header being line 1. Values of
    personal columns are masked. `column` and `value` are empty for rules of a whole row.
    """
    connection, lines = cleaned.source.connection, cleaned.loaded.lines
    line_of_row = connection.from_arrow(_table(row=np.arange(lines.size), line=lines))
    listed = cleaned.rejects.join(line_of_row, "row").select('line, rule, "column", value')
    for rule, broken in cleaned.loaded.broken.items():
        records = connection.from_arrow(_table(line=broken))
        listed = listed.union(records.select(f"line, {text(rule)}, NULL, NULL"))
    personal = [f'"column" = {text(column.name)}' for column in table.columns if column.personal]
    is_hidden = f"value IS NOT NULL AND ({' OR '.join(personal) or 'false'})"
    shown = f"CASE WHEN {is_hidden} THEN {text(MASK)} ELSE value END AS value"
    return listed.order("line").select(f'line::VARCHAR AS line, rule, "column", {shown}')


def _table(**columns: Positions) -> pa.Table:
    # pa.array would import pandas, which takes longer than the rest of a small job.
    arrays = [
        pa.Array.from_buffers(pa.int64(), values.size, [None, pa.py_buffer(values)])
        for values in columns.values()
    ]
    return pa.Table.from_arrays(arrays, list(columns))
