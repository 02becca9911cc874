"""The log: one JSON object a line, in one form, whoever writes it."""

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from travel_perks.errors import CannotWriteError, SourceError
from travel_perks.running.runlog import (
    JsonFormatter,
    RunLog,
    as_line,
    as_text,
    log_to,
    read_lines,
    record,
    timed,
    timestamp,
)

FIRST_FIELDS = ["timestamp", "level", "logger", "message", "run_id"]


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    """The package's logger, put back as it was."""
    root = logging.getLogger("travel_perks")
    handlers, level = root.handlers[:], root.level
    yield root
    for handler in set(root.handlers) - set(handlers):
        handler.close()
        root.removeHandler(handler)
    root.setLevel(level)


def entries(text: str) -> list[dict]:
    return [json.loads(line) for line in text.splitlines()]


def test_a_timestamp_is_rfc_3339_in_utc_to_the_millisecond() -> None:
    moment = datetime(2025, 10, 21, 3, 0, 5, 123_999, tzinfo=UTC)
    assert timestamp(moment.timestamp()) == "2025-10-21T03:00:05.123Z"
    assert timestamp(0) == "1970-01-01T00:00:00.000Z"


def test_a_record_has_five_fields_first_and_is_one_line() -> None:
    entry = record("a\nb", run_id="007", rule="clean", rows=3)
    assert list(entry) == [*FIRST_FIELDS, "rule", "rows"]
    line = as_line(entry | {"city": "Zürich", "path": Path("x")})
    assert line.count("\n") == 1
    assert "Zürich" in line
    assert json.loads(line)["message"] == "a\nb"
    assert json.loads(line)["run_id"] == "007"


def test_a_job_logs_in_the_same_form(tmp_path: Path, logger: logging.Logger) -> None:
    path = tmp_path / "made" / "clean_users.log"
    log_to(path, "007", rule="clean", table="users")
    with timed("stage finished", logging.getLogger("travel_perks.x"), rows_in=5) as found:
        found["rows_out"] = 4
    (entry,) = entries(path.read_text("utf-8"))
    assert list(entry)[:5] == FIRST_FIELDS
    assert entry["logger"] == "travel_perks.x"
    assert (entry["rule"], entry["table"], entry["run_id"]) == ("clean", "users", "007")
    assert (entry["rows_in"], entry["rows_out"]) == (5, 4)
    assert entry["duration_seconds"] >= 0


def test_a_stage_that_fails_is_not_said_to_have_finished(
    tmp_path: Path, logger: logging.Logger
) -> None:
    path = tmp_path / "job.log"
    log_to(path, "x")
    with pytest.raises(SourceError), timed("stage finished", logger):
        raise SourceError("no")
    assert path.read_text("utf-8") == ""


def test_an_exception_is_logged_with_its_whole_traceback() -> None:
    try:
        try:
            raise KeyError("inner")
        except KeyError as inner:
            raise SourceError("outer") from inner
    except SourceError as error:
        entry = logging.makeLogRecord(
            {
                "name": "n",
                "levelname": "ERROR",
                "msg": "told",
                "exc_info": (type(error), error, None),
            }
        )
    line = json.loads(JsonFormatter("x").format(entry))
    assert line["level"] == "ERROR"
    assert line["message"] == "told"
    assert "KeyError: 'inner'" in line["exception"]
    assert "SourceError: outer" in line["exception"]


def test_the_run_log_appends_and_shows_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "logs" / "x.log"
    RunLog(path, "x").write(record("first", run_id="x"))
    RunLog(path, "x").write(record("second", run_id="x"))
    text = path.read_text("utf-8")
    assert [entry["message"] for entry in entries(text)] == ["first", "second"]
    assert capsys.readouterr().out == text


def test_text_is_for_stdout_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "x.log"
    entry = record("stage finished", run_id="x", rule="clean", rows_out=4, secret_field=1)
    RunLog(path, "x", "text").write(entry)
    shown = capsys.readouterr().out
    assert shown == as_text(entry) + "\n"
    assert "stage finished" in shown
    assert "rows_out=4" in shown
    assert "{" not in shown
    assert entries(path.read_text("utf-8")) == [entry]


def test_without_a_file_it_only_shows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    RunLog(None, "x").write(record("planned", run_id="x"))
    assert entries(capsys.readouterr().out)[0]["message"] == "planned"
    assert list(tmp_path.iterdir()) == []


def test_a_log_that_cannot_be_written_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("a file in the way", "utf-8")
    with pytest.raises(CannotWriteError, match="logs"):
        RunLog(tmp_path / "logs" / "x.log", "x").write(record("first", run_id="x"))
    (tmp_path / "x.log").mkdir()
    with pytest.raises(CannotWriteError, match=r"x\.log"):
        RunLog(tmp_path / "x.log", "x").write(record("first", run_id="x"))


def test_a_line_cut_by_a_kill_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "job.log"
    whole = as_line(record("whole", run_id="x"))
    path.write_text(whole + "noise\n[1]\n" + whole[:20], "utf-8")
    assert read_lines(path) == whole
    assert read_lines(tmp_path / "absent.log") == ""
