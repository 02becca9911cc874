"""Every row of "what real exports contain, and what becomes of it", on each table it can hit."""

import csv
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.cleaning import (
    Cells,
    as_csv,
    clean_bytes,
    clean_folder,
    clean_rows,
    header_of,
    sound,
)
from travel_perks.cleaning.clean import clean
from travel_perks.cleaning.profile import profile
from travel_perks.cleaning.rejects import MASK, rejects
from travel_perks.cleaning.source_csv import open_source
from travel_perks.database import connect
from travel_perks.errors import DataQualityError
from travel_perks.publishing.table_files import write_csv
from travel_perks.tables import TABLES

NAMES = list(TABLES)
REQUIRED = {
    "users": {"user_id", "sign_up_date"},
    "sessions": {
        "session_id",
        "user_id",
        "session_start",
        "session_end",
        "page_clicks",
        "flight_booked",
        "hotel_booked",
        "cancellation",
    },
    "flights": {"trip_id", "seats", "checked_bags", "departure_time", "base_fare_usd"},
    "hotels": {"trip_id", "rooms", "check_in_time", "hotel_per_room_usd"},
}
REQUIRED_CELLS = [(table, name) for table, names in REQUIRED.items() for name in sorted(names)]
OTHER_CELLS = [
    (name, column)
    for name, table in TABLES.items()
    for column in table.column_names
    if column not in REQUIRED[name]
]
OFFERS = {"flight_discount", "hotel_discount"}
# Far apart, so that any time between them may stand in the other cells.
WIDE = {
    "session_start": "2020-01-01 00:00:00",
    "session_end": "2030-01-01 00:00:00",
    "departure_time": "2020-01-01 00:00:00",
}


def of_kind(*kinds: str) -> list[tuple[str, str]]:
    """The columns of some kinds that can reject a row, each with its table."""
    return [
        (name, column.name)
        for name, table in TABLES.items()
        for column in table.columns
        if column.kind in kinds and not column.lenient
    ]


def rows_with(table: str, column: str, texts: list[str]) -> list[Cells]:
    """One row a text, sound but for it."""
    wide = {name: time for name, time in WIDE.items() if name in sound(table)}
    return [sound(table, n, **(wide | {column: text})) for n, text in enumerate(texts, 1)]


def read(folder: Path, table: str, column: str, texts: list[str]) -> list[Any]:
    """What up to nine texts are read as; all their rows are kept."""
    outcome = clean_rows(folder, table, rows_with(table, column, texts))
    assert outcome.rejects == []
    assert outcome.counts.kept == len(texts)
    return [row[column] for row in outcome.kept]


def assert_rejected(
    folder: Path, table: str, column: str, texts: list[str], rule: str, *, shown: str | None = None
) -> None:
    """Each text rejects its row, under `rule`, and no other row."""
    rows = [*rows_with(table, column, texts), sound(table, 20)]
    outcome = clean_rows(folder, table, rows)
    assert outcome.rejects == [
        (line, rule, column, shown or text or None) for line, text in enumerate(texts, 2)
    ]
    assert outcome.fates == (len(rows), 1, 0, len(texts), 0)
    assert outcome.counts.rejected_by_rule == {rule: len(texts)}


# A file that is no table at all


def message(folder: Path, table: str, content: bytes) -> str:
    with pytest.raises(DataQualityError) as failure:
        clean_bytes(folder, table, content)
    told = str(failure.value)
    assert told.endswith(".") and "\n" not in told
    assert f"source of {table} " in told
    return told


@pytest.mark.parametrize("table", NAMES)
def test_missing_column_names_table_expected_and_found(tmp_path: Path, table: str) -> None:
    for gone in TABLES[table].column_names:
        rows = [{name: text for name, text in sound(table).items() if name != gone}]
        told = message(tmp_path, table, as_csv(rows))
        assert f"lacks {gone}:" in told
        assert ", ".join(TABLES[table].column_names) in told
        assert ", ".join(rows[0]) in told


@pytest.mark.parametrize("table", NAMES)
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n\r\n\n",
        b"\xef\xbb\xbf",
        b"<!doctype html>\n<html><body>Please log in</body></html>\n",
        b'{"error": "no such export", "code": 404}\n',
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\xff\xfe\n",
        bytes(range(256)) * 20,
        "user_id,trip_id,session_id\n1,2,3\n".encode("utf-16"),
    ],
    ids=["empty", "blank", "bom", "html", "json", "png", "bytes", "utf-16"],
)
def test_other_content_is_an_error(tmp_path: Path, table: str, content: bytes) -> None:
    told = message(tmp_path, table, content)
    assert "lacks" in told
    assert ", ".join(TABLES[table].column_names) in told


def test_what_stands_in_place_of_a_header_is_not_shown(tmp_path: Path) -> None:
    without_header = as_csv([sound("users", birthdate="1951-03-04")]).partition(b"\n")[2]
    told = message(tmp_path, "users", without_header)
    assert "1951-03-04" not in told and "winnipeg" not in told


# Files that look odd and are sound


def quote_all(content: bytes) -> bytes:
    lines = content.split(b"\n")[:-1]
    return b"".join(b'"' + line.replace(b",", b'","') + b'"\n' for line in lines)


@pytest.mark.parametrize("table", NAMES)
@pytest.mark.parametrize(
    "change",
    [
        lambda content: content.replace(b"\n", b"\r\n"),
        lambda content: content.replace(b"\n", b"\r"),
        lambda content: b"\xef\xbb\xbf" + content,
        lambda content: b"\xef\xbb\xbf" + quote_all(content),
        lambda content: content.rstrip(b"\n"),
        lambda content: content.replace(b"\n", b"\n\n"),
        lambda content: b"\n\r\n" + content,
        lambda content: content.replace(b",", b" , "),
        quote_all,
    ],
    ids=["crlf", "cr", "bom", "bom-quoted", "no-end", "empty-lines", "leading", "spaces", "quoted"],
)
def test_layout_of_the_file_does_not_matter(tmp_path: Path, table: str, change: Any) -> None:
    rows = [sound(table, n) for n in (1, 2, 3)]
    plain, changed = as_csv(rows), change(as_csv(rows))
    assert changed != plain
    expected, found = (clean_bytes(tmp_path, table, content) for content in (plain, changed))
    assert expected.fates == (3, 3, 0, 0, 0)
    assert found.fates == expected.fates
    assert found.kept == expected.kept


@pytest.mark.parametrize("table", NAMES)
def test_extra_columns_and_another_order_are_accepted(tmp_path: Path, table: str) -> None:
    rows = [sound(table, n) for n in (1, 2)]
    shuffled = [
        {"batch": "7", **dict(reversed(row.items())), "Note, of mine": "a,\n'b'"} for row in rows
    ]
    found = clean_rows(tmp_path, table, shuffled)
    assert found.kept == clean_rows(tmp_path, table, rows).kept
    assert found.fates == (2, 2, 0, 0, 0)


@pytest.mark.parametrize("table", NAMES)
def test_columns_are_told_by_name_whatever_their_spaces_and_capitals(
    tmp_path: Path, table: str
) -> None:
    rows = [{f"  {name.title()} ": text for name, text in sound(table).items()}]
    assert (
        clean_rows(tmp_path, table, rows).kept == clean_rows(tmp_path, table, [sound(table)]).kept
    )


@pytest.mark.parametrize(
    ("table", "column"),
    [("users", "home_city"), ("flights", "destination"), ("hotels", "hotel_name")],
)
def test_quoted_commas_quotes_and_line_breaks_are_text(
    tmp_path: Path, table: str, column: str
) -> None:
    texts = ["Hilton, Downtown", 'The "Palace"', "Hyatt\nRegency", "Hyatt\r\nRegency", "é, ü, 東京"]
    assert read(tmp_path, table, column, texts) == texts


@pytest.mark.parametrize("table", NAMES)
def test_empty_lines_are_no_rows(tmp_path: Path, table: str) -> None:
    content = as_csv([sound(table, n) for n in (1, 2)])
    found = clean_bytes(tmp_path, table, b"\n\n" + content.replace(b"\n", b"\n\n\n") + b"\n\n")
    assert found.fates == (2, 2, 0, 0, 0)


@pytest.mark.parametrize("table", NAMES)
def test_header_only_is_a_table_without_rows(tmp_path: Path, table: str) -> None:
    for content in (header_of(table), header_of(table).strip()):
        assert clean_bytes(tmp_path, table, content).fates == (0, 0, 0, 0, 0)


# Cells


@pytest.mark.parametrize(("table", "column"), of_kind("boolean"))
def test_booleans(tmp_path: Path, table: str, column: str) -> None:
    yes = ["true", "True", "TRUE", "t", "T", "1", "yes", "Yes", "y"]
    no = ["false", "False", "FALSE", "f", "F", "0", "no", "NO", "n"]
    assert read(tmp_path, table, column, yes) == [True] * 9
    assert read(tmp_path, table, column, no) == [False] * 9
    assert read(tmp_path, table, column, [" true ", "0 "]) == [True, False]
    others = ["2", "1.0", "on", "off", "maybe", "null", "wahr", "-1", "tru"]
    assert_rejected(tmp_path, table, column, others, "unreadable_boolean")


@pytest.mark.parametrize(("table", "column"), of_kind("timestamp"))
def test_timestamps(tmp_path: Path, table: str, column: str) -> None:
    minute = datetime(2023, 1, 4, 0, 1)
    same = [
        "2023-01-04 00:01:00",
        "2023-01-04 00:01:00.000000",
        "2023-01-04T00:01:00",
        "2023-01-04T00:01:00Z",
        "2023-01-04 02:01:00+02",
        "2023-01-03T20:31:00.0-03:30",
        "2023-01-04 05:31:00+0530",
        " 2023-01-04 00:01:00 ",
    ]
    assert read(tmp_path, table, column, same) == [minute] * len(same)
    fractions = ["2023-01-04 00:01:21.03", "2023-01-04 00:01:21.123456789"]
    assert read(tmp_path, table, column, fractions) == [
        datetime(2023, 1, 4, 0, 1, 21, 30_000),
        datetime(2023, 1, 4, 0, 1, 21, 123_456),
    ]
    others = [
        "2023-01-04",
        "2023-01-04 00:01",
        "2023-1-4 00:01:00",
        "04/01/2023 00:01:00",
        "1672790460",
        "2023-02-29 00:00:00",
        "2023-01-04 24:00:00",
        "2023-01-04 00:00:60",
        "2023-01-04 00:01:00 UTC",
        "2023-01-04 00:01:00 Europe/Berlin",
        "2023-01-04 00:01:00+24",
        "2023-01-04 00:01:00+02:60",
        "epoch",
        "infinity",
        "now",
        "2023-01-04 00:00:00 (BC)",
    ]
    assert_rejected(tmp_path, table, column, others, "unreadable_timestamp")
    far = ["0000-01-01 00:00:00", "0001-01-01 00:00:00+01", "9999-12-31 23:59:59-01"]
    assert_rejected(tmp_path, table, column, far, "out_of_range")


def test_the_sign_up_date_is_the_day_as_written(tmp_path: Path) -> None:
    texts = [
        "2022-11-05",
        "2022-11-05 00:00:00",
        "2022-11-05T23:30:00-05:00",
        "2022-11-05 00:30:00Z",
    ]
    assert read(tmp_path, "users", "sign_up_date", texts) == [date(2022, 11, 5)] * 4
    others = ["05.11.2022", "2022-11-31", "2022-11", "yesterday", "0000-01-01", "2022-11-05x"]
    assert_rejected(tmp_path, "users", "sign_up_date", others, "unreadable_date")


@pytest.mark.parametrize(("table", "column"), of_kind("integer", "count"))
def test_whole_numbers(tmp_path: Path, table: str, column: str) -> None:
    kind = "integer" if (table, column) in of_kind("integer") else "count"
    spelled = ["1", "1.0", "1.", "+1", "001", " 1 "]
    numbers = [1, 2, 3, 4, 5, 6] if column == TABLES[table].key else [1] * 6
    texts = [text.replace("1", str(n)) for text, n in zip(spelled, numbers, strict=True)]
    assert read(tmp_path, table, column, texts) == numbers
    others = [
        "1.5",
        "1e3",
        "one",
        "1,0",
        "NaN",
        "inf",
        "-inf",
        "0x10",
        "1_000",
        "9223372036854775808",
        "-9223372036854775809",
        "99999999999999999999.0",
        "\u0661",
        "\t1",
    ]
    assert_rejected(tmp_path, table, column, others, f"unreadable_{kind}")


@pytest.mark.parametrize(("table", "column"), of_kind("count"))
def test_counts_have_a_range(tmp_path: Path, table: str, column: str) -> None:
    least = 1 if column in ("seats", "rooms") else 0
    assert read(tmp_path, table, column, [str(least), "1000000"]) == [least, 1_000_000]
    others = [str(least - 1), "-9223372036854775808", "1000001", "9223372036854775807"]
    assert_rejected(tmp_path, table, column, others, "out_of_range")


@pytest.mark.parametrize(("table", "column"), of_kind("decimal"))
def test_money(tmp_path: Path, table: str, column: str) -> None:
    texts = ["0", "12.5", "1e2", ".5", "7.", "0.0000005", "999999999999.999999", "+3", "-0"]
    expected = ["0", "12.5", "100", "0.5", "7", "0.000001", "999999999999.999999", "3", "0"]
    assert read(tmp_path, table, column, texts) == [Decimal(text) for text in expected]
    assert_rejected(tmp_path, table, column, ["-0.01", "-12.5"], "out_of_range")
    others = ["NaN", "inf", "-Infinity", "12,50", "$12", "1_0", "+-1", "\t1", "1e400", "1e12"]
    assert_rejected(tmp_path, table, column, others, "unreadable_decimal")


@pytest.mark.parametrize(("table", "column"), of_kind("share"))
def test_discounts(tmp_path: Path, table: str, column: str) -> None:
    texts = [
        "0.3999999999999999",
        "0.12345",
        "0.12344",
        "1",
        "0",
        "1.00004",
        "-0.00004",
        "1e-1",
        "",
    ]
    expected = ["0.4", "0.1235", "0.1234", "1", "0", "1", "0", "0.1"]
    assert read(tmp_path, table, column, texts) == [*map(Decimal, expected), None]
    assert_rejected(tmp_path, table, column, ["1.00005", "-0.0001", "15", "-1"], "out_of_range")
    assert_rejected(tmp_path, table, column, ["15%", "NaN", "inf", "0,1"], "unreadable_share")


def test_rounded_discounts_are_counted(tmp_path: Path) -> None:
    rows = rows_with("sessions", "hotel_discount_amount", ["0.3999999999999999", "0.4", "0.40000"])
    counts = clean_rows(tmp_path, "sessions", rows).counts
    assert counts.changed_by_rule == {"rounded_hotel_discount_amount": 1}


@pytest.mark.parametrize(("table", "column"), of_kind("degrees"))
def test_places_outside_the_globe_are_unknown(tmp_path: Path, table: str, column: str) -> None:
    most = 90 if column.endswith("lat") else 180
    texts = [f"{most}", f"-{most}.0", f"{most}.0001", f"-{most + 1}", "1e6", ""]
    outcome = clean_rows(tmp_path, table, rows_with(table, column, texts))
    assert [row[column] for row in outcome.kept] == [most, -most, None, None, None, None]
    assert outcome.counts.changed_by_rule == {f"outside_the_globe_{column}": 3}
    shown = MASK if table == "users" else None
    others = ["north", "NaN", "inf", "45,3", "+-1", "1e400"]
    assert_rejected(tmp_path, table, column, others, "unreadable_degrees", shown=shown)


@pytest.mark.parametrize(("table", "column"), REQUIRED_CELLS)
def test_an_empty_required_cell_rejects_the_row(tmp_path: Path, table: str, column: str) -> None:
    assert_rejected(tmp_path, table, column, ["", ""], "required_cell_empty")
    spaces = clean_rows(tmp_path, table, [sound(table, **{column: "   "}), sound(table, 2)])
    assert spaces.rejects == [(2, "required_cell_empty", column, None)]


@pytest.mark.parametrize(("table", "column"), OTHER_CELLS)
def test_every_other_cell_may_be_empty(tmp_path: Path, table: str, column: str) -> None:
    empty = False if column in OFFERS else None
    assert read(tmp_path, table, column, ["", "  "]) == [empty, empty]


@pytest.mark.parametrize(
    ("table", "column", "texts"),
    [
        ("users", "birthdate", ["unknown", "1984-13-01", "31/02/1990", "0000-00-00", "0000-01-01"]),
        ("users", "married", ["maybe", "2"]),
        ("users", "has_children", ["3", "some"]),
        *(
            (table, name, ["a\x00b", "\x01", "c\x7f"])
            for table, name in OTHER_CELLS
            if next(c for c in TABLES[table].columns if c.name == name).kind == "word"
        ),
    ],
)
def test_an_unreadable_cell_that_decides_nothing_becomes_empty(
    tmp_path: Path, table: str, column: str, texts: list[str]
) -> None:
    outcome = clean_rows(tmp_path, table, rows_with(table, column, texts))
    assert [row[column] for row in outcome.kept] == [None] * len(texts)
    assert outcome.rejects == []
    assert outcome.counts.changed_by_rule == {f"emptied_{column}": len(texts)}


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("sessions", "session_id"),
        ("sessions", "trip_id"),
        ("flights", "trip_id"),
        ("hotels", "trip_id"),
    ],
)
def test_an_id_with_a_nul_rejects_the_row(tmp_path: Path, table: str, column: str) -> None:
    assert_rejected(tmp_path, table, column, ["t\x001", "\x00"], "unreadable_id")


def test_a_row_falls_under_the_first_rule_that_it_breaks(tmp_path: Path) -> None:
    rows = [
        sound("sessions", 1, page_clicks="", session_start="x", hotel_discount_amount="2"),
        sound("sessions", 2, page_clicks="x", session_start="x", hotel_discount_amount="2"),
        sound("sessions", 3, page_clicks="-1", hotel_discount_amount="2"),
    ]
    assert clean_rows(tmp_path, "sessions", rows).rejects == [
        (2, "required_cell_empty", "page_clicks", None),
        (3, "unreadable_timestamp", "session_start", "x"),
        (4, "out_of_range", "hotel_discount_amount", "2"),
    ]


# Times and nights


def test_a_session_does_not_end_before_it_starts(tmp_path: Path) -> None:
    start = "2023-01-09 08:00:00"
    ends = ["2023-01-09 07:59:59.999999", start, "2023-01-09 09:00:00+02:00"]
    rows = [
        sound("sessions", n, session_start=start, session_end=end) for n, end in enumerate(ends)
    ]
    outcome = clean_rows(tmp_path, "sessions", rows)
    assert outcome.rejects == [
        (2, "ends_before_it_starts", "session_end", ends[0]),
        (4, "ends_before_it_starts", "session_end", ends[2]),
    ]


@pytest.mark.parametrize(
    ("nights", "check_out", "expected", "change"),
    [
        ("3", "2023-02-02 15:00:00", 3, None),
        ("0", "2023-02-03 15:00:00", 2, "repaired_nights"),
        ("0", "2023-02-03 15:00:00.000001", 3, "repaired_nights"),
        ("-1", "2023-02-01 16:00:00", 1, "repaired_nights"),
        ("-2.0", "2023-02-02 11:00:00", 1, "repaired_nights"),
        ("0", "2023-02-01 15:00:00", None, "unknown_nights"),
        ("-1", "2023-01-31 11:00:00", None, "unknown_nights"),
        ("0", "", None, "unknown_nights"),
        ("", "2023-02-05 11:00:00", None, None),
    ],
)
def test_nights_are_repaired_by_the_check_out(
    tmp_path: Path, nights: str, check_out: str, expected: int | None, change: str | None
) -> None:
    outcome = clean_rows(
        tmp_path, "hotels", [sound("hotels", nights=nights, check_out_time=check_out)]
    )
    assert [row["nights"] for row in outcome.kept] == [expected]
    assert outcome.counts.changed_by_rule == ({change: 1} if change else {})


def test_more_nights_than_anyone_stays_reject(tmp_path: Path) -> None:
    assert_rejected(tmp_path, "hotels", "nights", ["1000001"], "out_of_range")


def test_a_return_before_the_departure_is_unknown(tmp_path: Path) -> None:
    back = ["2023-02-01 10:00:00", "2023-02-01 09:59:59", ""]
    rows = [sound("flights", n, return_time=time) for n, time in enumerate(back)]
    outcome = clean_rows(tmp_path, "flights", rows)
    assert [row["return_time"] for row in outcome.kept] == [datetime(2023, 2, 1, 10), None, None]
    assert outcome.counts.changed_by_rule == {"unknown_return_time": 1}


# Rows against each other


SAME_ONCE_TYPED = {
    "users": {"user_id": "1.0", "married": "T", "home_airport_lat": " 49.910"},
    "sessions": {
        "user_id": "1.",
        "session_start": "2023-01-09T10:00:00+02:00",
        "flight_discount_amount": "0.15000001",
        "hotel_discount": "",
        "page_clicks": "12.0",
    },
    "flights": {
        "seats": "01",
        "departure_time": "2023-02-01 10:00:00.000",
        "base_fare_usd": "250.50",
    },
    "hotels": {"nights": "4.0", "check_in_time": "2023-02-01T15:00:00Z", "rooms": " 1 "},
}
OTHER_CONTENT = {
    "users": {"home_city": "ottawa"},
    "sessions": {"page_clicks": "13"},
    "flights": {"trip_airline": ""},
    "hotels": {"hotel_per_room_usd": "121"},
}


@pytest.mark.parametrize("table", NAMES)
def test_equal_rows_are_merged(tmp_path: Path, table: str) -> None:
    rows = [sound(table), sound(table, 2), sound(table, **SAME_ONCE_TYPED[table]), sound(table)]
    outcome = clean_rows(tmp_path, table, rows)
    assert outcome.fates == (4, 2, 2, 0, 0)
    assert outcome.kept == clean_rows(tmp_path, table, rows[:2]).kept


@pytest.mark.parametrize("table", NAMES)
def test_one_key_with_two_contents_rejects_all_of_them(tmp_path: Path, table: str) -> None:
    rows = [
        sound(table),
        sound(table),  # merged into the first, which is rejected
        sound(table, 2),
        sound(table, **OTHER_CONTENT[table]),
    ]
    outcome = clean_rows(tmp_path, table, rows)
    assert outcome.fates == (4, 1, 1, 2, 0)
    assert outcome.rejects == [
        (2, "conflicting_key", None, None),
        (5, "conflicting_key", None, None),
    ]


@pytest.mark.parametrize("table", NAMES)
def test_a_row_that_is_rejected_contradicts_no_other(tmp_path: Path, table: str) -> None:
    required = sorted(REQUIRED[table] - {TABLES[table].key})[0]
    outcome = clean_rows(tmp_path, table, [sound(table), sound(table, **{required: ""})])
    assert outcome.fates == (2, 1, 0, 1, 0)


@pytest.mark.parametrize("table", ["users", "flights"])
def test_an_empty_flag_is_not_the_same_as_false(tmp_path: Path, table: str) -> None:
    flag = {"users": "married", "flights": "return_flight_booked"}[table]
    rows = [sound(table, **{flag: "false"}), sound(table, **{flag: ""})]
    assert clean_rows(tmp_path, table, rows).fates == (2, 0, 0, 2, 0)


def test_of_equal_rows_the_counts_of_changes_do_not_depend_on_the_order(tmp_path: Path) -> None:
    rows = [
        sound("sessions", flight_discount_amount="0.15"),
        sound("sessions", flight_discount_amount="0.1500000001"),
    ]
    for some in (rows, rows[::-1]):
        assert clean_rows(tmp_path, "sessions", some).counts.changed_by_rule == {}


def test_a_trip_of_two_users_rejects_its_sessions(tmp_path: Path) -> None:
    rows = [
        sound("sessions", 1),
        sound("sessions", 2, trip_id="t1", cancellation="true"),
        sound("sessions", 3, trip_id="t1", user_id="2"),
        sound("sessions", 4),
        sound("sessions", 5),
        sound("sessions", 6, trip_id="t5", user_id="99"),  # unknown, yet it shares the trip
        sound("sessions", 7, trip_id="", user_id="2"),
        sound("sessions", 8, trip_id=""),
        sound("sessions", 9, trip_id="t4", user_id="2", page_clicks="-1"),  # counts for nothing
    ]
    outcome = clean_rows(tmp_path, "sessions", rows)
    assert [(line, rule) for line, rule, _, _ in outcome.rejects] == [
        *((line, "trip_of_two_users") for line in (2, 3, 4, 6, 7)),
        (10, "out_of_range"),
    ]
    assert [row["session_id"] for row in outcome.kept] == ["s4", "s7", "s8"]


def test_a_session_of_an_unknown_user_is_rejected(tmp_path: Path) -> None:
    rows = [sound("sessions", 1), sound("sessions", 2, user_id="3"), sound("sessions", 3)]
    outcome = clean_rows(tmp_path, "sessions", rows)
    assert outcome.rejects == [(3, "unknown_user", None, None)]
    assert outcome.fates == (3, 2, 0, 1, 0)


@pytest.mark.parametrize("table", ["flights", "hotels"])
def test_rows_of_trips_that_no_session_names_are_ignored(tmp_path: Path, table: str) -> None:
    rows = [
        sound(table, 1),
        sound(table, 99),
        sound(table, 99),
        sound(table, 98),
        sound(table, 98, **OTHER_CONTENT[table]),
        sound(table, 97, **{sorted(REQUIRED[table])[0]: ""}),
    ]
    outcome = clean_rows(tmp_path, table, rows)
    assert outcome.fates == (6, 1, 1, 3, 1)


def test_a_rejected_user_takes_sessions_and_trips_along(tmp_path: Path) -> None:
    tables = {
        "users": [sound("users", 1, sign_up_date="soon"), sound("users", 2)],
        "sessions": [sound("sessions", 1), sound("sessions", 2, user_id="2")],
        "flights": [sound("flights", 1), sound("flights", 2)],
        "hotels": [sound("hotels", 1), sound("hotels", 2)],
    }
    for name, rows in tables.items():
        (tmp_path / f"{name}.csv").write_bytes(as_csv(rows))
    found = clean_folder(tmp_path)
    assert {name: outcome.fates for name, outcome in found.items()} == {
        "users": (2, 1, 0, 1, 0),
        "sessions": (2, 1, 0, 1, 0),
        "flights": (2, 1, 0, 0, 1),
        "hotels": (2, 1, 0, 0, 1),
    }


# Rejects: where, what, and what is not shown


def test_lines_of_rejects_count_quoted_line_breaks_and_empty_lines(tmp_path: Path) -> None:
    first, second, third = (as_csv([sound("hotels", n)]).split(b"\n")[1] for n in (1, 2, 3))
    bad = as_csv([sound("hotels", 4, rooms="0")]).split(b"\n")[1]
    content = header_of("hotels") + (  # line 1
        b"\n"  # 2, empty
        + first.replace(b"Hilton - boston", b'"Hilton\n\n- boston"')  # 3 to 5
        + b"\n"
        + bad  # 6
        + b"\n\n\n"  # 7 and 8, empty
        + second.replace(b"Hilton - boston", b'"a ""b""\nc"')  # 9 and 10
        + b"\n1,2,3\n"  # 11, too few
        + b"t5,\xff,4,1,2023-02-01 15:00:00,,120\n"  # 12, not UTF-8
        + bad.replace(b"t4,Hilton", b't6,"x\ny",Hilton')  # 13 and 14, too many
        + b"\n"
        + bad.replace(b"t4", b"t7")  # 15
        + b"\n"
        + third  # 16, no line end
    )
    expected = [
        (6, "out_of_range", "rooms", "0"),
        (11, "too_few_fields", None, None),
        (12, "not_utf8", None, None),
        (13, "too_many_fields", None, None),
        (15, "out_of_range", "rooms", "0"),
    ]
    for text in (content, content.replace(b"\n", b"\r\n"), b"\xef\xbb\xbf" + content):
        outcome = clean_bytes(tmp_path, "hotels", text)
        assert outcome.rejects == expected
        assert [row["trip_id"] for row in outcome.kept] == ["t1", "t2", "t3"]
        assert outcome.counts.rejected_by_rule == {
            "not_utf8": 1,
            "out_of_range": 2,
            "too_few_fields": 1,
            "too_many_fields": 1,
        }


def test_values_of_personal_columns_are_masked(tmp_path: Path) -> None:
    rows = [
        sound("users", 1, home_airport_lat="winnipeg"),
        sound("users", 2, sign_up_date="soon"),
        sound("users", 3, home_airport_lon="x" * 300),
        sound("users", 4, user_id=""),
    ]
    assert clean_rows(tmp_path, "users", rows).rejects == [
        (2, "unreadable_degrees", "home_airport_lat", MASK),
        (3, "unreadable_date", "sign_up_date", "soon"),
        (4, "unreadable_degrees", "home_airport_lon", MASK),
        (5, "required_cell_empty", "user_id", None),
    ]


def test_long_values_are_cut(tmp_path: Path) -> None:
    outcome = clean_rows(tmp_path, "hotels", [sound("hotels", nights="9" * 5000)])
    assert outcome.rejects == [(2, "unreadable_integer", "nights", "9" * 200)]


def test_the_rejects_file_is_safe_to_open_and_reads_back(tmp_path: Path) -> None:
    texts = ["=1+1", "+1+cmd", "-x", "@SUM(A1)", "\tx", "\rx", 'a "b", c', "line\nbreak", "a=b"]
    source = tmp_path / "hotels.csv"
    rows = [sound("hotels", n, nights=text) for n, text in enumerate(texts)]
    source.write_bytes(as_csv(rows, quoting=csv.QUOTE_ALL))
    connection = connect(spill=str(tmp_path))
    cleaned = clean(
        open_source(connection, source, TABLES["hotels"]),
        TABLES["hotels"],
        known=connection.sql("SELECT 't1' AS trip_id"),
    )
    write_csv(rejects(cleaned, TABLES["hotels"]), tmp_path / "rejects.csv")
    with (tmp_path / "rejects.csv").open(encoding="utf-8", newline="") as file:
        header, *found = csv.reader(file)
    assert header == ["line", "rule", "column", "value"]
    neutral = ["'" + text if text[0] in "=+-@\t\r" else text for text in texts]
    assert [row[3] for row in found] == neutral
    assert [int(row[0]) for row in found] == [2, 3, 4, 5, 6, 7, 8, 9, 11]


def test_only_text_is_neutralised_and_numbers_stay_numbers(tmp_path: Path) -> None:
    connection = connect()
    relation = connection.sql(
        "SELECT '=a' AS word, -1 AS whole, -0.5::DOUBLE AS share, 1e-7::DOUBLE AS tiny, "
        "-1.50::DECIMAL(9, 2) AS money, DATE '2023-01-04' AS day, NULL::VARCHAR AS nothing"
    )
    write_csv(relation, tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text("utf-8").splitlines() == [
        "word,whole,share,tiny,money,day,nothing",
        "'=a,-1,-0.5,1e-07,-1.50,2023-01-04,",
    ]


# Profile


def test_profile_of_a_table_without_rows_is_empty_where_nothing_is_known(tmp_path: Path) -> None:
    (tmp_path / "flights.csv").write_bytes(header_of("flights"))
    connection = connect(spill=str(tmp_path))
    source = open_source(connection, tmp_path / "flights.csv", TABLES["flights"])
    known = connection.sql("SELECT 't1' AS trip_id")
    facts = profile(clean(source, TABLES["flights"], known=known), TABLES["flights"])
    assert facts["rows_read"] == facts["rows_kept"] == 0
    assert facts["rejected_share"] == 0.0
    assert facts["null_share_seats"] is None
    assert facts["latest_departure_time"] is None


def test_profile_counts_empty_cells_and_the_span_of_times(tmp_path: Path) -> None:
    rows = [
        sound("users", 1, birthdate="", sign_up_date="2021-02-03"),
        sound("users", 2, birthdate="?"),
        sound("users", 3),
        sound("users", 4),
        sound("users", 5, sign_up_date=""),
    ]
    (tmp_path / "users.csv").write_bytes(as_csv(rows))
    connection = connect(spill=str(tmp_path))
    source = open_source(connection, tmp_path / "users.csv", TABLES["users"])
    facts = profile(clean(source, TABLES["users"]), TABLES["users"])
    assert facts["null_share_birthdate"] == 0.5
    assert facts["rejected_share"] == 0.2
    assert facts["earliest_sign_up_date"] == "2021-02-03T00:00:00"
    assert facts["latest_sign_up_date"] == "2022-11-05T00:00:00"
    assert not any(name.endswith("est_birthdate") for name in facts)
