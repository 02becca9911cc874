"""What is wrong with a real export, put into clean sample tables.

Three sorts: faults, for which a row is rejected; oddities of a cell, which are read or
mended; oddities of the file, which stand in the table's column names and schema metadata
until the file is written. Faults stay near 0.3 % of a table's rows, each kind as often as
the others, and a table too small for one of each kind has none.
"""

from collections.abc import Sequence
from itertools import cycle, islice

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from travel_perks.sampling.draws import Draws, Ints
from travel_perks.tables import TABLES, Kind

# Schema metadata: the bytes before the header, the line end, the data rows above an empty line.
BYTE_ORDER_MARK, LINE_END, BLANK_LINE_AFTER = b"byte_order_mark", b"line_end", b"blank_line_after"

UNKNOWN_USER = "404"  # ids of the sample begin above 500,000
EXTRA_COLUMN = "export_batch"

_TEXT = pa.large_string()
_TRUE = ("True", "TRUE", "t", "1", "yes")
_FALSE = ("False", "FALSE", "f", "0", "no")
_LONG_AGO = "2020-01-01 07:00:00"

# Sessions of a rejected user are rejected too, so sessions get fewer faults of their own.
_FAULT_SHARE = {"users": 0.003, "sessions": 0.002, "flights": 0.003, "hotels": 0.003}
_ODD_SHARE = 0.002
_RESPELLED_SHARE = 0.02
_COPIED_SHARE = 0.002
_SMALLEST = 100  # rows; a smaller table gets no odd cells

# Each is a column and what to put there; the row is rejected for it.
_FAULTS: dict[str, Sequence[tuple[str, str | None]]] = {
    "users": [("sign_up_date", None)],
    "sessions": [
        ("session_id", None),
        ("user_id", None),
        ("user_id", UNKNOWN_USER),
        ("session_start", "soon"),
        ("session_end", _LONG_AGO),
        ("flight_discount_amount", "1.2"),
        ("flight_booked", "maybe"),
        ("page_clicks", "-3"),
        ("page_clicks", "1.5"),
        ("cancellation", None),
    ],
    "flights": [
        ("trip_id", None),
        ("seats", "0"),
        ("departure_time", "tomorrow"),
        ("checked_bags", None),
        ("base_fare_usd", "-12.5"),
    ],
    "hotels": [
        ("rooms", "0"),
        ("check_in_time", None),
        ("hotel_per_room_usd", "NaN"),
        ("hotel_per_room_usd", "inf"),
    ],
}
# What a second row of the same key says otherwise: both rows are rejected.
_CONTRADICTIONS = {
    "users": ("sign_up_date", "2021-05-01"),
    "sessions": ("page_clicks", "999"),
    "flights": ("base_fare_usd", "9999.99"),
    "hotels": ("hotel_per_room_usd", "9999"),
}
# Each is a column and texts to put there in turn; the row is kept.
_ODDITIES: dict[str, Sequence[tuple[str, Sequence[str | None]]]] = {
    "users": [
        ("birthdate", ("unknown", "1984-13-45", "31/02/1990")),
        ("home_city", ("=new york", "+dallas", "-austin", "@boston")),
        ("home_airport_lat", ("123.456",)),
    ],
    "sessions": [],
    "flights": [
        ("trip_airline", ("=Delta Air Lines", "+WestJet", "-Air France", "@Lufthansa")),
        ("return_time", (_LONG_AGO,)),
        ("destination_airport_lat", ("95.1",)),
        ("destination_airport_lon", ("-200.5",)),
    ],
    "hotels": [
        (
            "hotel_name",
            (
                "Hilton, Downtown - dallas",
                "Hyatt\nRegency - austin",
                'Accor "Palace" - quebec',
                "=Fairmont - boston",
                "+Marriott - denver",
                "-Wyndham - memphis",
                "@Radisson - tucson",
            ),
        ),
    ],
}


def soil(name: str, table: pa.Table, seed: int) -> pa.Table:
    """Put dirt into the source table `name`, clean and all text."""
    draws = Draws(seed, f"dirt {name}")
    # First, so that a row and its copy are odd alike: else they would contradict each other.
    table = _add_oddities(name, table, draws)
    contradicted, *faulty = _faulty_rows(name, table, draws)
    extra = [_contradictions(name, table, contradicted), _copies(name, table, draws)]
    if name == "sessions" and len(contradicted):
        table = _share_a_trip(table, np.concatenate([contradicted, *faulty]))
    for (column, value), rows in zip(_FAULTS[name], faulty, strict=True):
        table = _put(table, column, rows, [value] * len(rows))
    # What follows changes how a cell is spelled, not what it means: faults stay faults.
    table = _respell(name, pa.concat_tables([table, *extra]), draws)
    return _ODD_FILE[name](table)


def _faulty_rows(name: str, table: pa.Table, draws: Draws) -> Ints:
    """Distinct row numbers: first those to contradict, then those of each kind of fault."""
    kinds = 1 + len(_FAULTS[name])
    rounds = int(table.num_rows * _FAULT_SHARE[name] / (kinds + 1))  # a contradiction costs two
    return draws.spread(table.num_rows, rounds * kinds).reshape(rounds, kinds).T


def _contradictions(name: str, table: pa.Table, rows: Ints) -> pa.Table:
    """Rows to stand twice, saying another thing the second time."""
    column, value = _CONTRADICTIONS[name]
    said_again = table.take(pa.array(rows))
    return _put(said_again, column, np.arange(len(rows)), [value] * len(rows))


def _copies(name: str, table: pa.Table, draws: Draws) -> pa.Table:
    """Rows to stand twice, some of them with other words for true and false."""
    rows = draws.spread(table.num_rows, _count(table, _COPIED_SHARE))
    copies = table.take(pa.array(rows))
    for column in _columns(name, "boolean"):
        copies = _respell_booleans(copies, column, np.arange(0, len(rows), 2))
    return copies


def _share_a_trip(sessions: pa.Table, faulty: Ints) -> pa.Table:
    """Let one visit without a trip name the trip of another user; both are sound otherwise."""
    sound = np.delete(np.arange(sessions.num_rows), faulty)
    some = sessions.select(["trip_id", "user_id"]).take(pa.array(sound[:1000]))
    trips, users = some["trip_id"].to_numpy(), some["user_id"].to_numpy()
    named = some["trip_id"].is_valid().to_numpy()
    booking = np.flatnonzero(named)[0]
    visit = np.flatnonzero(~named & (users != users[booking]))[0]
    return _put(sessions, "trip_id", sound[visit : visit + 1], [trips[booking]])


def _add_oddities(name: str, table: pa.Table, draws: Draws) -> pa.Table:
    if table.num_rows < _SMALLEST:
        return table
    for column, texts in _ODDITIES[name]:
        size = max(_count(table, _ODD_SHARE), len(texts))
        rows = draws.spread(table.num_rows, size)
        table = _put(table, column, rows, list(islice(cycle(texts), size)))
    return table


def _respell(name: str, table: pa.Table, draws: Draws) -> pa.Table:
    """Write some cells in another way that means the same."""
    size = _count(table, _RESPELLED_SHARE)
    for column in _columns(name, "boolean"):
        table = _respell_booleans(table, column, draws.spread(table.num_rows, size))
    for column in _columns(name, "timestamp"):
        table = _respell_timestamps(table, column, draws.spread(table.num_rows, size))
    for column in [*_columns(name, "integer"), *_columns(name, "count")]:
        table = _respell_integers(table, column, draws.spread(table.num_rows, size))
    if name == "sessions":
        table = _leave_flags_empty(table, draws.spread(table.num_rows, size))
        table = _binary_noise(table)
    return table


def _respell_booleans(table: pa.Table, column: str, rows: Ints) -> pa.Table:
    texts = table[column].take(pa.array(rows))
    turn = pa.array(np.arange(len(rows)) % len(_TRUE))
    respelled = pc.case_when(
        pc.make_struct(pc.equal(texts, "true"), pc.equal(texts, "false")),
        pa.array(_TRUE, _TEXT).take(turn),
        pa.array(_FALSE, _TEXT).take(turn),
        texts,
    )
    return _put(table, column, rows, respelled)


def _respell_timestamps(table: pa.Table, column: str, rows: Ints) -> pa.Table:
    texts = table[column].take(pa.array(rows)).combine_chunks()
    readable = pc.match_substring_regex(texts, r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?$")
    moments = pc.if_else(readable, texts, pa.scalar(None, _TEXT)).cast(pa.timestamp("us"))
    # Arithmetic on the plain numbers: two hours later by the clock of a zone two hours ahead.
    two_hours = pa.scalar(2 * 3_600_000_000)
    ahead = pc.add(moments.view(pa.int64()), two_hours).view(pa.timestamp("us"))
    with_t = pc.replace_substring(texts, " ", "T")
    ahead_with_t = pc.replace_substring(ahead.cast(_TEXT), " ", "T")
    respelled = pc.choose(
        pa.array(np.arange(len(rows)) % 4),
        moments.cast(_TEXT),
        with_t,
        _joined(with_t, "Z"),
        _joined(ahead_with_t, "+02:00"),
    )
    return _put(table, column, rows, pc.if_else(readable, respelled, texts))


def _respell_integers(table: pa.Table, column: str, rows: Ints) -> pa.Table:
    texts = table[column].take(pa.array(rows))
    whole = pc.match_substring_regex(texts, r"^-?\d+$")
    return _put(table, column, rows, pc.if_else(whole, _joined(texts, ".0"), texts))


def _leave_flags_empty(sessions: pa.Table, rows: Ints) -> pa.Table:
    """Empty discount flags that say false, which an empty one means."""
    for column in ("flight_discount", "hotel_discount"):
        texts = sessions[column].take(pa.array(rows))
        emptied = pc.if_else(pc.equal(texts, "false"), pa.scalar(None, _TEXT), texts)
        sessions = _put(sessions, column, rows, emptied)
    return sessions


def _binary_noise(sessions: pa.Table) -> pa.Table:
    """Write discounts of 0.4 and 0.6 as sums of binary fractions come out."""
    for column in _columns("sessions", "share"):
        texts = sessions[column]
        for plain, noisy in (("0.4", "0.3999999999999999"), ("0.6", "0.6000000000000001")):
            texts = pc.if_else(pc.equal(texts, plain), pa.scalar(noisy, _TEXT), texts)
        sessions = _replaced(sessions, column, texts)
    return sessions


def _odd_users(users: pa.Table) -> pa.Table:
    """A byte order mark, and a column that nobody asked for."""
    widened = users.add_column(3, EXTRA_COLUMN, pa.repeat(pa.scalar("7", _TEXT), users.num_rows))
    return widened.replace_schema_metadata({BYTE_ORDER_MARK: b"\xef\xbb\xbf"})


def _odd_sessions(sessions: pa.Table) -> pa.Table:
    """Capitals and spaces in the header, and an empty line half way."""
    odd = {"session_id": " Session_ID", "user_id": "USER_ID", "page_clicks": "Page_Clicks "}
    renamed = sessions.rename_columns([odd.get(name, name) for name in sessions.column_names])
    half_way = str(sessions.num_rows // 2).encode()
    return renamed.replace_schema_metadata({BLANK_LINE_AFTER: half_way})


def _odd_flights(flights: pa.Table) -> pa.Table:
    """Lines that end in CRLF."""
    return flights.replace_schema_metadata({LINE_END: b"\r\n"})


def _odd_hotels(hotels: pa.Table) -> pa.Table:
    """The key as the last column."""
    return hotels.select([*hotels.column_names[1:], hotels.column_names[0]])


_ODD_FILE = {
    "users": _odd_users,
    "sessions": _odd_sessions,
    "flights": _odd_flights,
    "hotels": _odd_hotels,
}


def _count(table: pa.Table, share: float) -> int:
    """How many of the rows a share is: one at least, but none of a small table."""
    if table.num_rows < _SMALLEST:
        return 0
    return max(1, int(table.num_rows * share))


def _columns(table: str, kind: Kind) -> list[str]:
    return [column.name for column in TABLES[table].columns if column.kind == kind]


def _joined(texts: pa.Array, ending: str) -> pa.Array:
    return pc.binary_join_element_wise(texts, pa.scalar(ending, _TEXT), pa.scalar("", _TEXT))


def _put(table: pa.Table, column: str, rows: Ints, texts: pa.Array | list[str | None]) -> pa.Table:
    """Put texts into the cells of a column at `rows`, which must ascend."""
    mask = np.zeros(table.num_rows, dtype=np.bool_)
    mask[rows] = True
    values = pa.array(texts, _TEXT) if isinstance(texts, list) else texts
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    cells = table[column].combine_chunks()
    return _replaced(table, column, pc.replace_with_mask(cells, pa.array(mask), values))


def _replaced(table: pa.Table, column: str, values: pa.Array) -> pa.Table:
    return table.set_column(table.column_names.index(column), column, values)
