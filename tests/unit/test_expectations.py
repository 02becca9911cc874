"""The checks: what the YAML says, what Great Expectations finds, and what leaves the module."""

import json
import logging
import os
import subprocess
import sys
import warnings
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from travel_perks.checking.expectations import (
    CheckResult,
    load_suites,
    profile_columns,
    profile_table,
    require,
    validate,
)
from travel_perks.errors import ConfigurationError, DataQualityError, TravelPerksError
from travel_perks.recommending.features import FEATURES
from travel_perks.tables import TABLES, USERS

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "config" / "expectations"
GOLD = load_suites((SHIPPED / "gold.yaml").read_text("utf-8"), ["gold"])["gold"]
SOURCES = load_suites((SHIPPED / "sources.yaml").read_text("utf-8"), TABLES)
PERKS = ["free_checked_bag", "free_hotel_meal", "no_cancellation_fees"]
USERS_IN_COHORT = 40
SHARES = ("_rate", "_discount")


def good_gold() -> pd.DataFrame:
    """A gold table that meets every check; some means and rates are empty, as they may be."""
    rng = np.random.default_rng(7)
    n = USERS_IN_COHORT
    columns: dict[str, Any] = {"user_id": 70_000_001 + np.arange(n)}
    for name in FEATURES:
        columns[name] = rng.random(n) if name.endswith(SHARES) else rng.integers(1, 5, n)
    columns |= {
        "n_trips": rng.integers(4, 9, n),
        "mean_lead_days": np.where(np.arange(n) % 5 == 0, np.nan, 12.5),
        "bundle_rate": np.where(np.arange(n) % 5 == 0, np.nan, 0.5),
        "cluster": rng.integers(1, 6, n),
        "perk": rng.choice(PERKS[:2], n),
        "perk_affinity": rng.normal(size=n),
        "runner_up_perk": PERKS[2],
        "margin": rng.random(n),
        "evidence": rng.choice(["none", "weak", "fair", "strong"], n),
        "reason": "2 of 3 trips with a stay and no flight",
    }
    return pd.DataFrame(columns)


def check_gold(table: pd.DataFrame, n_cohort: int = USERS_IN_COHORT) -> list[CheckResult]:
    parameters = {"perk_ids": PERKS, "n_cohort": n_cohort, "max_reject_share": 0.01}
    return validate(table, GOLD, suite_name="gold", parameters=parameters)


def good_profile(table: str) -> dict[str, Any]:
    """The profile of a table as it comes out of JSON."""
    profile: dict[str, Any] = {}
    for name in profile_columns(TABLES[table]):
        if name.startswith(("earliest_", "latest_")):
            profile[name] = "2023-01-04T00:00:00"
        else:
            profile[name] = 1000 if name.startswith("rows_") else 0.0
    return profile


def check_source(table: str, profile: dict[str, Any]) -> list[CheckResult]:
    suite, parameters = SOURCES[table], {"max_reject_share": 0.01}
    return validate(profile_table(profile), suite, suite_name=table, parameters=parameters)


def check(table: pd.DataFrame, entry: str, **parameters: Any) -> CheckResult:
    (expectation,) = load_suites(f"one:\n  - {entry}", ["one"])["one"]
    (result,) = validate(table, [expectation], suite_name="one", parameters=parameters)
    return result


def failures(results: list[CheckResult]) -> list[tuple[str, str | None, int]]:
    return [
        (each.expectation, each.column, each.rows_failed) for each in results if not each.success
    ]


# --- the shipped suites -------------------------------------------------------------------


def test_a_good_gold_table_passes_every_check() -> None:
    results = check_gold(good_gold())
    assert failures(results) == []
    assert len(results) == len(GOLD)
    assert {each.rows_failed for each in results} == {0}
    require(results)


def test_the_gold_columns_are_the_published_ones() -> None:
    (layout,) = [each for each in GOLD if each.name == "expect_table_columns_to_match_ordered_list"]
    decision = ["cluster", "perk", "perk_affinity", "runner_up_perk", "margin", "evidence"]
    assert layout.kwargs["column_list"] == ["user_id", *FEATURES, *decision, "reason"]


def test_every_column_that_describes_a_person_is_forbidden_in_gold() -> None:
    (forbidden,) = [each for each in GOLD if each.name.endswith("to_not_contain_set")]
    assert set(USERS.column_names) - {"user_id"} <= set(forbidden.kwargs["column_set"])


Mutation = Callable[[pd.DataFrame], pd.DataFrame]
BETWEEN = "expect_column_values_to_be_between"
IN_SET = "expect_column_values_to_be_in_set"
NOT_NULL = "expect_column_values_to_not_be_null"
LAYOUT = "expect_table_columns_to_match_ordered_list"
NO_PERSON = "expect_table_columns_to_not_contain_set"


def put(column: str, value: object, rows: int) -> Mutation:
    """Write `value` to the first `rows` cells of a column."""

    def mutate(table: pd.DataFrame) -> pd.DataFrame:
        cells = table[column].astype(object)
        cells.iloc[:rows] = value
        return table.assign(**{column: cells.infer_objects()})

    return mutate


@pytest.mark.parametrize(
    ("mutate", "expected"),
    [
        (put("user_id", 70_000_001, 3), [("expect_column_values_to_be_unique", "user_id", 3)]),
        (put("user_id", None, 2), [(NOT_NULL, "user_id", 2)]),
        (put("perk", "free_lunch", 25), [(IN_SET, "perk", 25)]),
        (put("perk", None, 1), [(NOT_NULL, "perk", 1)]),
        (put("runner_up_perk", "free_lunch", 2), [(IN_SET, "runner_up_perk", 2)]),
        (put("runner_up_perk", None, 2), []),
        (put("perk_affinity", np.nan, 4), [(NOT_NULL, "perk_affinity", 4)]),
        (put("perk_affinity", np.inf, 4), [(BETWEEN, "perk_affinity", 4)]),
        (put("cluster", None, 1), [(NOT_NULL, "cluster", 1)]),
        (put("cluster", 0, 1), [(BETWEEN, "cluster", 1)]),
        (put("evidence", "certain", 5), [(IN_SET, "evidence", 5)]),
        (put("margin", -0.001, 6), [(BETWEEN, "margin", 6)]),
        (put("booking_rate", 1.001, 33), [(BETWEEN, "booking_rate", 33)]),
        (put("mean_discount", -0.1, 1), [(BETWEEN, "mean_discount", 1)]),
        (put("booking_rate", None, 9), []),
        (put("n_sessions", 0, 2), [(BETWEEN, "n_sessions", 2)]),
        (put("n_sessions", None, 2), [(NOT_NULL, "n_sessions", 2)]),
        (put("total_nights", -1, 2), [(BETWEEN, "total_nights", 2)]),
        (put("mean_distance_km", 20_101.0, 2), [(BETWEEN, "mean_distance_km", 2)]),
        (put("mean_base_fare_usd", 1e6, 2), [(BETWEEN, "mean_base_fare_usd", 2)]),
        (put("flight_spend_usd", -0.01, 2), [(BETWEEN, "flight_spend_usd", 2)]),
        (
            put("n_flights", 9, 7),
            [("expect_column_pair_values_a_to_be_greater_than_b", "n_trips, n_flights", 7)],
        ),
        (lambda table: table.assign(notes=1), [(LAYOUT, None, 1)]),
        (lambda table: table.assign(gender="F"), [(LAYOUT, None, 1), (NO_PERSON, None, 1)]),
        (lambda table: table[[*table.columns[1:], "user_id"]], [(LAYOUT, None, 1)]),
        (lambda table: table.iloc[1:], [("expect_table_row_count_to_equal", None, 1)]),
    ],
)
def test_one_fault_in_gold_fails_the_one_check_that_is_about_it(
    mutate: Mutation, expected: list[tuple[str, str | None, int]]
) -> None:
    assert failures(check_gold(mutate(good_gold()))) == expected


def test_a_few_wrong_dates_do_not_stop_a_run_but_many_do() -> None:
    table = pd.concat([good_gold()] * 10, ignore_index=True)
    table["user_id"] = 70_000_001 + np.arange(len(table))
    assert failures(check_gold(put("mean_lead_days", -900.0, 3)(table), len(table))) == []
    results = check_gold(put("mean_lead_days", -900.0, 30)(table), len(table))
    assert failures(results) == [(BETWEEN, "mean_lead_days", 30)]


@pytest.mark.parametrize("table", TABLES)
def test_a_good_source_passes_and_every_required_column_is_checked(table: str) -> None:
    results = check_source(table, good_profile(table))
    assert failures(results) == []
    checked = {each.column for each in results if each.expected == "exactly 0"}
    required = [column.name for column in TABLES[table].columns if column.required]
    assert checked == {f"null_share_{name}" for name in required}


@pytest.mark.parametrize(
    ("table", "changes", "expected"),
    [
        ("users", {"rows_kept": 0}, ("rows_kept", "at least 1", "0")),
        ("sessions", {"rows_kept": 0}, ("rows_kept", "at least 1", "0")),
        ("hotels", {"rejected_share": 0.02}, ("rejected_share", "between 0 and 0.01", "0.02")),
        (
            "flights",
            {"null_share_seats": 0.25},
            ("null_share_seats", "exactly 0", "0.25"),
        ),
        (
            "sessions",
            {"earliest_session_start": "1999-12-31T23:59:59"},
            (
                "earliest_session_start",
                "between 2000-01-01 and 2100-01-01",
                "1999-12-31 23:59:59",
            ),
        ),
    ],
)
def test_a_bad_profile_fails_and_the_value_is_shown(
    table: str, changes: dict[str, Any], expected: tuple[str, str, str]
) -> None:
    results = check_source(table, good_profile(table) | changes)
    (failed,) = [each for each in results if not each.success]
    assert (failed.column, failed.expected, failed.observed) == expected
    assert failed.rows_failed == 1


@pytest.mark.parametrize("table", ["flights", "hotels"])
def test_a_trip_source_without_rows_passes(table: str) -> None:
    profile = good_profile(table)
    for name in profile:
        profile[name] = None if name.startswith(("null_", "earliest_", "latest_")) else 0
    assert failures(check_source(table, profile)) == []


def test_a_profile_has_no_one_persons_birthdate() -> None:
    names = profile_columns(USERS)
    assert "null_share_birthdate" in names
    assert "latest_sign_up_date" in names
    assert not {"earliest_birthdate", "latest_birthdate"} & set(names)


# --- the YAML -----------------------------------------------------------------------------


def test_columns_stands_for_one_check_a_column() -> None:
    text = "one:\n  - expect_column_values_to_not_be_null: {columns: [a, b], mostly: 0.5}"
    suite = load_suites(text, ["one"])["one"]
    assert [each.kwargs for each in suite] == [
        {"column": "a", "mostly": 0.5},
        {"column": "b", "mostly": 0.5},
    ]
    assert {each.where for each in suite} == {"one > entry 1"}


@pytest.mark.parametrize("spelling", ["$top", '{"$PARAMETER": top}'])
def test_a_value_can_come_from_the_settings(spelling: str) -> None:
    table = pd.DataFrame({"a": [1, 2, 3]})
    entry = f"expect_column_values_to_be_between: {{column: a, max_value: {spelling}}}"
    assert check(table, entry, top=3).success
    result = check(table, entry, top=1)
    assert (result.expected, result.observed, result.rows_failed) == ("at most 1", "from 1 to 3", 2)


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        ("min_value: 2020-06-01", 1),
        ("min_value: '2020-06-01'", 1),
        ("min_value: 2020-01-01T01:00:00+01:00", 0),
        ("max_value: 2020-06-01, min_value: 2020-01-02", 2),
    ],
)
def test_dates_are_compared_as_utc(bounds: str, expected: int) -> None:
    table = pd.DataFrame({"day": pd.to_datetime(pd.Series(["2020-01-01", "2021-01-01", None]))})
    entry = f"expect_column_values_to_be_between: {{column: day, {bounds}}}"
    assert check(table, entry).rows_failed == expected


def test_a_number_that_yaml_takes_for_text_is_a_number() -> None:
    entry = "expect_column_values_to_be_between: {column: a, max_value: 1e5}"
    assert check(pd.DataFrame({"a": [100_000, 100_001]}), entry).rows_failed == 1


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "at its top level: expected the sections one"),
        ("- a", "at its top level"),
        ("one: [\n", "at its text: line 2"),
        ("one: []\none: []", "line 2: the key 'one' is there twice"),
        ("one: {a: 2023-13-01}", "at its text: month must be in 1..12"),
        ("oen: []", "at 'oen': there is no such section; did you mean 'one'?"),
        ("one:", "at 'one': this section needs a list"),
        ("one: []", "at 'one': this section needs a list"),
        ("one: [expect_x]", "at one > entry 1: expected one expectation"),
        ("one: [{expect_x: {}, expect_y: {}}]", "at one > entry 1: expected one expectation"),
        ("one: [{expect_x: {}}, {check_x: {}}]", "at one > entry 2: 'check_x' is no expectation"),
        ("one: [{expect_x: 3}]", "at one > entry 1 (expect_x): its arguments must be written"),
        ("one: [{expect_x: {columns: []}}]", "give either 'column', or 'columns'"),
        ("one: [{expect_x: {columns: a}}]", "give either 'column', or 'columns'"),
        ("one: [{expect_x: {column: a, columns: [b]}}]", "give either 'column', or 'columns'"),
        ("one: [{expect_x: {column: a, severity: info}}]", "'severity' cannot be set"),
        ("one: [{expect_x: {result_format: COMPLETE}}]", "'result_format' cannot be set"),
    ],
)
def test_a_malformed_file_is_told_by_section_and_entry(text: str, told: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_suites(text, ["one"])
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        (
            "expect_column_values_to_be_betwen: {column: a, min_value: 0}",
            "no such expectation; did you mean 'expect_column_values_to_be_between'?",
        ),
        (
            "expect_column_values_to_be_between: {column: a, min_valeu: 0}",
            "it has no argument 'min_valeu'; did you mean 'min_value'?",
        ),
        ("expect_column_values_to_be_between: {column: a}", "cannot both be None"),
        ("expect_column_values_to_be_between: {min_value: 0}", "'column' is missing"),
        (
            "expect_column_values_to_be_between: {column: a, min_value: much}",
            "the argument 'min_value' does not fit: value is not a valid float",
        ),
        (
            "expect_column_values_to_be_between: {column: a, min_value: 2, max_value: 1}",
            "min_value is greater than max_value",
        ),
        (
            "expect_column_values_to_be_between: {column: a, min_value: 2, max_value: 2020-01-01}",
            "min_value and max_value cannot be compared",
        ),
        (
            "expect_column_values_to_be_in_set: {column: a, value_set: b}",
            "'value_set' does not fit",
        ),
        (
            "expect_column_values_to_be_in_set: {column: a, value_set: $perk_id}",
            "'$perk_id' is not a setting that checks can use; did you mean 'perk_ids'?",
        ),
        ("expect_column_values_to_not_be_null: {column: users}", "no column 'users'"),
        ("expect_compound_columns_to_be_unique: {column_list: [a, c]}", "no column 'c'"),
        ("expect_column_values_to_match_regex: {column: a, regex: '('}", "no regular expression"),
        (
            "expect_column_values_to_match_like_pattern: {column: a, like_pattern: b%}",
            "it works on databases only",
        ),
    ],
)
def test_a_mistake_that_only_the_engine_can_see_is_a_configuration_error(
    entry: str, told: str
) -> None:
    table = pd.DataFrame({"a": [1, 2], "user_id": [1, 2]})
    with pytest.raises(ConfigurationError) as caught:
        check(table, entry, perk_ids=PERKS)
    assert f"at one > entry 1 ({entry.partition(':')[0]}): " in str(caught.value)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


# --- crashes, privacy and what is said ----------------------------------------------------


def test_a_check_that_crashes_is_an_error_and_not_bad_data() -> None:
    table = pd.DataFrame({"perk": ["a", "b"], "n": [1, 2]})
    text = (
        "one:\n"
        "  - expect_column_values_to_be_between: {column: n, max_value: 1}\n"
        "  - expect_column_values_to_be_between: {column: perk, max_value: 1}\n"
    )
    suite = load_suites(text, ["one"])["one"]
    with pytest.raises(TravelPerksError) as caught:
        validate(table, suite, suite_name="one", parameters={})
    assert type(caught.value) is TravelPerksError
    assert f"{BETWEEN} at one > entry 2 crashed" in str(caught.value)
    assert "TypeError: Column values, min_value, and max_value" in str(caught.value)
    assert "Traceback" in caught.value.__notes__[0]


@pytest.mark.parametrize(("column", "quoted"), [("reason", True), ("user_id", False)])
def test_a_crash_quotes_no_identifier(column: str, quoted: bool) -> None:
    table = pd.DataFrame({column: pd.Series(["70000001x", "70000002x"], dtype=object)})
    with pytest.raises(TravelPerksError) as caught:
        check(table, f"expect_column_mean_to_be_between: {{column: {column}, max_value: 1}}")
    told = "".join([str(caught.value), *getattr(caught.value, "__notes__", [])])
    assert ("70000001x" in told) is quoted
    assert "crashed" in told


def test_no_result_shows_a_user_id() -> None:
    table = good_gold().assign(birthdate=pd.Timestamp("1970-01-01"))
    table.loc[1, "user_id"] = 70_000_001
    entries = [
        "expect_column_values_to_be_unique: {column: user_id}",
        "expect_column_values_to_be_in_set: {column: user_id, value_set: [1]}",
        "expect_column_values_to_be_between: {columns: [user_id], max_value: 1}",
        "expect_column_max_to_be_between: {column: user_id, max_value: 1}",
        "expect_column_median_to_be_between: {column: user_id, max_value: 1}",
        "expect_column_distinct_values_to_be_in_set: {column: user_id, value_set: [1]}",
        "expect_column_most_common_value_to_be_in_set: {column: user_id, value_set: [1]}",
        "expect_column_pair_values_to_be_equal: {column_A: user_id, column_B: n_trips}",
        "expect_compound_columns_to_be_unique: {column_list: [user_id, user_id]}",
        "expect_column_values_to_be_between: {column: birthdate, max_value: 1900-01-01}",
    ]
    suite = load_suites("one:\n  - " + "\n  - ".join(entries), ["one"])["one"]
    results = validate(table, suite, suite_name="one", parameters={})
    assert [each.success for each in results] == [False] * len(entries)
    said = json.dumps([asdict(each) for each in results])
    assert "700000" not in said
    assert "1970" not in said
    assert results[0].observed == "2 of 40 rows"


def test_every_failing_row_is_counted() -> None:
    table = pd.DataFrame({"a": np.arange(100_000)})
    entry = "expect_column_values_to_be_between: {column: a, max_value: 9}"
    assert check(table, entry).rows_failed == 99_990


@pytest.mark.parametrize(
    ("entry", "expected", "observed"),
    [
        ("expect_table_row_count_to_equal: {value: 4}", "equal 4", "3"),
        ("expect_column_values_to_not_be_null: {column: b}", "not be null", "1 of 3 rows"),
        (
            "expect_column_values_to_be_in_set: {column: c, value_set: [x, y]}",
            "be in set x, y",
            "1 of 3 rows",
        ),
        (
            "expect_column_values_to_be_between: {column: b, min_value: 1, mostly: 0.9}",
            "at least 1, mostly 0.9",
            "from 0.5 to 2",
        ),
        ("expect_column_mean_to_be_between: {column: a, max_value: 1}", "at most 1", "2"),
        ("expect_column_value_lengths_to_equal: {column: c, value: 2}", "equal 2", "3 of 3 rows"),
        ("expect_column_to_exist: {column: d}", "exist", None),
        (
            "expect_table_columns_to_match_ordered_list: {column_list: [a, c, d]}",
            "match ordered list a, c, d",
            "unexpected: b; missing: d",
        ),
        (
            "expect_table_columns_to_match_ordered_list: {column_list: [a, c, b]}",
            "match ordered list a, c, b",
            "another order",
        ),
        (
            "expect_table_columns_to_not_contain_set: {column_set: [c, b, z]}",
            "not contain set c, b, z",
            "b, c",
        ),
    ],
)
def test_a_failed_check_says_what_was_expected_and_found(
    entry: str, expected: str, observed: str | None
) -> None:
    table = pd.DataFrame({"a": [1, 2, 3], "b": [0.5, None, 2], "c": ["x", "y", "z"]})
    result = check(table, entry)
    assert not result.success
    assert (result.expected, result.observed) == (expected, observed)


def test_results_are_plain_values_in_the_order_of_the_file() -> None:
    table = good_gold().astype({"n_trips": "Int64", "perk": "category", "cluster": "int32"})
    results = check_gold(put("margin", -1.0, 2)(table))
    assert [each.expectation for each in results] == [each.name for each in GOLD]
    for result in results:
        assert asdict(result) == json.loads(json.dumps(asdict(result)))
        assert type(result.success) is bool
        assert type(result.rows_failed) is int


def test_a_failed_check_ends_the_run_in_one_sentence() -> None:
    faulty = put("margin", -1.0, 2)(put("n_sessions", 0, 5)(good_gold()))
    with pytest.raises(DataQualityError) as caught:
        require(check_gold(faulty))
    assert str(caught.value) == (
        f"2 of {len(GOLD)} data checks failed, first gold: expect_column_values_to_be_between of "
        "margin (expected between 0 and 1000000, observed from -1 to "
        f"{faulty['margin'].max()}, rows failed 2); see the findings file or the log for each."
    )


# --- what it does to the machine ----------------------------------------------------------


def test_a_validation_logs_and_warns_nothing(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        show = warnings.showwarning
        check_gold(good_gold())
        assert warnings.showwarning is show
    assert [record.name for record in caplog.records] == []
    assert warned == []
    assert capfd.readouterr() == ("", "")


def run_python(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run `code` with home, temporary and working folder in `folder`, one each."""
    places = {name: folder / name for name in ("HOME", "TMPDIR", "work")}
    for place in places.values():
        place.mkdir()
    environment = os.environ | {name: str(place) for name, place in places.items()}
    environment |= {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    environment.pop("GX_ANALYTICS_ENABLED", None)
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=places["work"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


NO_TRACE = """
import logging, os, sys, warnings

def refuse(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto", "os.mkdir"):
        os._exit(91)
    if event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
        if arguments[0] != os.devnull:
            os._exit(92)

sys.addaudithook(refuse)
import pandas as pd
from travel_perks.checking.expectations import load_suites, validate
suite = load_suites("one: [{expect_column_values_to_be_unique: {column: a}}]", ["one"])["one"]
(result,) = validate(pd.DataFrame({"a": [1, 1]}), suite, suite_name="one", parameters={})
assert os.environ["GX_ANALYTICS_ENABLED"] == "false"
logging.captureWarnings(True)  # works only when the import did not leave it on
assert warnings.showwarning.__module__ == "logging"
sys.exit(result.rows_failed)
"""


def test_a_validation_writes_no_file_and_reaches_no_network(tmp_path: Path) -> None:
    done = run_python(NO_TRACE, tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", "")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_reading_the_file_imports_nothing_heavy(tmp_path: Path) -> None:
    done = run_python(
        "import sys\n"
        "from travel_perks.checking.expectations import load_suites\n"
        "load_suites('one: [{expect_x: {column: a}}]', ['one'])\n"
        "print([name for name in ('great_expectations', 'pandas') if name in sys.modules])\n",
        tmp_path,
    )
    assert (done.stdout, done.stderr) == ("[]\n", "")
