"""Synthetic source tables with a planted favourite perk a customer, for trying things out.

The tables look like a real export, its dirt included; `truth` says which perk was planted.
The same users and seed give the same bytes, on any machine.
"""

from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
from numpy.typing import NDArray

from travel_perks.errors import UsageError
from travel_perks.files import whole
from travel_perks.sampling.behaviour import (
    PERKS,
    Customers,
    Sessions,
    Trips,
    draw_activity,
    draw_customers,
)
from travel_perks.sampling.dirt import BLANK_LINE_AFTER, BYTE_ORDER_MARK, LINE_END, soil
from travel_perks.sampling.draws import Curve, Draws, Flags, Ints
from travel_perks.sampling.places import AIRLINES, AIRPORTS, HOTEL_CHAINS, kilometres
from travel_perks.tables import FLIGHTS, HOTELS, SESSIONS, TABLES, USERS, Table

TEXT = pa.large_string()  # 32-bit offsets would end at some four million users

# A real export quotes every cell of users, flights and hotels, and none of sessions.
_UNQUOTED = {"sessions", "truth"}
_GENDERS = {"F": 85, "M": 14, "O": 1}
_BIRTH_DAY: Curve = (
    (0, date(1935, 5, 10).toordinal()),
    (0.05, date(1958, 10, 16).toordinal()),
    (0.5, date(1982, 1, 4).toordinal()),
    (0.95, date(2004, 7, 13).toordinal()),
    (1, date(2006, 12, 28).toordinal()),
)
_EPOCH = date(1970, 1, 1).toordinal()


def generate(
    *, users: int, seed: int, dirt: bool = True, strength: float = 1.0
) -> dict[str, pa.Table]:
    """Make the four source tables and `truth` for a number of users.

    All columns are text as it stands in the CSV, null for an empty cell. `truth` has
    `user_id` and `perk`, sorted by user. `strength` scales how much the planted favourite
    shows in what a user does: 0 not at all. With `dirt`, the tables also carry what a real
    export has wrong with it, within what a default run survives; how the file itself is
    odd (see `sample_dirt`) stands in the table's schema metadata. Raises UsageError when
    there is no user to make, or when the seed or the strength is negative.
    """
    if users < 1:
        raise UsageError(f"A sample of {users} users cannot be made; ask for at least 1.")
    if seed < 0:
        raise UsageError(f"The seed {seed} is negative; give a whole number from 0 up.")
    if not 0 <= strength < np.inf:
        raise UsageError(f"The strength {strength} makes no sense; give a number from 0 up.")
    customers = draw_customers(users, seed)
    sessions, trips = draw_activity(customers, seed, strength)
    trip_ids = _named(customers.user_id[trips.customer], Draws(seed, "trip ids"))
    tables = {
        "users": _users(customers, Draws(seed, "people")),
        "sessions": _sessions(customers, sessions, trips, trip_ids, Draws(seed, "session ids")),
        "flights": _flights(customers, trips, trip_ids),
        "hotels": _hotels(trips, trip_ids),
    }
    if dirt:
        for name in TABLES:
            # Popped, so that a clean column is freed as soon as its soiled one stands.
            tables[name] = soil(name, tables.pop(name), seed)
    return {**tables, "truth": _truth(customers)}


def write(tables: dict[str, pa.Table], out: Path) -> None:
    """Write each table as `<name>.csv` in the folder `out`, replacing what is there.

    Each file is written whole or not at all. Raises CannotWriteError.
    """
    for name, table in tables.items():
        with whole(out / f"{name}.csv") as partial:
            _write_csv(table, partial, quoted=name not in _UNQUOTED)


def _write_csv(table: pa.Table, path: Path, *, quoted: bool) -> None:
    oddities = table.schema.metadata or {}
    end = oddities.get(LINE_END, b"\n")
    above = int(oddities.get(BLANK_LINE_AFTER, table.num_rows))
    style = "needed" if quoted else "none"
    options = {"eol": end.decode(), "quoting_style": style, "quoting_header": style}
    with path.open("wb") as file:
        file.write(oddities.get(BYTE_ORDER_MARK, b""))
        pacsv.write_csv(table.slice(0, above), file, pacsv.WriteOptions(**options))
        if above < table.num_rows:
            file.write(end)
            body = pacsv.WriteOptions(include_header=False, **options)
            pacsv.write_csv(table.slice(above), file, body)


def _users(customers: Customers, draws: Draws) -> pa.Table:
    size = len(customers.user_id)
    home = customers.home
    columns = {
        "user_id": _integers(customers.user_id),
        "birthdate": _days(draws.curve(_BIRTH_DAY, size).astype(np.int64) - _EPOCH),
        "gender": _words(list(_GENDERS), draws.weighted(list(_GENDERS.values()), size)),
        "married": _flags(draws.chance(0.45, size)),
        "has_children": _flags(draws.chance(0.33, size)),
        "home_country": _words([airport.country for airport in AIRPORTS], home),
        "home_city": _words([airport.city for airport in AIRPORTS], home),
        "home_airport": _words([airport.code for airport in AIRPORTS], home),
        "home_airport_lat": _words([str(airport.latitude) for airport in AIRPORTS], home),
        "home_airport_lon": _words([str(airport.longitude) for airport in AIRPORTS], home),
        "sign_up_date": _days(customers.sign_up_day),
    }
    return _laid_out(USERS, columns)


def _sessions(
    customers: Customers, sessions: Sessions, trips: Trips, trip_ids: pa.Array, draws: Draws
) -> pa.Table:
    """Say what a session shows. A cancellation has every flag set, as in a real export."""
    user_id = customers.user_id[sessions.customer]
    end = sessions.start * 1_000_000 + sessions.microseconds
    trip = pa.array(sessions.trip, mask=sessions.trip < 0)
    cancels = sessions.cancellation
    # Row -1, no trip, finds the False at the end.
    books_flight = np.append(trips.has_flight, False)[sessions.trip]
    books_hotel = np.append(trips.has_hotel, False)[sessions.trip]
    columns = {
        "session_id": _named(user_id, draws),
        "user_id": _integers(user_id),
        "trip_id": trip_ids.take(trip),
        "session_start": _moments(sessions.start, "s"),
        "session_end": _moments(end, "us"),
        "flight_discount": _flags((sessions.flight_offer > 0) | cancels),
        "hotel_discount": _flags((sessions.hotel_offer > 0) | cancels),
        "flight_discount_amount": _discounts(sessions.flight_offer),
        "hotel_discount_amount": _discounts(sessions.hotel_offer),
        "flight_booked": _flags(books_flight | cancels),
        "hotel_booked": _flags(books_hotel | cancels),
        "page_clicks": _integers(sessions.clicks),
        "cancellation": _flags(cancels),
    }
    return _laid_out(SESSIONS, columns)


def _flights(customers: Customers, trips: Trips, trip_ids: pa.Array) -> pa.Table:
    rows = np.flatnonzero(trips.has_flight)
    home, destination = customers.home[trips.customer[rows]], trips.destination[rows]
    departure, one_way, seats = trips.departure[rows], trips.one_way[rows], trips.seats[rows]
    back = departure + trips.days_away[rows] * 86_400
    # Dollars a seat grow with the distance; one way costs half.
    fare = seats * (45 + 0.165 * kilometres(home, destination)) * trips.fare_noise[rows]
    cents = np.round(fare * np.where(one_way, 50, 100)).astype(np.int64)
    columns = {
        "trip_id": trip_ids.take(pa.array(rows)),
        "origin_airport": _words([airport.code for airport in AIRPORTS], home),
        "destination": _words([airport.city for airport in AIRPORTS], destination),
        "destination_airport": _words([airport.code for airport in AIRPORTS], destination),
        "seats": _integers(seats),
        "return_flight_booked": _flags(~one_way),
        "departure_time": _moments(departure, "s"),
        "return_time": _moments(back, "s", empty=one_way),
        "checked_bags": _integers(trips.bags[rows]),
        "trip_airline": _words(list(AIRLINES), trips.airline[rows]),
        "destination_airport_lat": _words([str(a.latitude) for a in AIRPORTS], destination),
        "destination_airport_lon": _words([str(a.longitude) for a in AIRPORTS], destination),
        "base_fare_usd": _money(cents),
    }
    return _laid_out(FLIGHTS, columns)


def _hotels(trips: Trips, trip_ids: pa.Array) -> pa.Table:
    """Say what a stay shows. Nights are whole days, rounded down: 0 or -1 for short ones."""
    rows = np.flatnonzero(trips.has_hotel)
    check_in_ms, check_out = trips.check_in_ms[rows], trips.check_out[rows]
    names = [f"{chain} - {airport.city}" for chain in HOTEL_CHAINS for airport in AIRPORTS]
    name = trips.chain[rows] * len(AIRPORTS) + trips.destination[rows]
    trailing_zeros = r"\.?0+$"
    columns = {
        "trip_id": trip_ids.take(pa.array(rows)),
        "hotel_name": _words(names, name),
        "nights": _integers((check_out * 1000 - check_in_ms) // 86_400_000),
        "rooms": _integers(trips.rooms[rows]),
        "check_in_time": pc.replace_substring_regex(
            _moments(check_in_ms, "ms"), trailing_zeros, ""
        ),
        "check_out_time": _moments(check_out, "s"),
        "hotel_per_room_usd": _integers(trips.room_usd[rows]),
    }
    return _laid_out(HOTELS, columns)


def _truth(customers: Customers) -> pa.Table:
    order = np.argsort(customers.user_id)
    perk = _words(list(PERKS), customers.favourite[order])
    return pa.table({"user_id": _integers(customers.user_id[order]), "perk": perk})


def _laid_out(table: Table, columns: dict[str, pa.Array]) -> pa.Table:
    return pa.table({name: columns[name] for name in table.column_names})


def _named(user_id: Ints, draws: Draws) -> pa.Array:
    """Ids of the form `<user_id>-<32 hexadecimal digits>`."""
    size = len(user_id)
    digits = pa.py_buffer(draws.hexadecimals(size))
    offsets = pa.py_buffer(np.arange(0, 32 * size + 1, 32, dtype=np.int64))
    random = pa.Array.from_buffers(TEXT, size, [None, offsets, digits])
    return pc.binary_join_element_wise(_integers(user_id), random, pa.scalar("-", TEXT))


def _integers(values: Ints) -> pa.Array:
    return pa.array(values).cast(TEXT)


def _flags(values: Flags) -> pa.Array:
    return pa.array(values).cast(TEXT)


def _days(values: Ints) -> pa.Array:
    return pa.array(values.astype(np.int32)).view(pa.date32()).cast(TEXT)


def _moments(values: Ints, unit: str, empty: NDArray[np.bool_] | None = None) -> pa.Array:
    return pa.array(values, mask=empty).view(pa.timestamp(unit)).cast(TEXT)


def _words(options: list[str], index: Ints) -> pa.Array:
    return pa.array(options, TEXT).take(pa.array(index))


def _discounts(steps: Ints) -> pa.Array:
    amounts = [None, *(str(percent / 100) for percent in range(5, 65, 5))]
    return pa.array(amounts, TEXT).take(pa.array(steps))


def _money(cents: Ints) -> pa.Array:
    whole_usd = _integers(cents // 100)
    fraction = _words([f"{cent:02d}" for cent in range(100)], cents % 100)
    return pc.binary_join_element_wise(whole_usd, fraction, pa.scalar(".", TEXT))
