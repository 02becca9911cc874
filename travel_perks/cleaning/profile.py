"""The ingest profile of a cleaned table: one row that the expectations look at."""

from typing import Any

from travel_perks.cleaning.clean import Cleaned
from travel_perks.database import quoted, single_row
from travel_perks.tables import Table


def profile(cleaned: Cleaned, table: Table) -> dict[str, Any]:
    """Profile the kept rows of a table.

    Returns the columns that `expectations.profile_columns` names: row counts, the rejected
    share, the share of empty cells a column, and the first and last moment of each time or
    date that is not personal (ISO text, None without a value).
    """
    counts = cleaned.counts
    cleaned.kept.create_view("profiled", replace=True)
    nulls = {
        f"null_share_{name}": f"count(*) FILTER ({quoted(name)} IS NULL) / nullif(count(*), 0)"
        for name in table.column_names
    }
    ranges = {
        f"{end}_{column.name}": f"{function}({quoted(column.name)})::TIMESTAMP"
        for column in table.columns
        if column.kind in ("timestamp", "date") and not column.personal
        for end, function in (("earliest", "min"), ("latest", "max"))
    }
    values = single_row(
        cleaned.source.connection, f"SELECT {', '.join((nulls | ranges).values())} FROM profiled"
    )
    measured = dict(zip(nulls | ranges, values, strict=True))
    return {
        "rows_read": counts.read,
        "rows_kept": counts.kept,
        "rows_merged": counts.merged,
        "rows_rejected": counts.rejected,
        "rows_ignored": counts.ignored,
        "rejected_share": counts.rejected / counts.read if counts.read else 0.0,
        **{
            name: value.isoformat() if hasattr(value, "isoformat") else value
            for name, value in measured.items()
        },
    }
