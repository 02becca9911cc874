"""The four source tables: their columns, what each column holds, and which must be filled.

The one place that the cleaner, the sample generator and the docs take the layout from.
"""

from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "id",  # text that names something
    "integer",  # a whole number, `1.0` included
    "count",  # a whole number from `minimum` to a million
    "decimal",  # money in USD, six decimals
    "share",  # 0..1, four decimals
    "degrees",  # latitude or longitude
    "boolean",
    "timestamp",  # UTC, microseconds
    "date",
    "word",  # free text that decides nothing
]


@dataclass(frozen=True)
class Column:
    """One column of a source table.

    `lenient` columns decide nothing: an unreadable cell becomes empty instead of
    rejecting the row. `personal` values are masked in the rejects file.
    """

    name: str
    kind: Kind
    required: bool = False
    minimum: int | None = None
    lenient: bool = False
    personal: bool = False


@dataclass(frozen=True)
class Table:
    """A source table: its name, its key and its columns in the published order."""

    name: str
    key: str
    columns: tuple[Column, ...]

    @property
    def column_names(self) -> list[str]:
        """The header, in order."""
        return [column.name for column in self.columns]


def _word(name: str, *, personal: bool = False) -> Column:
    return Column(name, "word", lenient=True, personal=personal)


USERS = Table(
    "users",
    "user_id",
    (
        Column("user_id", "integer", required=True),
        Column("birthdate", "date", lenient=True, personal=True),
        _word("gender", personal=True),
        Column("married", "boolean", lenient=True, personal=True),
        Column("has_children", "boolean", lenient=True, personal=True),
        _word("home_country", personal=True),
        _word("home_city", personal=True),
        _word("home_airport", personal=True),
        Column("home_airport_lat", "degrees", personal=True),
        Column("home_airport_lon", "degrees", personal=True),
        Column("sign_up_date", "date", required=True),
    ),
)

SESSIONS = Table(
    "sessions",
    "session_id",
    (
        Column("session_id", "id", required=True),
        Column("user_id", "integer", required=True),
        Column("trip_id", "id"),
        Column("session_start", "timestamp", required=True),
        Column("session_end", "timestamp", required=True),
        Column("flight_discount", "boolean"),
        Column("hotel_discount", "boolean"),
        Column("flight_discount_amount", "share"),
        Column("hotel_discount_amount", "share"),
        Column("flight_booked", "boolean", required=True),
        Column("hotel_booked", "boolean", required=True),
        Column("page_clicks", "count", required=True, minimum=0),
        Column("cancellation", "boolean", required=True),
    ),
)

FLIGHTS = Table(
    "flights",
    "trip_id",
    (
        Column("trip_id", "id", required=True),
        _word("origin_airport"),
        _word("destination"),
        _word("destination_airport"),
        Column("seats", "count", required=True, minimum=1),
        Column("return_flight_booked", "boolean"),
        Column("departure_time", "timestamp", required=True),
        Column("return_time", "timestamp"),
        Column("checked_bags", "count", required=True, minimum=0),
        _word("trip_airline"),
        Column("destination_airport_lat", "degrees"),
        Column("destination_airport_lon", "degrees"),
        Column("base_fare_usd", "decimal", required=True, minimum=0),
    ),
)

HOTELS = Table(
    "hotels",
    "trip_id",
    (
        Column("trip_id", "id", required=True),
        _word("hotel_name"),
        Column("nights", "integer"),
        Column("rooms", "count", required=True, minimum=1),
        Column("check_in_time", "timestamp", required=True),
        Column("check_out_time", "timestamp"),
        Column("hotel_per_room_usd", "decimal", required=True, minimum=0),
    ),
)

TABLES: dict[str, Table] = {table.name: table for table in (USERS, SESSIONS, FLIGHTS, HOTELS)}


def refers_to(table: str) -> list[str]:
    """Name the table whose cleaned rows those of `table` must refer to; none for users."""
    return {"users": [], "sessions": ["users"]}.get(table, ["sessions"])
