"""The sample generator: its shape, its planted favourites, its dirt, and the bundled files."""

import csv
import re
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

import travel_perks
from tests.oracle import clean
from travel_perks.errors import CannotWriteError, UsageError
from travel_perks.sampling.behaviour import PERKS
from travel_perks.sampling.dirt import EXTRA_COLUMN
from travel_perks.sampling.sample import generate, write
from travel_perks.tables import TABLES

BUNDLED = Path(travel_perks.__file__).parent / "sample_data"
NAMES = [*TABLES, "truth"]
COHORT_START = pd.Timestamp("2023-01-04")


def made(folder: Path, users: int, seed: int) -> dict[str, bytes]:
    write(generate(users=users, seed=seed), folder)
    return {name: (folder / f"{name}.csv").read_bytes() for name in NAMES}


def as_frames(users: int, seed: int, strength: float = 1.0) -> dict[str, pd.DataFrame]:
    """Clean tables, typed as far as the tests need it."""
    tables = generate(users=users, seed=seed, dirt=False, strength=strength)
    frames = {name: table.to_pandas() for name, table in tables.items()}
    sessions, flights, hotels = frames["sessions"], frames["flights"], frames["hotels"]
    for column in ("session_start", "session_end"):
        sessions[column] = pd.to_datetime(sessions[column], format="ISO8601")
    for column in ("flight_discount", "hotel_discount", "cancellation"):
        sessions[column] = sessions[column] == "true"
    for column in ("departure_time", "return_time"):
        flights[column] = pd.to_datetime(flights[column])
    for column in ("check_in_time", "check_out_time"):
        hotels[column] = pd.to_datetime(hotels[column], format="ISO8601")
    flights[["seats", "checked_bags"]] = flights[["seats", "checked_bags"]].astype("int64")
    hotels["nights"] = hotels["nights"].astype("int64")
    return frames


@pytest.fixture(scope="module")
def frames() -> dict[str, pd.DataFrame]:
    return as_frames(3000, 11)


@pytest.fixture(scope="module")
def bundled_rows() -> dict[str, list[dict[str, str]]]:
    """The rows of the bundled files, columns by their plain name."""
    return {name: read_rows(BUNDLED / f"{name}.csv") for name in NAMES}


def read_rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        header, *lines = [line for line in csv.reader(file) if line]
    names = [name.strip().lower() for name in header]
    return [dict(zip(names, line, strict=True)) for line in lines]


def bookings(frames: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """One row a trip that a session booked, with what was booked and what became of it."""
    sessions = frames["sessions"]
    booked = sessions[sessions["trip_id"].notna() & ~sessions["cancellation"]]
    cancelled = set(sessions.loc[sessions["cancellation"], "trip_id"])
    trips = (
        booked.merge(frames["truth"], on="user_id")
        .merge(frames["flights"], on="trip_id", how="left")
        .merge(frames["hotels"], on="trip_id", how="left")
    )
    flies, stays = trips["seats"].notna(), trips["rooms"].notna()
    return trips.assign(
        cancelled=trips["trip_id"].isin(cancelled),
        offered=trips["flight_discount"] | trips["hotel_discount"],
        bundle=flies & stays,
        stay_only=stays & ~flies,
    )


def habits(frames: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """The behaviour that each perk rewards, one row a planted favourite."""
    groups = bookings(frames).groupby("perk")
    return pd.DataFrame(
        {
            "free_checked_bag": groups["checked_bags"].sum() / groups["seats"].sum(),
            "no_cancellation_fees": groups["cancelled"].mean(),
            "exclusive_discounts": groups["offered"].mean(),
            "one_night_free_hotel_with_flight": groups["bundle"].mean(),
            "free_hotel_meal": groups["stay_only"].mean(),
            "nights": groups["nights"].mean(),
        }
    )


def lift(habit: pd.Series, perk: str) -> float:
    """How often its fans do it, as a multiple of the mean of the others."""
    return float(habit[perk] / habit.drop(perk).mean())


def test_the_same_users_and_seed_give_the_same_bytes(tmp_path: Path) -> None:
    first = made(tmp_path / "first", 200, 3)
    assert made(tmp_path / "second", 200, 3) == first


def test_another_seed_gives_other_rows_in_every_table(tmp_path: Path) -> None:
    first, second = made(tmp_path / "first", 200, 3), made(tmp_path / "second", 200, 4)
    assert [name for name in NAMES if first[name] == second[name]] == []


def test_the_bundled_files_are_what_1000_users_and_seed_1_give(tmp_path: Path) -> None:
    now = made(tmp_path, 1000, 1)
    stale = [name for name in NAMES if (BUNDLED / f"{name}.csv").read_bytes() != now[name]]
    assert stale == []


@pytest.mark.parametrize("users", [1, 3, 40])
def test_a_small_sample_is_whole(tmp_path: Path, users: int) -> None:
    made(tmp_path, users, 1)
    cleaned = clean(tmp_path)
    assert len(cleaned.users.rows) == users
    assert len(read_rows(tmp_path / "truth.csv")) == users
    assert len(cleaned.sessions.rows) >= users
    assert [len(table.rejects) for table in vars(cleaned).values()] == [0, 0, 0, 0]


def test_without_dirt_the_columns_stand_in_the_published_order() -> None:
    tables = generate(users=5, seed=1, dirt=False)
    assert list(tables) == NAMES
    for name, table in TABLES.items():
        assert tables[name].column_names == table.column_names


def test_with_dirt_no_column_is_lost(bundled_rows: dict[str, list[dict[str, str]]]) -> None:
    for name, table in TABLES.items():
        assert set(table.column_names) <= set(bundled_rows[name][0])


@pytest.mark.parametrize(
    "wrong",
    [{"users": 0}, {"users": -5}, {"seed": -1}, {"strength": -0.5}, {"strength": float("nan")}],
)
def test_what_cannot_be_made_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        generate(**{"users": 1, "seed": 1, **wrong})  # type: ignore[arg-type]


def test_truth_names_one_of_five_perks_for_every_user_in_order(
    frames: dict[str, pd.DataFrame],
) -> None:
    truth = frames["truth"]
    ids = truth["user_id"].astype("int64")
    assert ids.is_monotonic_increasing and ids.is_unique
    assert set(truth["user_id"]) == set(frames["users"]["user_id"])
    shares = truth["perk"].value_counts(normalize=True)
    assert set(shares.index) == set(PERKS)
    assert shares.between(0.15, 0.25).all()


def test_each_favourite_shows_in_the_behaviour_it_rewards(
    frames: dict[str, pd.DataFrame],
) -> None:
    seen = habits(frames)
    for perk in PERKS:
        assert lift(seen[perk], perk) > 1.3, perk
    assert lift(seen["nights"], "free_hotel_meal") > 1.3


def test_a_favourite_shows_nowhere_at_strength_0_and_more_at_2() -> None:
    none, double = habits(as_frames(3000, 12, 0.0)), habits(as_frames(3000, 12, 2.0))
    for perk in PERKS:
        assert lift(none[perk], perk) == pytest.approx(1, abs=0.15), perk
        assert lift(double[perk], perk) > 1.5, perk


def test_two_users_in_three_or_more_reach_the_cohort(frames: dict[str, pd.DataFrame]) -> None:
    sessions = frames["sessions"]
    recent = sessions[sessions["session_start"] >= COHORT_START]
    sizes = recent.groupby("user_id").size()
    assert 0.65 < (sizes >= 7).sum() / len(frames["users"]) < 0.8
    assert 0.02 < 1 - len(recent) / len(sessions) < 0.15
    assert 3 < len(bookings(frames)) / len(frames["users"]) < 4


def test_sessions_tell_what_flights_and_hotels_hold(frames: dict[str, pd.DataFrame]) -> None:
    trips = bookings(frames)
    assert trips["trip_id"].is_unique
    assert ((trips["flight_booked"] == "true") == trips["seats"].notna()).all()
    assert ((trips["hotel_booked"] == "true") == trips["rooms"].notna()).all()
    assert (trips["trip_id"].str.match(r"\d{6}-[0-9a-f]{32}$")).all()
    assert (trips["trip_id"].str.split("-").str[0] == trips["user_id"]).all()
    offered = frames["sessions"]["flight_discount_amount"].notna()
    visits = ~frames["sessions"]["cancellation"]
    assert (offered == frames["sessions"]["flight_discount"])[visits].all()


def test_a_cancellation_follows_its_booking_and_comes_before_the_trip(
    frames: dict[str, pd.DataFrame],
) -> None:
    sessions = frames["sessions"]
    cancels = sessions.loc[sessions["cancellation"], ["trip_id", "session_start", "user_id"]]
    both = cancels.merge(bookings(frames), on="trip_id", suffixes=("_cancel", ""))
    assert len(both) == len(cancels) > 300
    assert (both["user_id_cancel"] == both["user_id"]).all()
    assert (both["session_start_cancel"] > both["session_start"]).all()
    begins = both["departure_time"].fillna(both["check_in_time"])
    assert (both["session_start_cancel"] < begins).all()


def test_a_stay_lies_within_its_flight(frames: dict[str, pd.DataFrame]) -> None:
    trips = frames["flights"].merge(frames["hotels"], on="trip_id")
    assert (trips["check_in_time"] > trips["departure_time"]).all()
    assert (trips["check_in_time"] - trips["departure_time"] < pd.Timedelta(days=1)).all()
    returning = trips[trips["return_time"].notna()]
    apart = (returning["return_time"] - returning["check_out_time"]).abs()
    assert (apart <= pd.Timedelta(hours=40)).all()
    hotels = frames["hotels"]
    stayed = hotels["check_out_time"] - hotels["check_in_time"]
    assert (hotels["nights"] == stayed // pd.Timedelta(days=1)).all()


def test_old_trips_one_way_flights_and_nights_to_repair_are_there(
    frames: dict[str, pd.DataFrame],
) -> None:
    named = set(frames["sessions"]["trip_id"].dropna())
    for name in ("flights", "hotels"):
        assert frames[name]["trip_id"].is_unique
        assert 0.07 < 1 - frames[name]["trip_id"].isin(named).mean() < 0.15
    one_way = frames["flights"]["return_time"].isna()
    assert ((frames["flights"]["return_flight_booked"] == "false") == one_way).all()
    assert 0.02 < one_way.mean() < 0.07
    nights = frames["hotels"]["nights"]
    assert 0.07 < (nights <= 0).mean() < 0.12
    assert set(nights[nights <= 0]) == {0, -1}


# What a cell of the bundled files must show somewhere: table, column, pattern.
SHOWN = [
    *(("sessions", "flight_booked", word) for word in ("True", "TRUE", "t", "1", "yes")),
    *(("sessions", "cancellation", word) for word in ("False", "FALSE", "f", "0", "no")),
    ("sessions", "session_start", r"\S+ \d\d:\d\d:\d\d"),
    ("sessions", "session_start", r"\S+ \d\d:\d\d:\d\d\.000000"),
    ("sessions", "session_start", r"\S+T\d\d:\d\d:\d\d"),
    ("sessions", "session_start", r"\S+T\d\d:\d\d:\d\dZ"),
    ("sessions", "session_start", r"\S+T\d\d:\d\d:\d\d\.000000\+02:00"),
    ("sessions", "page_clicks", r"\d+\.0"),
    ("sessions", "user_id", r"\d+\.0"),
    ("sessions", "flight_discount_amount", r"0\.3999999999999999"),
    ("sessions", "flight_discount", ""),
    ("users", "birthdate", "unknown"),
    ("users", "birthdate", "1984-13-45"),
    ("users", "home_airport_lat", r"123\.456"),
    ("flights", "destination_airport_lon", r"-200\.5"),
    *(("users", "home_city", rf"\{sign}.+") for sign in "=+-@"),
    *(("hotels", "hotel_name", rf"\{sign}.+") for sign in "=+-@"),
    ("hotels", "hotel_name", ".+, .+"),
    ("hotels", "hotel_name", r".+\n.+"),
    ("hotels", "hotel_name", '.+ ".+" .+'),
    ("hotels", "check_in_time", r".+:\d\d\.\d\d"),
    ("flights", "return_time", "2020-01-01 07:00:00"),
]


@pytest.mark.parametrize(("table", "column", "pattern"), SHOWN)
def test_the_bundled_sample_shows_odd_cells(
    bundled_rows: dict[str, list[dict[str, str]]], table: str, column: str, pattern: str
) -> None:
    assert any(re.fullmatch(pattern, row[column]) for row in bundled_rows[table])


def test_the_bundled_files_are_odd_as_files() -> None:
    content = {name: (BUNDLED / f"{name}.csv").read_bytes() for name in NAMES}
    header = {name: text.splitlines()[0].decode() for name, text in content.items()}
    assert content["users"].startswith(b"\xef\xbb\xbf")
    assert EXTRA_COLUMN in header["users"]
    assert header["sessions"].startswith(" Session_ID,USER_ID,")
    assert content["sessions"].count(b"\n\n") == 1
    assert content["flights"].count(b"\r\n") == content["flights"].count(b"\n")
    assert header["hotels"].endswith('"trip_id"')
    assert b"\r" not in content["hotels"] + content["sessions"] + content["users"]


def test_the_bundled_sample_shows_each_fault_and_few_of_them() -> None:
    cleaned = clean(BUNDLED)
    seen = {
        name: Counter((reject.rule, reject.column) for reject in table.rejects)
        for name, table in vars(cleaned).items()
    }
    assert set(seen["users"]) == {("conflict", "user_id"), ("required_empty", "sign_up_date")}
    assert set(seen["sessions"]) == {
        ("conflict", "session_id"),
        ("required_empty", "session_id"),
        ("required_empty", "user_id"),
        ("required_empty", "cancellation"),
        ("unknown_user", "user_id"),
        ("two_users", "trip_id"),
        ("unreadable", "session_start"),
        ("unreadable", "flight_booked"),
        ("unreadable", "page_clicks"),
        ("out_of_range", "session_end"),
        ("out_of_range", "page_clicks"),
        ("out_of_range", "flight_discount_amount"),
    }
    assert len(seen["flights"]) == 6
    assert len(seen["hotels"]) == 4
    for name, table in vars(cleaned).items():
        assert len(table.rejects) < 0.005 * table.read, name
        assert table.merged > 0, name
    assert cleaned.flights.ignored > 0 and cleaned.hotels.ignored > 0


def test_writing_replaces_what_is_there_and_leaves_nothing_beside(tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_text("old")
    write(generate(users=2, seed=1), tmp_path)
    assert (tmp_path / "users.csv").read_bytes() != b"old"
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(f"{n}.csv" for n in NAMES)


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "flights.csv").mkdir()
    with pytest.raises(CannotWriteError, match=r"flights\.csv"):
        write(generate(users=1, seed=1), tmp_path)
