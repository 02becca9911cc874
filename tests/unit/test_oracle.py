"""Hand-computed cases that pin the oracle itself, so that it can be trusted as a second opinion."""

import csv
import math
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.oracle import COLUMNS, FEATURES, Cleaned, CleanTable, Reject, clean, features

REAL_DATA = Path(__file__).resolve().parents[3] / "shared" / "real"

Cells = dict[str, object]

USER: Cells = {"user_id": 1, "sign_up_date": "2023-01-01"}
VISIT: Cells = {
    "session_id": "s1",
    "user_id": 1,
    "session_start": "2023-01-09 00:00:00",
    "session_end": "2023-01-09 00:01:00",
    "flight_booked": "false",
    "hotel_booked": "false",
    "page_clicks": 10,
    "cancellation": "false",
}
FLIGHT: Cells = {
    "trip_id": "t1",
    "seats": 1,
    "departure_time": "2023-01-16 00:00:00",  # a Monday
    "checked_bags": 0,
    "base_fare_usd": 100,
}
STAY: Cells = {
    "trip_id": "t1",
    "nights": 2,
    "rooms": 1,
    "check_in_time": "2023-01-17 15:00:00",
    "check_out_time": "2023-01-19 11:00:00",
    "hotel_per_room_usd": 50,
}
TEMPLATES = {"users": USER, "sessions": VISIT, "flights": FLIGHT, "hotels": STAY}


def write_tables(folder: Path, **tables: list[Cells]) -> Path:
    """Write the four files; a row names only the cells in which it leaves its template."""
    for name, template in TEMPLATES.items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(COLUMNS[name]))
            writer.writeheader()
            writer.writerows({**template, **row} for row in tables.get(name, []))
    return folder


def clean_tables(folder: Path, **tables: list[Cells]) -> Cleaned:
    return clean(write_tables(folder, **tables))


def clean_users(folder: Path, text: bytes) -> CleanTable:
    write_tables(folder)
    (folder / "users.csv").write_bytes(text)
    return clean(folder).users


def one_user(folder: Path, sessions: list[Cells], **tables: list[Cells]) -> Any:
    """Return the features of user 1, whatever the number of sessions."""
    tables = {"users": [{}], **tables}
    table = features(clean_tables(folder, sessions=sessions, **tables), min_sessions=1)
    assert list(table["user_id"]) == [1]
    return table.iloc[0]


def booking(number: int = 1, /, **cells: object) -> Cells:
    return {"session_id": f"b{number}", "trip_id": f"t{number}", "flight_booked": "true", **cells}


def cancellation(number: int = 1, /, **cells: object) -> Cells:
    row = booking(number, hotel_booked="true", cancellation="true", **cells)
    return {**row, "session_id": f"c{number}"}


def counts(read: int, kept: int, merged: int = 0, rejected: int = 0, ignored: int = 0) -> Cells:
    return {
        "read": read,
        "kept": kept,
        "merged": merged,
        "rejected": rejected,
        "ignored": ignored,
    }


# Cells


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("7", 7),
        ("7.0", 7),
        ("7.", 7),
        ("+7", 7),
        (" 7 ", 7),
        ("-7", -7),
        ("007", 7),
        ("9223372036854775807", 2**63 - 1),
        ("-9223372036854775808", -(2**63)),
    ],
)
def test_integer_is_read(tmp_path: Path, text: str, expected: int) -> None:
    users = clean_tables(tmp_path, users=[{"user_id": text}]).users
    assert [user["user_id"] for user in users.rows] == [expected]


@pytest.mark.parametrize(
    "text",
    ["1.5", "1e3", "x", "1,0", "NaN", "inf", "9223372036854775808", "\u0667", "\t7", "9" * 5000],
)
def test_integer_is_unreadable(tmp_path: Path, text: str) -> None:
    users = clean_tables(tmp_path, users=[{"user_id": text}]).users
    assert users.rejects == [Reject(2, "unreadable", "user_id")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2023-01-04 00:01:00", datetime(2023, 1, 4, 0, 1)),
        ("2023-01-04T00:01:00Z", datetime(2023, 1, 4, 0, 1)),
        ("2023-01-04 00:01:21.03", datetime(2023, 1, 4, 0, 1, 21, 30_000)),
        ("2023-01-04 00:01:00.000000", datetime(2023, 1, 4, 0, 1)),
        ("2023-01-04 00:01:00.1234569", datetime(2023, 1, 4, 0, 1, 0, 123_456)),
        ("2023-01-04 00:01:00+02", datetime(2023, 1, 3, 22, 1)),
        ("2023-01-04 00:01:00.5+0530", datetime(2023, 1, 3, 18, 31, 0, 500_000)),
        ("2023-01-04T22:01:00-03:30", datetime(2023, 1, 5, 1, 31)),
    ],
)
def test_timestamp_is_read_in_utc(tmp_path: Path, text: str, expected: datetime) -> None:
    row: Cells = {"session_start": text, "session_end": "2024-01-01 00:00:00"}
    cleaned = clean_tables(tmp_path, users=[{}], sessions=[row])
    assert cleaned.sessions.rows[0]["session_start"] == expected.replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2023-01-04",
        "2023-01-04 00:01",
        "2023-1-4 00:01:00",
        "04/01/2023 00:01:00",
        "1672790460",
        "2023-02-29 00:00:00",
        "2023-01-04 24:00:00",
        "2023-01-04 00:00:60",
        "2023-01-04 00:00:00.",
        "2023-01-04  00:01:00",
        "2023-01-04 00:01:00 UTC",
        "2023-01-04 00:01:00+2",
        "2023-01-04 00:01:00+24",
        "2023-01-04 00:01:00-00:60",
    ],
)
def test_timestamp_is_unreadable(tmp_path: Path, text: str) -> None:
    sessions = clean_tables(tmp_path, users=[{}], sessions=[{"session_end": text}]).sessions
    assert sessions.rejects == [Reject(2, "unreadable", "session_end")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.3999999999999999", "0.4"),
        ("0.12345", "0.1235"),
        ("0.12344999", "0.1234"),
        ("1.00004", "1"),
        ("-0.00004", "0"),
        ("15e-2", "0.15"),
        ("1", "1"),
        ("0", "0"),
    ],
)
def test_discount_is_rounded_before_its_range_is_looked_at(
    tmp_path: Path, text: str, expected: str
) -> None:
    cleaned = clean_tables(tmp_path, users=[{}], sessions=[{"hotel_discount_amount": text}])
    assert cleaned.sessions.rows[0]["hotel_discount_amount"] == Decimal(expected)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("1.00005", "out_of_range"),
        ("-0.0001", "out_of_range"),
        ("15", "out_of_range"),
        ("1e400", "out_of_range"),
        ("15%", "unreadable"),
        ("NaN", "unreadable"),
    ],
)
def test_discount_is_rejected(tmp_path: Path, text: str, rule: str) -> None:
    cleaned = clean_tables(tmp_path, users=[{}], sessions=[{"flight_discount_amount": text}])
    assert cleaned.sessions.rejects == [Reject(2, rule, "flight_discount_amount")]


@pytest.mark.parametrize("text", ["true", "T", "1", "Yes", "y"])
def test_true_is_read(tmp_path: Path, text: str) -> None:
    cleaned = clean_tables(tmp_path, users=[{}], sessions=[{"hotel_booked": text}])
    assert cleaned.sessions.rows[0]["hotel_booked"] is True


@pytest.mark.parametrize("text", ["FALSE", "f", "0", "no", "N"])
def test_false_is_read(tmp_path: Path, text: str) -> None:
    cleaned = clean_tables(tmp_path, users=[{}], sessions=[{"hotel_booked": text}])
    assert cleaned.sessions.rows[0]["hotel_booked"] is False


def test_other_words_are_no_booleans(tmp_path: Path) -> None:
    flights: list[Cells] = [{"return_flight_booked": "1.0"}, {"return_flight_booked": ""}]
    cleaned = clean_tables(tmp_path, users=[{}], sessions=[booking()], flights=flights)
    assert cleaned.flights.rejects == [Reject(2, "unreadable", "return_flight_booked")]
    assert cleaned.flights.rows[0]["return_flight_booked"] is None


def test_empty_offer_flag_is_false(tmp_path: Path) -> None:
    session = clean_tables(tmp_path, users=[{}], sessions=[{}]).sessions.rows[0]
    assert (session["flight_discount"], session["hotel_discount"]) == (False, False)


def test_cells_that_decide_nothing_become_empty(tmp_path: Path) -> None:
    unreadable: Cells = {
        "birthdate": "1984-13-01",
        "gender": "F\tX",
        "married": "maybe",
        "has_children": "2",
        "home_country": "u\nsa",
        "home_city": "a\x7fb",
        "home_airport": "\x01",
        "home_airport_lat": "90.001",
        "home_airport_lon": "-180.5",
    }
    user = clean_tables(tmp_path, users=[unreadable]).users.rows[0]
    assert [column for column, value in user.items() if value is not None] == [
        "user_id",
        "sign_up_date",
    ]


@pytest.mark.parametrize("text", ["north", "NaN", "inf", "45,3"])
def test_latitude_that_is_no_number_rejects(tmp_path: Path, text: str) -> None:
    users = clean_tables(tmp_path, users=[{"home_airport_lat": text}]).users
    assert users.rejects == [Reject(2, "unreadable", "home_airport_lat")]


def test_date_may_carry_a_time_and_keeps_the_day_as_written(tmp_path: Path) -> None:
    rows: list[Cells] = [
        {"user_id": 1, "birthdate": "1984-05-26", "sign_up_date": "2023-01-15 00:30:00+02:00"},
        {"user_id": 2, "birthdate": "1984-05-26T10:00:00Z"},
        {"user_id": 3, "sign_up_date": "2023-01-15 25:00:00"},
    ]
    users = clean_tables(tmp_path, users=rows).users
    assert [user["birthdate"] for user in users.rows] == [date(1984, 5, 26)] * 2
    assert users.rows[0]["sign_up_date"] == date(2023, 1, 15)
    assert users.rejects == [Reject(4, "unreadable", "sign_up_date")]


@pytest.mark.parametrize(
    ("table", "column", "text"),
    [
        ("sessions", "session_end", "2023-01-08 23:59:59"),
        ("sessions", "page_clicks", "-1"),
        ("sessions", "page_clicks", "1000001"),
        ("flights", "seats", "0"),
        ("flights", "checked_bags", "-1"),
        ("flights", "base_fare_usd", "-0.01"),
        ("flights", "base_fare_usd", "1000000000000"),
        ("flights", "base_fare_usd", "999999999999.9999995"),
        ("hotels", "rooms", "0"),
        ("hotels", "nights", "1000001"),
        ("hotels", "hotel_per_room_usd", "-1"),
    ],
)
def test_number_out_of_range_rejects(tmp_path: Path, table: str, column: str, text: str) -> None:
    tables: dict[str, list[Cells]] = {"users": [{}], "sessions": [booking()]}
    tables[table] = [{**tables.get(table, [{}])[0], column: text}]
    rejected: CleanTable = getattr(clean_tables(tmp_path, **tables), table)
    assert rejected.rejects == [Reject(2, "out_of_range", column)]


def test_numbers_at_the_edge_of_their_range_stay(tmp_path: Path) -> None:
    cleaned = clean_tables(
        tmp_path,
        users=[{"home_airport_lat": "-90", "home_airport_lon": "180"}],
        sessions=[booking(page_clicks=0, session_end=VISIT["session_start"])],
        flights=[{"seats": "1000000", "base_fare_usd": "0.0000004"}],
        hotels=[{"nights": "1000000", "hotel_per_room_usd": "999999999999.999999"}],
    )
    assert cleaned.users.rows[0]["home_airport_lat"] == -90.0
    assert cleaned.sessions.kept == 1
    assert cleaned.flights.rows[0]["base_fare_usd"] == 0
    assert cleaned.hotels.rows[0]["hotel_per_room_usd"] == Decimal("999999999999.999999")


REQUIRED_CELLS = {**TEMPLATES, "hotels": STAY.keys() - {"nights", "check_out_time"}}


@pytest.mark.parametrize(
    ("table", "column"),
    [(table, column) for table, columns in REQUIRED_CELLS.items() for column in sorted(columns)],
)
def test_empty_required_cell_rejects(tmp_path: Path, table: str, column: str) -> None:
    tables: dict[str, list[Cells]] = {"users": [{}], "sessions": [booking()]}
    tables[table] = [{**tables.get(table, [{}])[0], column: "  "}]
    rejected: CleanTable = getattr(clean_tables(tmp_path, **tables), table)
    assert rejected.rejects == [Reject(2, "required_empty", column)]


def test_row_falls_under_the_first_rule_it_breaks(tmp_path: Path) -> None:
    rows: list[Cells] = [
        {"page_clicks": "", "session_start": "x", "hotel_discount_amount": "2"},
        {"page_clicks": "x", "session_start": "x", "hotel_discount_amount": "2"},
        {"page_clicks": "-1", "hotel_discount_amount": "2"},
    ]
    assert clean_tables(tmp_path, users=[{}], sessions=rows).sessions.rejects == [
        Reject(2, "required_empty", "page_clicks"),
        Reject(3, "unreadable", "session_start"),
        Reject(4, "out_of_range", "hotel_discount_amount"),
    ]


# Files


HEADER = (
    b"user_id,birthdate,gender,married,has_children,home_country,home_city,home_airport,"
    b"home_airport_lat,home_airport_lon,sign_up_date"
)


def test_lines_count_blank_lines_and_quoted_line_breaks(tmp_path: Path) -> None:
    text = HEADER + (
        b"\n"  # line 1
        b"\n"  # 2, blank
        b'1,,,,,,"new\nyork",,,,2023-01-01\n'  # 3 and 4
        b"x,,,,,,,,,,2023-01-01\n"  # 5
        b"\r\n"  # 6, blank
        b'y,,,,,,"a\r\nb",,,,2023-01-01\n'  # 7 and 8
        b"2,2023-01-01\n"  # 9
        b"3,,,,,,,,,,2023-01-01"  # 10, no line end
    )
    users = clean_users(tmp_path, text)
    assert users.rejects == [
        Reject(5, "unreadable", "user_id"),
        Reject(7, "unreadable", "user_id"),
        Reject(9, "structure", None),
    ]
    assert [line for line, _ in users.numbered] == [3, 10]
    assert users.counts == counts(read=5, kept=2, rejected=3)


def test_layout_of_the_file_does_not_matter(tmp_path: Path) -> None:
    text = (
        b"\xef\xbb\xbf"
        b'"Sign_Up_Date", extra ,USER_ID ,birthdate,gender,married,has_children,home_country,'
        b"home_city,home_airport,home_airport_lat,home_airport_lon\r\n"
        b'2023-01-15,x,5,,,,,,"Washington, D.C.",,,\r\n'
        b'2023-01-15,another,5,,,,,,"Washington, D.C.",,,\r\n'
        b"2023-01-15,x,6,,,,,,Washington, D.C.,,,\r\n"
    )
    users = clean_users(tmp_path, text)
    assert users.counts == counts(read=3, kept=1, merged=1, rejected=1)
    assert users.rejects == [Reject(4, "structure", None)]
    assert users.rows[0]["user_id"] == 5
    assert users.rows[0]["sign_up_date"] == date(2023, 1, 15)
    assert users.rows[0]["home_city"] == "Washington, D.C."


@pytest.mark.parametrize("header", [HEADER.replace(b"gender", b"sex"), HEADER + b",Gender", b""])
def test_missing_or_repeated_column_is_an_error(tmp_path: Path, header: bytes) -> None:
    with pytest.raises(ValueError, match="column"):
        clean_users(tmp_path, header + b"\n")


# Rows against each other


def test_equal_rows_are_merged_and_conflicts_all_rejected(tmp_path: Path) -> None:
    rows: list[Cells] = [
        {"user_id": "1", "married": "true"},
        {"user_id": "1.0", "married": "T"},  # equal once typed
        {"user_id": "1", "married": " yes ", "birthdate": "unreadable"},  # equal once emptied
        {"user_id": "2", "married": "true"},
        {"user_id": "2", "married": "true"},  # equal
        {"user_id": "2", "married": "false"},  # a conflict with both
        {"user_id": "3"},
    ]
    users = clean_tables(tmp_path, users=rows).users
    assert users.counts == counts(read=7, kept=2, merged=3, rejected=2)
    assert [user["user_id"] for user in users.rows] == [1, 3]
    assert users.rejects == [Reject(5, "conflict", "user_id"), Reject(7, "conflict", "user_id")]


def test_sessions_equal_once_rounded_and_in_utc_are_merged(tmp_path: Path) -> None:
    rows: list[Cells] = [
        {"hotel_discount_amount": "0.1", "session_start": "2023-01-09 00:00:00"},
        {"hotel_discount_amount": "0.1000000001", "session_start": "2023-01-09T02:00:00+02:00"},
    ]
    sessions = clean_tables(tmp_path, users=[{}], sessions=rows).sessions
    assert sessions.counts == counts(read=2, kept=1, merged=1)


def test_rows_that_only_a_repair_makes_equal_conflict(tmp_path: Path) -> None:
    flights: list[Cells] = [{"return_time": ""}, {"return_time": "2023-01-15 00:00:00"}]
    hotels: list[Cells] = [{"nights": "2"}, {"nights": "-2"}]  # both 2 after repair
    cleaned = clean_tables(
        tmp_path, users=[{}], sessions=[booking()], flights=flights, hotels=hotels
    )
    assert cleaned.flights.counts == counts(read=2, kept=0, rejected=2)
    assert cleaned.hotels.counts == counts(read=2, kept=0, rejected=2)


def test_rejected_row_is_no_side_of_a_conflict(tmp_path: Path) -> None:
    rows: list[Cells] = [{}, {"page_clicks": "-5"}]
    sessions = clean_tables(tmp_path, users=[{}], sessions=rows).sessions
    assert sessions.counts == counts(read=2, kept=1, rejected=1)


def test_trip_of_two_users_rejects_its_sessions(tmp_path: Path) -> None:
    sessions = [
        booking(1),
        cancellation(1),
        {**booking(1), "session_id": "x", "user_id": 2},
        booking(2),
        booking(3),
        {**booking(3), "session_id": "z", "user_id": 99},  # unknown, yet it shares the trip
        {"session_id": "v", "user_id": 99},
        {"session_id": "w", "user_id": 2},
    ]
    cleaned = clean_tables(
        tmp_path,
        users=[{"user_id": 1}, {"user_id": 2}],
        sessions=sessions,
        flights=[{"trip_id": "t1"}, {"trip_id": "t2"}, {"trip_id": "t3"}],
    )
    assert cleaned.sessions.rejects == [
        Reject(2, "two_users", "trip_id"),
        Reject(3, "two_users", "trip_id"),
        Reject(4, "two_users", "trip_id"),
        Reject(6, "two_users", "trip_id"),
        Reject(7, "two_users", "trip_id"),
        Reject(8, "unknown_user", "user_id"),
    ]
    assert [session["session_id"] for session in cleaned.sessions.rows] == ["b2", "w"]
    assert cleaned.flights.counts == counts(read=3, kept=1, ignored=2)


def test_session_of_a_rejected_user_is_rejected(tmp_path: Path) -> None:
    sessions = clean_tables(tmp_path, users=[{"sign_up_date": "soon"}], sessions=[{}]).sessions
    assert sessions.rejects == [Reject(2, "unknown_user", "user_id")]


def test_rows_of_trips_without_session_are_ignored_after_merge_and_conflict(
    tmp_path: Path,
) -> None:
    hotels: list[Cells] = [
        {"trip_id": "t1"},
        {"trip_id": "other"},
        {"trip_id": "other"},
        {"trip_id": "third", "rooms": 1},
        {"trip_id": "third", "rooms": 2},
        {"trip_id": "fourth", "rooms": 0},
    ]
    cleaned = clean_tables(tmp_path, users=[{}], sessions=[cancellation()], hotels=hotels)
    assert cleaned.hotels.counts == counts(read=6, kept=1, merged=1, rejected=3, ignored=1)


# Repairs


@pytest.mark.parametrize(
    ("nights", "check_out", "expected"),
    [
        ("3", "2023-01-18 15:00:00", 3),
        ("0", "2023-01-19 15:00:00", 2),
        ("0", "2023-01-19 15:00:00.000001", 3),
        ("-1", "2023-01-17 16:00:00", 1),
        ("-2.0", "2023-01-18 11:00:00", 1),
        ("0", "2023-01-17 15:00:00", None),
        ("-1", "2023-01-16 11:00:00", None),
        ("0", "", None),
        ("", "2023-01-19 11:00:00", None),
    ],
)
def test_nights_are_repaired(
    tmp_path: Path, nights: str, check_out: str, expected: int | None
) -> None:
    stay: Cells = {"nights": nights, "check_out_time": check_out}
    cleaned = clean_tables(tmp_path, users=[{}], sessions=[booking()], hotels=[stay])
    assert [row["nights"] for row in cleaned.hotels.rows] == [expected]


@pytest.mark.parametrize(
    ("return_time", "is_known"), [("2023-01-16 00:00:00", True), ("2023-01-15 23:59:59", False)]
)
def test_return_before_departure_is_unknown(
    tmp_path: Path, return_time: str, is_known: bool
) -> None:
    flight: Cells = {"return_time": return_time}
    cleaned = clean_tables(tmp_path, users=[{}], sessions=[booking()], flights=[flight])
    assert (cleaned.flights.rows[0]["return_time"] is not None) is is_known


# Cohort


def visits(user_id: int, starts: list[str]) -> list[Cells]:
    return [
        {
            "session_id": f"{user_id}-{number}",
            "user_id": user_id,
            "session_start": start,
            "session_end": "2023-06-01 00:00:00",
        }
        for number, start in enumerate(starts)
    ]


def test_cohort_bounds_are_inclusive(tmp_path: Path) -> None:
    inside, just_before = "2023-01-04 00:00:00", "2023-01-03 23:59:59.999999"
    cleaned = clean_tables(
        tmp_path,
        users=[{"user_id": user_id} for user_id in (10, 9, 2, 4)],
        sessions=visits(10, [inside] * 7)
        + visits(9, [inside] * 7 + [just_before])
        + visits(2, [inside] * 6 + [just_before])
        + visits(4, [inside] * 6 + ["2023-01-04 01:00:00+01:30"]),
    )
    table = features(cleaned)
    assert list(table["user_id"]) == [9, 10]
    assert list(table["n_sessions"]) == [7, 7]
    assert list(table.columns) == ["user_id", *FEATURES]
    assert len(FEATURES) == 26
    assert list(features(cleaned, min_sessions=6)["user_id"]) == [2, 4, 9, 10]
    assert list(features(cleaned, start_date=date(2023, 1, 3))["user_id"]) == [2, 4, 9, 10]
    assert len(features(cleaned, start_date="2023-01-05")) == 0


def test_booking_before_the_window_makes_no_trip(tmp_path: Path) -> None:
    before: Cells = {
        "session_start": "2023-01-03 00:00:00",
        "session_end": "2023-01-03 00:01:00",
    }
    row = one_user(tmp_path, [{}, booking(**before), cancellation(1)], flights=[{}])
    assert row["n_trips"] == 0
    assert row["n_cancellations"] == 1
    assert math.isnan(row["cancellation_rate"])
    row = one_user(tmp_path, [{}, booking(1), cancellation(1, **before)], flights=[{}])
    assert (row["n_trips"], row["n_cancellations"], row["n_flights"]) == (1, 0, 1)


# Features


def test_user_without_trips_has_empty_means_and_zero_counts(tmp_path: Path) -> None:
    row = one_user(tmp_path, [{"session_id": "a", "page_clicks": 3}, {"session_id": "b"}])
    filled = {column: row[column] for column in FEATURES if not pd.isna(row[column])}
    assert filled == {
        "n_sessions": 2,
        "mean_page_clicks": 6.5,
        "mean_session_seconds": 60.0,
        "n_trips": 0,
        "booking_rate": 0.0,
        "n_cancellations": 0,
        "n_flights": 0,
        "n_hotels": 0,
        "discount_offer_rate": 0.0,
        "checked_bags": 0,
        "total_nights": 0,
        "hotel_spend_usd": 0.0,
        "flight_spend_usd": 0.0,
        "months_since_sign_up": pytest.approx(8 / 30.4375, rel=1e-15),
    }


def test_user_who_only_cancels_has_no_visit(tmp_path: Path) -> None:
    row = one_user(tmp_path, [cancellation(1), cancellation(2)])
    assert (row["n_sessions"], row["n_cancellations"], row["n_trips"]) == (2, 2, 0)
    rates = ["mean_page_clicks", "mean_session_seconds", "booking_rate", "discount_offer_rate"]
    assert row[rates].isna().all()


def test_cancelled_trip_is_one_trip_and_not_travelled(tmp_path: Path) -> None:
    row = one_user(
        tmp_path,
        [
            booking(1, hotel_booked="true"),
            cancellation(1),
            {**cancellation(1), "session_id": "again"},
            {**cancellation(1), "session_id": "nameless", "trip_id": ""},
            booking(2),
            booking(3),
            {"session_id": "look"},
        ],
        flights=[{"trip_id": f"t{number}", "checked_bags": number} for number in (1, 2, 3)],
        hotels=[{"trip_id": "t1"}],
    )
    assert row["n_sessions"] == 7
    assert (row["n_trips"], row["n_cancellations"]) == (3, 1)
    assert row["cancellation_rate"] == 1 / 3
    assert row["booking_rate"] == 3 / 4
    assert (row["n_flights"], row["n_hotels"], row["bundle_rate"]) == (2, 0, 0.0)
    assert row["checked_bags"] == 5
    assert row["flight_spend_usd"] == 200.0


def test_trip_booked_twice_takes_its_earliest_booking(tmp_path: Path) -> None:
    early, late = "2023-01-09 00:00:00", "2023-01-10 00:00:00"
    end = "2023-01-11 00:00:00"
    row = one_user(
        tmp_path,
        [
            booking(1, session_start=late, session_end=end, flight_discount_amount="0.9"),
            # Of the two that start together, "b10" comes first: ids are text.
            booking(
                1,
                session_id="b9",
                session_start=early,
                session_end=end,
                flight_discount_amount="0.1",
            ),
            booking(
                1,
                session_id="b10",
                session_start=early,
                session_end=end,
                flight_discount_amount="0.5",
            ),
        ],
        flights=[{}],
    )
    assert row["n_trips"] == 1
    assert row["booking_rate"] == 1.0
    assert row["flight_spend_usd"] == 50.0
    assert row["mean_lead_days"] == 7.0
    assert row["mean_discount"] == 0.5


def test_trip_has_the_flight_and_stay_that_have_rows(tmp_path: Path) -> None:
    row = one_user(
        tmp_path,
        [
            booking(1, hotel_booked="true"),
            booking(2, hotel_booked="true"),
            booking(3, hotel_booked="true"),
            booking(4),  # a stay was not booked here, yet it has a row
        ],
        flights=[{"trip_id": "t1"}, {"trip_id": "t2"}],
        hotels=[{"trip_id": "t1"}, {"trip_id": "t4"}],
    )
    assert (row["n_trips"], row["n_flights"], row["n_hotels"]) == (4, 2, 2)
    assert row["bundle_rate"] == 0.25


def test_session_with_a_trip_that_books_nothing_is_no_booking(tmp_path: Path) -> None:
    row = one_user(
        tmp_path,
        [
            booking(1, flight_booked="false"),
            booking(2, trip_id=""),
            booking(3, flight_booked="false", hotel_booked="true"),
        ],
        flights=[{}],
    )
    assert (row["n_trips"], row["n_flights"]) == (1, 0)
    assert row["booking_rate"] == 1 / 3


def test_offers_and_discounts(tmp_path: Path) -> None:
    row = one_user(
        tmp_path,
        [
            booking(1, flight_discount="t", flight_discount_amount="0.1"),
            booking(
                2,
                flight_discount="t",
                hotel_discount="t",
                flight_discount_amount="0.2",
                hotel_discount_amount="0.3999999999999999",
            ),
            booking(3),
            {"session_id": "v1", "hotel_discount": "t", "hotel_discount_amount": "0.9"},
            {"session_id": "v2"},
            cancellation(1, flight_discount="t", flight_discount_amount="0.9"),
        ],
    )
    assert row["discount_offer_rate"] == 3 / 5
    assert row["discount_booking_rate"] == 2 / 3
    assert row["mean_discount"] == pytest.approx(0.7 / 3, rel=1e-15)


def test_bags_fares_and_spend_of_flights(tmp_path: Path) -> None:
    row = one_user(
        tmp_path,
        [
            booking(1, flight_discount_amount="0.5"),
            booking(2, hotel_discount_amount="0.5"),
        ],
        flights=[
            {"trip_id": "t1", "seats": 3, "checked_bags": 1, "base_fare_usd": "0.01"},
            {"trip_id": "t2", "seats": 1, "checked_bags": 2, "base_fare_usd": "10.004999"},
        ],
    )
    assert row["checked_bags"] == 3
    assert row["bags_per_seat"] == 0.75
    assert row["mean_base_fare_usd"] == 5.0074995
    assert row["flight_spend_usd"] == 10.01  # half a cent goes up, 10.004999 goes down


def test_nights_rooms_and_spend_of_stays(tmp_path: Path) -> None:
    row = one_user(
        tmp_path,
        [
            booking(1, hotel_discount_amount="0.15"),
            booking(2, flight_discount_amount="0.5"),
            booking(3),
        ],
        hotels=[
            {"trip_id": "t1", "nights": 3, "rooms": 2, "hotel_per_room_usd": "33.35"},
            {"trip_id": "t2", "nights": -1, "rooms": 1, "hotel_per_room_usd": "100"},  # 2 nights
            {"trip_id": "t3", "nights": "", "rooms": 3, "hotel_per_room_usd": "40.65"},
        ],
    )
    assert (row["n_hotels"], row["total_nights"]) == (3, 5)
    assert row["mean_nights"] == 2.5
    assert row["mean_rooms"] == 2.0
    assert row["mean_hotel_per_room_usd"] == 58.0
    assert row["hotel_spend_usd"] == 370.09  # 6 x 33.35 x 0.85 = 170.085, and 200


def test_distance_is_the_mean_of_the_flights_whose_distance_is_known(tmp_path: Path) -> None:
    def to(number: int, lat: str, lon: str) -> Cells:
        return {
            "trip_id": f"t{number}",
            "destination_airport_lat": lat,
            "destination_airport_lon": lon,
        }

    row = one_user(
        tmp_path,
        [booking(number) for number in (1, 2, 3, 4)],
        users=[{"home_airport_lat": "0", "home_airport_lon": "0"}],
        flights=[to(1, "0", "7"), to(2, "0", "180"), to(3, "91", "0"), to(4, "", "0")],
    )
    # Seven degrees are 6371.0088 km x 7 pi / 180 = 778.36556 km, half the globe 20015.11435 km.
    assert row["mean_distance_km"] == (778_366 + 20_015_114) / 2 / 1000
    row = one_user(tmp_path, [booking(1)], flights=[to(1, "0", "1")])
    assert math.isnan(row["mean_distance_km"])
    row = one_user(
        tmp_path,
        [booking(1)],
        users=[{"home_airport_lat": "60", "home_airport_lon": "-90"}],
        flights=[to(1, "60", "90")],
    )
    assert row["mean_distance_km"] == 6_671.705  # over the pole: 60 degrees, 6671.70481 km


def test_lead_and_weekend_follow_departure_else_check_in(tmp_path: Path) -> None:
    row = one_user(
        tmp_path,
        [booking(number) for number in (1, 2, 3, 4)],  # booked on Monday 2023-01-09 00:00
        flights=[
            {"trip_id": "t1", "departure_time": "2023-01-12 12:00:00"},  # Thursday
            {"trip_id": "t2", "departure_time": "2023-01-12 23:30:00-01:00"},  # Friday in UTC
        ],
        hotels=[
            {"trip_id": "t1", "check_in_time": "2023-01-13 15:00:00"},  # Friday, not looked at
            {"trip_id": "t3", "check_in_time": "2023-01-15 00:00:00"},  # Sunday
        ],
    )
    assert row["weekend_rate"] == 2 / 3
    assert row["mean_lead_days"] == (84 + 96.5 + 144) / 24 / 3


@pytest.mark.parametrize(
    ("day", "expected"), [(9, 0.0), (12, 0.0), (13, 1.0), (14, 1.0), (15, 1.0), (16, 0.0)]
)
def test_weekend_is_friday_to_sunday(tmp_path: Path, day: int, expected: float) -> None:
    flight: Cells = {"departure_time": f"2023-01-{day:02} 23:59:59"}
    assert one_user(tmp_path, [booking()], flights=[flight])["weekend_rate"] == expected


def test_months_run_to_the_latest_session_of_anyone(tmp_path: Path) -> None:
    late: Cells = {
        "session_id": "late",
        "user_id": 2,
        "session_start": "2023-03-02 23:00:00-02:00",  # 3 March in UTC
        "session_end": "2023-03-05 00:00:00",
    }
    cleaned = clean_tables(
        tmp_path,
        users=[{"sign_up_date": "2023-01-01"}, {"user_id": 2, "sign_up_date": "2023-03-04"}],
        sessions=[{}, late],
    )
    months = features(cleaned, min_sessions=1)["months_since_sign_up"]
    assert list(months) == pytest.approx([61 / 30.4375, -1 / 30.4375], rel=1e-15)


@pytest.mark.skipif(not REAL_DATA.is_dir(), reason="the real data is not beside the repository")
def test_every_row_of_the_real_data_is_accounted_for() -> None:
    cleaned = clean(REAL_DATA)
    tables = [cleaned.users, cleaned.sessions, cleaned.flights, cleaned.hotels]
    assert [table.read for table in tables] == [4_631, 37_959, 9_524, 10_061]
    for table in tables:
        assert table.read == table.kept + table.merged + table.rejected + table.ignored
    assert len(features(cleaned)) == 4_631
