"""Small source tables for the tests of cleaning and features, and what cleaning made of them."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from travel_perks.cleaning.clean import TableCounts, clean
from travel_perks.cleaning.rejects import rejects
from travel_perks.cleaning.source_csv import open_source
from travel_perks.database import Connection, Relation, connect
from travel_perks.tables import TABLES, refers_to

Cells = dict[str, str]
Reject = tuple[int, str, str | None, str | None]  # line, rule, column, value

# A sound row of each table, number `n`: its key, and what keeps it from being ignored.
_SOUND: dict[str, Cells] = {
    "users": {
        "user_id": "{n}",
        "birthdate": "1984-05-26",
        "gender": "F",
        "married": "true",
        "has_children": "false",
        "home_country": "canada",
        "home_city": "winnipeg",
        "home_airport": "YWG",
        "home_airport_lat": "49.91",
        "home_airport_lon": "-97.234",
        "sign_up_date": "2022-11-05",
    },
    "sessions": {
        "session_id": "s{n}",
        "user_id": "1",
        "trip_id": "t{n}",
        "session_start": "2023-01-09 08:00:00",
        "session_end": "2023-01-09 08:05:00",
        "flight_discount": "true",
        "hotel_discount": "false",
        "flight_discount_amount": "0.15",
        "hotel_discount_amount": "",
        "flight_booked": "true",
        "hotel_booked": "true",
        "page_clicks": "12",
        "cancellation": "false",
    },
    "flights": {
        "trip_id": "t{n}",
        "origin_airport": "YWG",
        "destination": "boston",
        "destination_airport": "BOS",
        "seats": "1",
        "return_flight_booked": "true",
        "departure_time": "2023-02-01 10:00:00",
        "return_time": "2023-02-05 10:00:00",
        "checked_bags": "1",
        "trip_airline": "Air Canada",
        "destination_airport_lat": "42.365",
        "destination_airport_lon": "-71.01",
        "base_fare_usd": "250.5",
    },
    "hotels": {
        "trip_id": "t{n}",
        "hotel_name": "Hilton - boston",
        "nights": "4",
        "rooms": "1",
        "check_in_time": "2023-02-01 15:00:00",
        "check_out_time": "2023-02-05 11:00:00",
        "hotel_per_room_usd": "120",
    },
}


def sound(table: str, n: int = 1, /, **cells: str) -> Cells:
    """Row `n` of a table, sound but for the cells that are given."""
    return {name: text.format(n=n) for name, text in _SOUND[table].items()} | cells


def as_csv(rows: Sequence[Cells], *, quoting: int = csv.QUOTE_MINIMAL) -> bytes:
    """A CSV with the columns of the first row."""
    file = io.StringIO(newline="")
    writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n", quoting=quoting)
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue().encode()


def header_of(table: str) -> bytes:
    return ",".join(TABLES[table].column_names).encode() + b"\n"


@dataclass(frozen=True)
class Outcome:
    """What became of a table; `kept` by key, `rejects` by line."""

    counts: TableCounts
    table: pa.Table
    kept: list[dict[str, Any]]
    rejects: list[Reject]

    @property
    def fates(self) -> tuple[int, int, int, int, int]:
        """Rows read, kept, merged, rejected and ignored."""
        c = self.counts
        return c.read, c.kept, c.merged, c.rejected, c.ignored


def clean_file(
    connection: Connection, path: Path, table: str, known: Relation | None = None
) -> Outcome:
    """Clean one file; what the counts say of each other is checked here."""
    layout = TABLES[table]
    cleaned = clean(open_source(connection, path, layout), layout, known=known)
    kept = cleaned.kept.to_arrow_table()
    assert kept.column_names == layout.column_names
    found = rejects(cleaned, layout).fetchall()
    counts = cleaned.counts
    assert counts.table == table
    assert counts.kept == kept.num_rows
    assert counts.read == counts.kept + counts.merged + counts.rejected + counts.ignored
    assert counts.rejected == len(found) == sum(counts.rejected_by_rule.values())
    return Outcome(
        counts,
        kept,
        sorted(kept.to_pylist(), key=lambda row: row[layout.key]),
        [(int(line), rule, column, value) for line, rule, column, value in found],
    )


def clean_bytes(folder: Path, table: str, content: bytes, *, threads: int = 2) -> Outcome:
    """Clean one table; users 1 and 2 and the trips t0, t1, … t20 are known."""
    path = folder / f"{table}.csv"
    path.write_bytes(content)
    connection = connect(threads=threads, spill=str(folder))
    known = {
        "users": None,
        "sessions": "SELECT unnest([1, 2]) AS user_id",
        "flights": "SELECT 't' || n AS trip_id FROM range(21) AS trips(n)",
    }
    known["hotels"] = known["flights"]
    query = known[table]
    return clean_file(connection, path, table, connection.sql(query) if query else None)


def clean_rows(folder: Path, table: str, rows: Sequence[Cells]) -> Outcome:
    return clean_bytes(folder, table, as_csv(rows))


def clean_folder(folder: Path, *, threads: int = 2) -> dict[str, Outcome]:
    """Clean the four tables of a folder, one after the other."""
    connection = connect(threads=threads)
    outcomes: dict[str, Outcome] = {}
    for name in TABLES:
        known = [connection.from_arrow(outcomes[other].table) for other in refers_to(name)]
        path = folder / f"{name}.csv"
        outcomes[name] = clean_file(connection, path, name, *known)
    return outcomes
