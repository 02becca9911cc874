"""A second recomputation of the cleaned tables and the features, to check the package against.

Slow and obvious on purpose: the rules of the data documentation, one after the other, over
lists of dicts, with exact fractions. It shares no code with the package, so that a misreading
on one side shows as a difference.
"""

import csv
import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from fractions import Fraction
from pathlib import Path
from typing import Any

import pandas as pd

Row = dict[str, Any]
Number = int | Fraction | Decimal
Place = tuple[float | None, float | None]

EARTH_RADIUS_KM = 6371.0088
FRIDAY = 4
LARGEST_COUNT = 1_000_000
LARGEST_MONEY = Decimal("999999999999.999999")
NAN = float("nan")


@dataclass(frozen=True)
class Reject:
    """A dropped row: the line it begins at (the header is line 1), and what it breaks."""

    line: int
    rule: str
    column: str | None


@dataclass
class CleanTable:
    """One table while it is cleaned and after: kept rows with their lines, and what was not."""

    read: int = 0
    merged: int = 0
    ignored: int = 0
    rejects: list[Reject] = field(default_factory=list)
    numbered: list[tuple[int, Row]] = field(default_factory=list)

    @property
    def rows(self) -> list[Row]:
        """The kept rows, in the order of the file."""
        return [row for _, row in self.numbered]

    @property
    def kept(self) -> int:
        return len(self.numbered)

    @property
    def rejected(self) -> int:
        return len(self.rejects)

    @property
    def counts(self) -> dict[str, int]:
        """Rows by fate; `read` is counted on its own, not as the sum of the others."""
        names = ("read", "kept", "merged", "rejected", "ignored")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True)
class Cleaned:
    """The four tables."""

    users: CleanTable
    sessions: CleanTable
    flights: CleanTable
    hotels: CleanTable


class UnreadableError(ValueError):
    """A cell does not hold what its column holds."""


class BrokenRowError(ValueError):
    """A row breaks a rule that is decided on the row alone."""

    def __init__(self, rule: str, column: str | None) -> None:
        super().__init__(rule, column)
        self.rule = rule
        self.column = column


TRUE_WORDS = {"true", "t", "1", "yes", "y"}
FALSE_WORDS = {"false", "f", "0", "no", "n"}
INTEGER = re.compile(r"([+-]?[0-9]+)(\.0*)?")
DECIMAL = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?")
DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
TIMESTAMP = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[ T]"
    r"([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]+))?"
    r"(?:Z|([+-])([0-9]{2})(?::?([0-9]{2}))?)?"
)


def read_id(text: str) -> str:
    return text


def read_name(text: str) -> str:
    if any(ord(letter) < 32 or ord(letter) == 127 for letter in text):
        raise UnreadableError
    return text


def read_boolean(text: str) -> bool:
    word = text.lower()
    if word not in TRUE_WORDS | FALSE_WORDS:
        raise UnreadableError
    return word in TRUE_WORDS


def read_integer(text: str) -> int:
    match = INTEGER.fullmatch(text)
    # Python itself refuses to convert very long digit strings, hence the length.
    if match is None or len(match[1].lstrip("+-0")) > 19:
        raise UnreadableError
    number = int(match[1])
    if not -(2**63) <= number < 2**63:
        raise UnreadableError
    return number


def read_decimal(text: str) -> Decimal:
    if DECIMAL.fullmatch(text) is None:
        raise UnreadableError
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise UnreadableError from error


def round_half_up(number: Decimal, step: str) -> Decimal:
    # A number this large is out of every range, and has no room left for decimals.
    if number.adjusted() > 20:
        return number
    return number.quantize(Decimal(step), ROUND_HALF_UP)


def read_money(text: str) -> Decimal:
    return round_half_up(read_decimal(text), "0.000001")


def read_share(text: str) -> Decimal:
    return round_half_up(read_decimal(text), "0.0001")


def read_latitude(text: str) -> float | None:
    number = read_decimal(text)
    return float(number) if -90 <= number <= 90 else None


def read_longitude(text: str) -> float | None:
    number = read_decimal(text)
    return float(number) if -180 <= number <= 180 else None


def read_timestamp(text: str) -> datetime:
    match = TIMESTAMP.fullmatch(text)
    if match is None:
        raise UnreadableError
    day, hour, minute, second, fraction, sign, offset_hours, offset_minutes = match.groups()
    microsecond = int((fraction or "").ljust(6, "0")[:6])
    offset = timedelta(hours=int(offset_hours or 0), minutes=int(offset_minutes or 0))
    if int(offset_hours or 0) > 23 or int(offset_minutes or 0) > 59:
        raise UnreadableError
    try:
        clock = time(int(hour), int(minute), int(second), microsecond, UTC)
        written = datetime.combine(read_day(day), clock)
        return written + offset if sign == "-" else written - offset
    except (ValueError, OverflowError) as error:
        raise UnreadableError from error


def read_day(text: str) -> date:
    match = DATE.fullmatch(text)
    if match is None:
        raise UnreadableError
    try:
        return date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError as error:
        raise UnreadableError from error


def read_date(text: str) -> date:
    """A day, or the day as written of a timestamp: an offset does not move it."""
    if len(text) > len("YYYY-MM-DD"):
        read_timestamp(text)
    return read_day(text[:10])


COLUMNS: dict[str, dict[str, Callable[[str], object]]] = {
    "users": {
        "user_id": read_integer,
        "birthdate": read_date,
        "gender": read_name,
        "married": read_boolean,
        "has_children": read_boolean,
        "home_country": read_name,
        "home_city": read_name,
        "home_airport": read_name,
        "home_airport_lat": read_latitude,
        "home_airport_lon": read_longitude,
        "sign_up_date": read_date,
    },
    "sessions": {
        "session_id": read_id,
        "user_id": read_integer,
        "trip_id": read_id,
        "session_start": read_timestamp,
        "session_end": read_timestamp,
        "flight_discount": read_boolean,
        "hotel_discount": read_boolean,
        "flight_discount_amount": read_share,
        "hotel_discount_amount": read_share,
        "flight_booked": read_boolean,
        "hotel_booked": read_boolean,
        "page_clicks": read_integer,
        "cancellation": read_boolean,
    },
    "flights": {
        "trip_id": read_id,
        "origin_airport": read_name,
        "destination": read_name,
        "destination_airport": read_name,
        "seats": read_integer,
        "return_flight_booked": read_boolean,
        "departure_time": read_timestamp,
        "return_time": read_timestamp,
        "checked_bags": read_integer,
        "trip_airline": read_name,
        "destination_airport_lat": read_latitude,
        "destination_airport_lon": read_longitude,
        "base_fare_usd": read_money,
    },
    "hotels": {
        "trip_id": read_id,
        "hotel_name": read_name,
        "nights": read_integer,
        "rooms": read_integer,
        "check_in_time": read_timestamp,
        "check_out_time": read_timestamp,
        "hotel_per_room_usd": read_money,
    },
}

KEYS = {"users": "user_id", "sessions": "session_id", "flights": "trip_id", "hotels": "trip_id"}

REQUIRED = {
    "users": ["user_id", "sign_up_date"],
    "sessions": [
        "session_id",
        "user_id",
        "session_start",
        "session_end",
        "flight_booked",
        "hotel_booked",
        "page_clicks",
        "cancellation",
    ],
    "flights": ["trip_id", "seats", "departure_time", "checked_bags", "base_fare_usd"],
    "hotels": ["trip_id", "rooms", "check_in_time", "hotel_per_room_usd"],
}

LENIENT = {
    "users": [
        "birthdate",
        "gender",
        "married",
        "has_children",
        "home_country",
        "home_city",
        "home_airport",
    ],
    "sessions": [],
    "flights": ["origin_airport", "destination", "destination_airport", "trip_airline"],
    "hotels": ["hotel_name"],
}

FALSE_WHEN_EMPTY = {"flight_discount", "hotel_discount"}

RANGES: dict[str, tuple[Number, Number]] = {
    "flight_discount_amount": (0, 1),
    "hotel_discount_amount": (0, 1),
    "page_clicks": (0, LARGEST_COUNT),
    "seats": (1, LARGEST_COUNT),
    "checked_bags": (0, LARGEST_COUNT),
    "base_fare_usd": (0, LARGEST_MONEY),
    "nights": (-(2**63), LARGEST_COUNT),
    "rooms": (1, LARGEST_COUNT),
    "hotel_per_room_usd": (0, LARGEST_MONEY),
}


def clean(folder_or_paths: str | Path | Mapping[str, str | Path]) -> Cleaned:
    """Clean the four CSVs of a folder, or of a mapping from table name to file.

    Raises:
        ValueError: when a column is missing or named twice, or a file is empty.
    """
    if isinstance(folder_or_paths, Mapping):
        paths = {name: Path(path) for name, path in folder_or_paths.items()}
    else:
        paths = {name: Path(folder_or_paths) / f"{name}.csv" for name in COLUMNS}
    tables = {name: read_table(name, paths[name]) for name in COLUMNS}
    for name, table in tables.items():
        merge_equal_rows(table)
        reject_conflicting_keys(table, KEYS[name])
    reject_shared_trips(tables["sessions"])
    reject_unknown_users(tables["sessions"], tables["users"])
    trips = {session["trip_id"] for session in tables["sessions"].rows}
    ignore_other_trips(tables["flights"], trips)
    ignore_other_trips(tables["hotels"], trips)
    for flight in tables["flights"].rows:
        repair_return_time(flight)
    for stay in tables["hotels"].rows:
        repair_nights(stay)
    for table in tables.values():
        table.rejects.sort(key=lambda reject: reject.line)
    return Cleaned(**tables)


def physical_rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the cells of each row with the line it begins at; empty lines are no rows."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file)
        line = 1
        for cells in reader:
            if cells:
                yield line, [cell.strip(" ") for cell in cells]
            line = reader.line_num + 1


def read_table(name: str, path: Path) -> CleanTable:
    """Type the rows of a file, each decided on its own."""
    rows = physical_rows(path)
    _, titles = next(rows, (1, []))
    header = [title.lower() for title in titles]
    for column in COLUMNS[name]:
        if header.count(column) != 1:
            raise ValueError(f"{path} has no column {column}, or has it twice.")
    table = CleanTable()
    for line, cells in rows:
        table.read += 1
        try:
            table.numbered.append((line, type_row(name, header, cells)))
        except BrokenRowError as broken:
            table.rejects.append(Reject(line, broken.rule, broken.column))
    return table


def type_row(table: str, header: list[str], cells: list[str]) -> Row:
    if len(cells) != len(header):
        raise BrokenRowError("structure", None)
    texts = dict(zip(header, cells, strict=True))
    for column in REQUIRED[table]:
        if texts[column] == "":
            raise BrokenRowError("required_empty", column)
    row = {column: read_cell(table, column, texts[column]) for column in COLUMNS[table]}
    for column, value in row.items():
        if is_out_of_range(row, column, value):
            raise BrokenRowError("out_of_range", column)
    return row


def read_cell(table: str, column: str, text: str) -> object:
    if text == "":
        return False if column in FALSE_WHEN_EMPTY else None
    try:
        return COLUMNS[table][column](text)
    except UnreadableError as error:
        if column in LENIENT[table]:
            return None
        raise BrokenRowError("unreadable", column) from error


def is_out_of_range(row: Row, column: str, value: Any) -> bool:
    if column == "session_end":
        return bool(value < row["session_start"])
    if value is None or column not in RANGES:
        return False
    low, high = RANGES[column]
    return not low <= value <= high


def merge_equal_rows(table: CleanTable) -> None:
    first: dict[tuple[object, ...], tuple[int, Row]] = {}
    for line, row in table.numbered:
        first.setdefault(tuple(row.values()), (line, row))
    table.merged = len(table.numbered) - len(first)
    table.numbered = list(first.values())


def reject_conflicting_keys(table: CleanTable, key: str) -> None:
    times = Counter(row[key] for row in table.rows)
    reject_where(table, "conflict", key, lambda row: times[row[key]] > 1)


def reject_shared_trips(sessions: CleanTable) -> None:
    users_of_trip = defaultdict(set)
    for session in sessions.rows:
        if session["trip_id"] is not None:
            users_of_trip[session["trip_id"]].add(session["user_id"])
    shared = {trip for trip, users in users_of_trip.items() if len(users) > 1}
    reject_where(sessions, "two_users", "trip_id", lambda row: row["trip_id"] in shared)


def reject_unknown_users(sessions: CleanTable, users: CleanTable) -> None:
    known = {user["user_id"] for user in users.rows}
    reject_where(sessions, "unknown_user", "user_id", lambda row: row["user_id"] not in known)


def reject_where(
    table: CleanTable, rule: str, column: str, is_broken: Callable[[Row], bool]
) -> None:
    broken = [line for line, row in table.numbered if is_broken(row)]
    table.rejects += [Reject(line, rule, column) for line in broken]
    table.numbered = [(line, row) for line, row in table.numbered if not is_broken(row)]


def ignore_other_trips(table: CleanTable, trips: set[str | None]) -> None:
    kept = [(line, row) for line, row in table.numbered if row["trip_id"] in trips]
    table.ignored = len(table.numbered) - len(kept)
    table.numbered = kept


def repair_return_time(flight: Row) -> None:
    if flight["return_time"] is not None and flight["return_time"] < flight["departure_time"]:
        flight["return_time"] = None


def repair_nights(stay: Row) -> None:
    if stay["nights"] is None or stay["nights"] > 0:
        return
    check_in, check_out = stay["check_in_time"], stay["check_out_time"]
    if check_out is None or check_out <= check_in:
        stay["nights"] = None
    else:
        stay["nights"] = math.ceil(Fraction(microseconds(check_out - check_in), 86_400 * 10**6))


FEATURES = [
    "n_sessions",
    "mean_page_clicks",
    "mean_session_seconds",
    "n_trips",
    "booking_rate",
    "n_cancellations",
    "cancellation_rate",
    "n_flights",
    "n_hotels",
    "bundle_rate",
    "discount_offer_rate",
    "discount_booking_rate",
    "mean_discount",
    "checked_bags",
    "bags_per_seat",
    "mean_base_fare_usd",
    "mean_distance_km",
    "mean_lead_days",
    "weekend_rate",
    "total_nights",
    "mean_nights",
    "mean_rooms",
    "mean_hotel_per_room_usd",
    "hotel_spend_usd",
    "flight_spend_usd",
    "months_since_sign_up",
]


@dataclass(frozen=True)
class Trip:
    """A booked trip: its earliest booking, and its flight and stay when there are rows of them."""

    booking: Row
    flight: Row | None
    stay: Row | None

    @property
    def leaves(self) -> datetime | None:
        """When the traveller sets off, as far as the rows tell."""
        time_of_leaving: datetime | None = None
        if self.flight is not None:
            time_of_leaving = self.flight["departure_time"]
        elif self.stay is not None:
            time_of_leaving = self.stay["check_in_time"]
        return time_of_leaving


def features(
    cleaned: Cleaned, start_date: date | str = "2023-01-04", min_sessions: int = 7
) -> pd.DataFrame:
    """Return one row a cohort user, sorted by `user_id`: the id and the 26 features.

    Means and rates over nothing are NaN. An empty cohort gives a frame without rows.
    """
    start = datetime.combine(date.fromisoformat(str(start_date)), time(), UTC)
    flights = {flight["trip_id"]: flight for flight in cleaned.flights.rows}
    stays = {stay["trip_id"]: stay for stay in cleaned.hotels.rows}
    users = {user["user_id"]: user for user in cleaned.users.rows}
    latest = max((session["session_start"] for session in cleaned.sessions.rows), default=start)
    windows = defaultdict(list)
    for session in cleaned.sessions.rows:
        if session["session_start"] >= start:
            windows[session["user_id"]].append(session)
    cohort = sorted(user for user, window in windows.items() if len(window) >= min_sessions)
    rows = []
    for user_id in cohort:
        user, window = users[user_id], windows[user_id]
        tenure = latest.date() - user["sign_up_date"]
        rows.append(
            {
                "user_id": user_id,
                **features_of_sessions(window),
                **features_of_trips(user, window, flights, stays),
                "months_since_sign_up": float(Fraction(tenure.days) / Fraction("30.4375")),
            }
        )
    return pd.DataFrame(rows, columns=["user_id", *FEATURES])


def is_booking(session: Row) -> bool:
    books = session["flight_booked"] or session["hotel_booked"]
    return session["trip_id"] is not None and books and not session["cancellation"]


def has_offer(session: Row) -> bool:
    return bool(session["flight_discount"] or session["hotel_discount"])


def features_of_sessions(window: list[Row]) -> Row:
    visits = [session for session in window if not session["cancellation"]]
    bookings = [session for session in window if is_booking(session)]
    discounts = [
        session[column]
        for session in bookings
        for column in ("flight_discount_amount", "hotel_discount_amount")
        if session[column] is not None
    ]
    return {
        "n_sessions": len(window),
        "mean_page_clicks": mean([visit["page_clicks"] for visit in visits]),
        "mean_session_seconds": mean(
            [seconds(visit["session_end"] - visit["session_start"]) for visit in visits]
        ),
        "booking_rate": ratio(len(bookings), len(visits)),
        "discount_offer_rate": share([has_offer(visit) for visit in visits]),
        "discount_booking_rate": share([has_offer(booking) for booking in bookings]),
        "mean_discount": mean(discounts),
    }


def cancelled_trips(window: list[Row]) -> set[str]:
    return {
        session["trip_id"]
        for session in window
        if session["cancellation"] and session["trip_id"] is not None
    }


def earliest_bookings(window: list[Row]) -> dict[str, Row]:
    """The booking that counts for each trip, by trip id."""
    earliest: dict[str, Row] = {}
    for session in sorted(window, key=lambda row: (row["session_start"], row["session_id"])):
        if is_booking(session):
            earliest.setdefault(session["trip_id"], session)
    return earliest


def features_of_trips(
    user: Row, window: list[Row], flights: dict[str, Row], stays: dict[str, Row]
) -> Row:
    cancelled = cancelled_trips(window)
    booked = earliest_bookings(window)
    travelled = [
        Trip(booking, flights.get(trip_id), stays.get(trip_id))
        for trip_id, booking in booked.items()
        if trip_id not in cancelled
    ]
    leads = [
        seconds(trip.leaves - trip.booking["session_start"]) / 86_400
        for trip in travelled
        if trip.leaves is not None
    ]
    weekends = [trip.leaves.weekday() >= FRIDAY for trip in travelled if trip.leaves is not None]
    bundles = [trip.flight is not None and trip.stay is not None for trip in travelled]
    return {
        "n_trips": len(booked),
        "n_cancellations": len(cancelled),
        "cancellation_rate": share([trip_id in cancelled for trip_id in booked]),
        "bundle_rate": share(bundles),
        "mean_lead_days": mean(leads),
        "weekend_rate": share(weekends),
        **features_of_flights(user, travelled),
        **features_of_stays(travelled),
    }


def features_of_flights(user: Row, travelled: list[Trip]) -> Row:
    flown = [(trip.booking, trip.flight) for trip in travelled if trip.flight is not None]
    flights = [flight for _, flight in flown]
    home = (user["home_airport_lat"], user["home_airport_lon"])
    metres = [
        distance_m(home, (flight["destination_airport_lat"], flight["destination_airport_lon"]))
        for flight in flights
    ]
    cents = [
        whole_cents(to_pay(flight["base_fare_usd"], booking["flight_discount_amount"]))
        for booking, flight in flown
    ]
    bags = sum(flight["checked_bags"] for flight in flights)
    return {
        "n_flights": len(flights),
        "checked_bags": bags,
        "bags_per_seat": ratio(bags, sum(flight["seats"] for flight in flights)),
        "mean_base_fare_usd": mean([flight["base_fare_usd"] for flight in flights]),
        "mean_distance_km": mean([Fraction(m, 1000) for m in metres if m is not None]),
        "flight_spend_usd": float(Fraction(sum(cents), 100)),
    }


def features_of_stays(travelled: list[Trip]) -> Row:
    stayed = [(trip.booking, trip.stay) for trip in travelled if trip.stay is not None]
    stays = [stay for _, stay in stayed]
    nights = [stay["nights"] for stay in stays if stay["nights"] is not None]
    cents = [
        whole_cents(
            stay["nights"]
            * stay["rooms"]
            * to_pay(stay["hotel_per_room_usd"], booking["hotel_discount_amount"])
        )
        for booking, stay in stayed
        if stay["nights"] is not None
    ]
    return {
        "n_hotels": len(stays),
        "total_nights": sum(nights),
        "mean_nights": mean(nights),
        "mean_rooms": mean([stay["rooms"] for stay in stays]),
        "mean_hotel_per_room_usd": mean([stay["hotel_per_room_usd"] for stay in stays]),
        "hotel_spend_usd": float(Fraction(sum(cents), 100)),
    }


def distance_m(home: Place, destination: Place) -> int | None:
    """Great circle by the haversine formula, in whole metres, or None for an unknown place."""
    if home[0] is None or home[1] is None or destination[0] is None or destination[1] is None:
        return None
    lat, lon = math.radians(home[0]), math.radians(home[1])
    to_lat, to_lon = math.radians(destination[0]), math.radians(destination[1])
    half_chord = (
        math.sin((to_lat - lat) / 2) ** 2
        + math.cos(lat) * math.cos(to_lat) * math.sin((to_lon - lon) / 2) ** 2
    )
    km = 2 * EARTH_RADIUS_KM * math.asin(math.sqrt(min(1.0, half_chord)))
    return math.floor(km * 1000 + 0.5)


def to_pay(price: Decimal, discount: Decimal | None) -> Fraction:
    return Fraction(price) * (1 - Fraction(discount or 0))


def whole_cents(usd: Fraction) -> int:
    """Rounded half up; `usd` is not negative."""
    return math.floor(usd * 100 + Fraction(1, 2))


def microseconds(delta: timedelta) -> int:
    return delta // timedelta(microseconds=1)


def seconds(delta: timedelta) -> Fraction:
    return Fraction(microseconds(delta), 10**6)


def mean(values: Sequence[Number]) -> float:
    return ratio(sum(Fraction(value) for value in values), len(values))


def share(answers: Sequence[bool]) -> float:
    return ratio(sum(answers), len(answers))


def ratio(part: int | Fraction, whole: int) -> float:
    return float(Fraction(part) / whole) if whole else NAN
