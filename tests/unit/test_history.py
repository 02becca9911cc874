"""What a log tells of the starts of a run."""

from pathlib import Path

import pytest

from tests.crafted import START, Folders
from travel_perks.runs.attempts import attempts, last_attempt, moment, stages


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return Folders(tmp_path)


def log_of(folders: Folders) -> Path:
    return Path(folders.layout("x").log)


def test_no_log_tells_of_no_start(folders: Folders) -> None:
    assert last_attempt(log_of(folders)) is None
    log_of(folders).mkdir(parents=True)
    assert last_attempt(log_of(folders)) is None


def test_the_last_start_counts_with_its_own_ending(folders: Folders) -> None:
    folders.logged("x", "run started", "run finished", status="failed", duration_seconds=7.25)
    folders.logged("x", "run started", "rule started", "rule started", at=START + 100)
    found = list(attempts(log_of(folders)))
    assert [(one.started, one.status, one.duration_seconds) for one in found] == [
        ("2025-10-09T08:55:00.000Z", "", 2.0),
        ("2025-10-09T08:53:20.000Z", "failed", 7.25),
    ]


def test_a_dry_run_is_no_start(folders: Folders) -> None:
    ending = {"status": "done", "duration_seconds": 1}
    folders.logged("x", "dry run started", "run finished", **ending)
    assert last_attempt(log_of(folders)) is None
    folders.logged("x", "run started", "run finished", status="failed", duration_seconds=3)
    folders.logged("x", "dry run started", "it would fail", level="ERROR")
    folders.logged("x", "run finished", **ending)
    attempt = last_attempt(log_of(folders))
    assert attempt is not None
    assert (attempt.status, attempt.duration_seconds, attempt.errors) == ("failed", 3.0, [])


def test_the_rule_dry_run_is_no_start(folders: Folders) -> None:
    folders.logged("x", "run started", "stage finished", rule="dry_run")
    folders.logged("x", "run finished", status="done", duration_seconds=1)
    assert last_attempt(log_of(folders)) is None
    assert stages(log_of(folders)) == []


def test_damaged_lines_are_left_out(folders: Folders) -> None:
    folders.logged("x", "run started")
    with log_of(folders).open("ab") as log:
        log.write(b'{"message": "run started", "timesta\n\xff\xfe\n[1]\n{"message": 1}\n')
        log.write(b'{"note": "run started"}\n')
    folders.logged("x", "run finished", at=START + 9, status="interrupted", duration_seconds=9)
    (attempt,) = attempts(log_of(folders))
    assert (attempt.status, attempt.duration_seconds) == ("interrupted", 9.0)


def test_a_message_that_quotes_the_words_is_no_start(folders: Folders) -> None:
    folders.logged("x", "run started", 'the words "run started" were found', level="WARNING")
    (attempt,) = attempts(log_of(folders))
    assert len(attempt.records) == 2


def test_errors_come_without_their_tracebacks(folders: Folders) -> None:
    folders.logged(
        "x", "run started", "no such file", level="ERROR", exception="Traceback", rule="r"
    )
    attempt = last_attempt(log_of(folders))
    assert attempt is not None
    (error,) = attempt.errors
    assert (error["message"], error["rule"]) == ("no such file", "r")
    assert "exception" not in error


def test_a_stage_counts_as_it_last_finished(folders: Folders) -> None:
    for at, rule, table, seconds in [
        (0, "clean", "users", 1.0),
        (10, "clean", "hotels", 2.0),
        (20, "clean", "users", 3.0),
        (30, "seal", None, 4.0),
    ]:
        fields = {"rule": rule, "duration_seconds": seconds} | ({"table": table} if table else {})
        folders.logged("x", "run started", "stage finished", at=START + at, **fields)
    found = [
        (one["rule"], one.get("table"), one["duration_seconds"]) for one in stages(log_of(folders))
    ]
    assert found == [("clean", "hotels", 2.0), ("clean", "users", 3.0), ("seal", None, 4.0)]


def test_what_is_no_timestamp_is_no_moment() -> None:
    assert moment("2025-10-09T08:53:20.000Z") == START
    assert [moment(value) for value in ("soon", None, 7, {})] == [None] * 4
