"""The features against the oracle, the bounds of the cohort, and that nothing moves a bit."""

import csv
import random
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from tests import oracle
from tests.cleaning import Cells, as_csv, clean_folder, header_of, sound
from tests.conftest import REAL, SAMPLE
from travel_perks.database import connect
from travel_perks.errors import DataQualityError
from travel_perks.recommending.cohort import describe_cohort, require_cohort
from travel_perks.recommending.features import FEATURES, features, latest_day
from travel_perks.sampling.sample import generate, write
from travel_perks.tables import TABLES

START = date(2023, 1, 4)
Tables = Mapping[str, pa.Table]


def cleaned(folder: Path) -> dict[str, pa.Table]:
    return {name: outcome.table for name, outcome in clean_folder(folder).items()}


def computed(
    tables: Tables, *, min_sessions: int = 7, start_date: date = START, threads: int = 2
) -> pa.Table:
    connection = connect(threads=threads)
    starts = tables["sessions"]["session_start"]
    return features(
        connection,
        {name: connection.from_arrow(table) for name, table in tables.items()},
        start_date=start_date,
        min_sessions=min_sessions,
        latest_day=pc.max(starts).as_py().date() if len(starts) else start_date,
    ).to_arrow_table()


def assert_same_features(found: pa.Table, expected: pd.DataFrame) -> None:
    assert found.column_names[: len(FEATURES) + 1] == ["user_id", *FEATURES]
    assert list(expected.columns) == ["user_id", *FEATURES]
    assert found["user_id"].to_pylist() == list(expected["user_id"])
    for name in FEATURES:
        ours = found[name].to_pandas().to_numpy(dtype=float)
        theirs = expected[name].to_numpy(dtype=float)
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-9, err_msg=name)


# Against the oracle


@pytest.fixture(scope="module", params=["sample", "real"])
def folder(request: pytest.FixtureRequest) -> Path:
    path = {"sample": SAMPLE, "real": REAL}[request.param]
    if not path.is_dir():
        pytest.skip(f"{path} is not here")
    return path


@pytest.fixture(scope="module")
def tables(folder: Path) -> dict[str, pa.Table]:
    return cleaned(folder)


@pytest.fixture(scope="module")
def by_oracle(folder: Path) -> oracle.Cleaned:
    return oracle.clean(folder)


@pytest.mark.parametrize("min_sessions", [7, 1])
def test_features_are_those_of_the_oracle(
    tables: Tables, by_oracle: oracle.Cleaned, min_sessions: int
) -> None:
    expected = oracle.features(by_oracle, min_sessions=min_sessions)
    assert len(expected) > 500
    assert_same_features(computed(tables, min_sessions=min_sessions), expected)


def test_features_of_a_later_window_are_those_of_the_oracle(
    tables: Tables, by_oracle: oracle.Cleaned
) -> None:
    later = date(2023, 4, 1)
    expected = oracle.features(by_oracle, start_date=later, min_sessions=3)
    assert_same_features(computed(tables, min_sessions=3, start_date=later), expected)


# What may stand in cells where sums, means and joins would go wrong first.
ODD = {
    "integer": ["0", "-1", "", "1", "1000000"],
    "count": ["0", "1", "1000000"],
    "decimal": ["0", "0.005", "1.015", "999999999999.999999"],
    "share": ["", "0", "1", "0.0001", "0.3333"],
    "degrees": ["", "0", "90", "-90", "180", "-180", "91"],
    "boolean": ["true", "false", ""],
    "timestamp": [
        "2023-01-04 00:00:00",
        "2023-01-03 23:59:59.999999",
        "2023-05-05 00:00:00",
        "2023-05-07 23:59:59.999999",
        "0001-01-01 00:00:00",
        "9999-12-31 23:59:59.999999",
    ],
    "date": ["2023-01-04", "0001-01-01", "9999-12-31"],
}


def disturb(path: Path, table: str, chance: random.Random, changes: int) -> None:
    """Put odd cells into a file of the generator, and ids of one row into another."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        header, *records = csv.reader(file)
    columns = {column.name: column for column in TABLES[table].columns}
    for _ in range(changes):
        at = chance.randrange(len(header))
        column = columns[header[at].strip().lower()]
        other = [record[at] for record in records]
        chance.choice(records)[at] = chance.choice(ODD.get(column.kind, other))
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *records])


@pytest.mark.parametrize("seed", range(8))
def test_features_of_disturbed_tables_are_those_of_the_oracle(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    write(generate(users=40, seed=seed, dirt=False), tmp_path)
    for name in TABLES:
        disturb(tmp_path / f"{name}.csv", name, chance, 60)
    min_sessions = chance.choice([1, 2, 5, 7])
    start_date = chance.choice([date(2022, 1, 1), START, date(2023, 3, 1)])
    expected = oracle.features(
        oracle.clean(tmp_path), start_date=start_date, min_sessions=min_sessions
    )
    assert len(expected) > 5
    found = computed(cleaned(tmp_path), min_sessions=min_sessions, start_date=start_date)
    assert_same_features(found, expected)


# Nothing moves a bit


def bits(table: pa.Table) -> dict[str, bytes]:
    """The columns as bytes: floats that are equal may still differ here, as 0.0 and -0.0 do."""
    frame = table.to_pandas()
    return {name: frame[name].to_numpy().tobytes() for name in frame}


def test_threads_change_no_bit(tables: Tables) -> None:
    first = computed(tables, min_sessions=1, threads=1)
    for threads in (2, 8):
        again = computed(tables, min_sessions=1, threads=threads)
        assert again.schema == first.schema
        assert bits(again) == bits(first)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_order_of_rows_changes_no_bit(tables: Tables, seed: int) -> None:
    chance = np.random.default_rng(seed)
    shuffled = {
        name: table.take(pa.array(chance.permutation(table.num_rows)))
        for name, table in tables.items()
    }
    assert bits(computed(shuffled)) == bits(computed(tables))


def test_who_else_is_in_the_cohort_changes_no_bit(tables: Tables) -> None:
    """Features are one user's: a lower bound adds rows and leaves the others as they are."""
    many, few = computed(tables, min_sessions=1), computed(tables, min_sessions=8)
    assert few.num_rows > 0
    same = many.filter(pc.is_in(many["user_id"], value_set=few["user_id"].combine_chunks()))
    assert bits(same) == bits(few)


# The cohort


def session(n: int, user: int, start: str, **cells: str) -> Cells:
    times = {"session_start": start, "session_end": "2023-12-31 00:00:00"}
    nothing = {"trip_id": "", "flight_booked": "false", "hotel_booked": "false"}
    return sound("sessions", n, **(nothing | times | {"user_id": str(user)} | cells))


def write_tables(folder: Path, users: int, sessions: list[Cells], **rows: list[Cells]) -> Path:
    tables = {
        "users": [sound("users", n) for n in range(1, users + 1)],
        "sessions": sessions,
        **rows,
    }
    for name in TABLES:
        (folder / f"{name}.csv").write_bytes(
            as_csv(tables[name]) if tables.get(name) else header_of(name)
        )
    return folder


INSIDE, BEFORE = "2023-01-04 00:00:00", "2023-01-03 23:59:59.999999"


@pytest.fixture
def boundary(tmp_path: Path) -> dict[str, pa.Table]:
    """User 1 has 7 sessions since the start, user 2 has 6 and one just before, user 3 has none."""
    starts = [(1, INSIDE)] * 7 + [(1, BEFORE)] + [(2, INSIDE)] * 6 + [(2, BEFORE)]
    sessions = [session(n, user, start) for n, (user, start) in enumerate(starts)]
    return cleaned(write_tables(tmp_path, 3, sessions))


def test_both_bounds_of_the_cohort_are_inclusive(boundary: Tables) -> None:
    at_seven = computed(boundary)
    assert at_seven.select(["user_id", "n_sessions"]).to_pylist() == [
        {"user_id": 1, "n_sessions": 7}
    ]
    assert computed(boundary, min_sessions=6)["user_id"].to_pylist() == [1, 2]
    assert computed(boundary, min_sessions=8).num_rows == 0
    day_before = computed(boundary, min_sessions=7, start_date=date(2023, 1, 3))
    assert day_before["n_sessions"].to_pylist() == [8, 7]
    assert computed(boundary, min_sessions=1, start_date=date(2023, 1, 5)).num_rows == 0


def described(tables: Tables, *, min_sessions: int, start_date: date = START) -> dict[str, object]:
    connection = connect()
    users = computed(tables, min_sessions=min_sessions, start_date=start_date)
    return describe_cohort(
        connection,
        users=connection.from_arrow(tables["users"]),
        sessions=connection.from_arrow(tables["sessions"]),
        features=connection.from_arrow(users),
        start_date=start_date,
        min_sessions=min_sessions,
    )


def test_the_cohort_is_described_by_who_had_how_many_sessions(boundary: Tables) -> None:
    assert described(boundary, min_sessions=7) == {
        "users_in_source": 3,
        "users_in_cohort": 1,
        "start_date": "2023-01-04",
        "min_sessions": 7,
        "users_by_sessions": [[7, 1], [6, 1]],
    }


def test_a_cohort_with_someone_in_it_passes(boundary: Tables) -> None:
    require_cohort(described(boundary, min_sessions=7))


def test_an_empty_cohort_fails_and_says_who_had_how_many_sessions(boundary: Tables) -> None:
    with pytest.raises(DataQualityError) as failure:
        require_cohort(described(boundary, min_sessions=8))
    assert str(failure.value) == (
        "No user has at least 8 sessions on or after 2023-01-04: of 3 users, 1 had 7, 1 had 6; "
        "check start_date, min_sessions and the sessions."
    )
    with pytest.raises(DataQualityError, match="of 3 users, none had any; check"):
        require_cohort(described(boundary, min_sessions=1, start_date=date(2024, 1, 1)))


def test_the_latest_day_is_that_of_the_last_session_start() -> None:
    assert latest_day({"latest_session_start": "2023-07-28T23:59:59.999999"}) == date(2023, 7, 28)


# Trips that are booked, cancelled, or both


def features_of_user_1(
    folder: Path, sessions: list[Cells], **rows: list[Cells]
) -> dict[str, object]:
    table = computed(cleaned(write_tables(folder, 1, sessions, **rows)), min_sessions=1)
    (row,) = table.to_pylist()
    return row


BOOKING = {"trip_id": "t1", "flight_booked": "true", "hotel_booked": "true"}


def test_a_trip_that_is_booked_and_cancelled_is_one_trip_cancelled(tmp_path: Path) -> None:
    sessions = [
        session(1, 1, "2023-02-01 00:00:00", **BOOKING),
        session(2, 1, "2023-02-02 00:00:00", **BOOKING, cancellation="true"),
        session(3, 1, "2023-02-03 00:00:00", **BOOKING, cancellation="true"),
    ]
    row = features_of_user_1(
        tmp_path, sessions, flights=[sound("flights")], hotels=[sound("hotels")]
    )
    assert (row["n_trips"], row["n_cancellations"], row["cancellation_rate"]) == (1, 1, 1.0)
    assert (row["n_flights"], row["n_hotels"], row["checked_bags"]) == (0, 0, 0)
    assert (row["booking_rate"], row["flight_spend_usd"]) == (1.0, 0.0)
    assert row["bundle_rate"] is None


def test_a_cancellation_that_claims_to_book_is_no_booking(tmp_path: Path) -> None:
    row = features_of_user_1(
        tmp_path,
        [session(1, 1, "2023-02-01 00:00:00", **BOOKING, cancellation="true")],
        flights=[sound("flights")],
    )
    assert (row["n_trips"], row["n_cancellations"], row["n_flights"]) == (0, 1, 0)
    assert row["cancellation_rate"] is None and row["booking_rate"] is None


def test_a_booking_before_the_window_is_no_trip_of_it(tmp_path: Path) -> None:
    sessions = [
        session(1, 1, BEFORE, **BOOKING),
        session(2, 1, INSIDE, **BOOKING, cancellation="true"),
        session(3, 1, INSIDE),
    ]
    row = features_of_user_1(tmp_path, sessions, flights=[sound("flights")])
    assert (row["n_sessions"], row["n_trips"], row["n_cancellations"]) == (2, 0, 1)


def test_the_largest_amounts_that_are_accepted_do_not_overflow(tmp_path: Path) -> None:
    most = "999999999999.999999"
    row = features_of_user_1(
        tmp_path,
        [session(1, 1, INSIDE, **BOOKING, flight_discount_amount="")],
        flights=[sound("flights", base_fare_usd=most)],
        hotels=[sound("hotels", hotel_per_room_usd=most, rooms="1000000", nights="1000000")],
    )
    assert row["flight_spend_usd"] == row["mean_base_fare_usd"] == 1e12
    assert row["hotel_spend_usd"] == 1e24


def test_nothing_to_divide_by_is_empty_and_a_sum_over_nothing_is_0(tmp_path: Path) -> None:
    row = features_of_user_1(tmp_path, [session(1, 1, INSIDE, flight_discount_amount="")])
    empty = {name for name in FEATURES if row[name] is None}
    assert empty == {
        "cancellation_rate",
        "bundle_rate",
        "discount_booking_rate",
        "mean_discount",
        "bags_per_seat",
        "mean_base_fare_usd",
        "mean_distance_km",
        "mean_lead_days",
        "weekend_rate",
        "mean_nights",
        "mean_rooms",
        "mean_hotel_per_room_usd",
    }
    for name in ("n_trips", "n_flights", "checked_bags", "total_nights", "hotel_spend_usd"):
        assert row[name] == 0
