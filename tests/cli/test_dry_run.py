"""The dry run: the plan, every stage and check, the exit code of the run, and one file: the log."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT, SAMPLE, Ran, clean_environment, run
from tests.telling import errors, read_log, sentence_of

Files = Callable[[Path], dict[str, bytes]]
RULES = {path.stem for path in (ROOT / "scripts").glob("*.py")} - {"dry_run"}
STAGES = {
    *("download", "clean", "check_sources"),
    *("build_features", "fit_model", "score_users", "check_gold"),
}


def require_plan(log: list[dict[str, Any]]) -> None:
    """Snakemake's own plan of a fresh run is logged rule by rule."""
    planned = [record for record in log if record["message"] == "rule planned"]
    assert {record["rule"] for record in planned} == RULES
    assert len(planned) == len(RULES) + 2 * 3


@pytest.fixture(scope="module")
def tried(tmp_path_factory: pytest.TempPathFactory) -> tuple[Ran, Path]:
    """A dry run without a run id, in an empty folder, that logs where the environment says."""
    folder = tmp_path_factory.mktemp("dry")
    ran = run("travel_perks", "execute", "--dry-run", cwd=folder, TRAVEL_PERKS_LOGS_DIR="told/here")
    return ran, folder


def test_a_dry_run_leaves_one_file_the_log(tried: tuple[Ran, Path], files_of: Files) -> None:
    ran, folder = tried
    assert (ran.code, ran.stderr) == (0, "")
    (name,) = files_of(folder)
    assert re.fullmatch(r"told/here/\d{8}T\d{6}Z\.log", name)
    assert [path.name for path in folder.iterdir()] == ["told"]
    assert read_log(folder / name) == ran.records
    assert {record["run_id"] for record in ran.records} == {Path(name).stem}


def test_a_dry_run_goes_through_all_stages_and_checks(tried: tuple[Ran, Path]) -> None:
    log = tried[0].records
    require_plan(log)
    finished = [record for record in log if record["message"] == "stage finished"]
    assert {record["rule"] for record in finished} == STAGES
    assert all(record["duration_seconds"] >= 0 for record in finished)
    assert log[-1]["message"] == "run finished"
    assert (log[-1]["status"], log[-1]["exit_code"]) == ("done", 0)
    assert not errors(log)


def test_a_dry_run_counts_as_the_run_does(tried: tuple[Ran, Path], sealed_folder: Path) -> None:
    def rows(log: list[dict[str, Any]]) -> dict[tuple[str, str], tuple[int, int]]:
        return {
            (record["rule"], record.get("table", "")): (record["rows_in"], record["rows_out"])
            for record in log
            if record["message"] == "stage finished" and {"rows_in", "rows_out"} <= record.keys()
        }

    in_earnest = rows(read_log(sealed_folder / "logs" / "demo.log"))
    rehearsed = rows(tried[0].records)
    assert len(rehearsed) >= 6
    assert rehearsed == {stage: in_earnest[stage] for stage in rehearsed}


def test_it_fails_as_the_run_would_and_touches_nothing_else(
    sealed: Path, files_of: Files, tmp_path: Path
) -> None:
    sessions = (SAMPLE / "sessions.csv").read_text("utf-8-sig").splitlines(keepends=True)
    broken = tmp_path / "sessions.csv"
    broken.write_text(sessions[0].replace("USER_ID", "client") + "".join(sessions[1:]), "utf-8")
    before = files_of(sealed)
    ran = run(
        *("travel_perks", "execute", "--dry-run", "--run-id", "try", "--sessions-url", broken),
        cwd=sealed,
    )
    sentence = sentence_of(ran, 5)
    assert "user_id" in sentence
    assert str(broken) in sentence
    after = files_of(sealed)
    assert after.keys() - before.keys() == {"logs/try.log"}
    assert {name: after[name] for name in before} == before
    log = read_log(sealed / "logs" / "try.log")
    require_plan(log)
    (error,) = errors(log)
    assert (error["message"], error["exit_code"]) == (sentence, 5)
    assert "Traceback" in error["exception"]
    assert (log[-1]["message"], log[-1]["status"], log[-1]["exit_code"]) == (
        "run finished",
        "failed",
        5,
    )


def test_a_missing_source_is_exit_4_and_leaves_no_temporary_file(tmp_path: Path) -> None:
    for name in ("work", "tmp"):
        (tmp_path / name).mkdir()
    ran = run(
        *("travel_perks", "execute", "--dry-run", "--users-url", "gone.csv"),
        cwd=tmp_path / "work",
        TMPDIR=str(tmp_path / "tmp"),
    )
    assert "gone.csv" in sentence_of(ran, 4)
    assert [path.name for path in (tmp_path / "work").iterdir()] == ["logs"]
    assert not list((tmp_path / "tmp").iterdir())


def test_a_sealed_run_has_nothing_to_try(sealed: Path, files_of: Files) -> None:
    before = files_of(sealed)
    ran = run("travel_perks", "execute", "--dry-run", "--run-id", "demo", cwd=sealed)
    assert ran.code == 0
    after = files_of(sealed)
    assert {name for name in after if after[name] != before.get(name)} == {"logs/demo.log"}


def test_a_signal_ends_it_as_it_ends_a_run_and_leaves_no_copy_of_the_data(tmp_path: Path) -> None:
    for name in ("work", "tmp"):
        (tmp_path / name).mkdir()
    command = subprocess.Popen(
        [sys.executable, "-m", "travel_perks", "execute", "--dry-run", "--run-id", "x"],
        cwd=tmp_path / "work",
        env=clean_environment(TMPDIR=str(tmp_path / "tmp")),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert command.stdout is not None
    for line in command.stdout:
        record = json.loads(line)
        if record["message"] == "stage finished" and record["rule"] == "clean":
            command.send_signal(signal.SIGTERM)
            break
    _, stderr = command.communicate(timeout=60)
    assert command.returncode == 143
    assert stderr.startswith("travel_perks: ")
    last = read_log(tmp_path / "work" / "logs" / "x.log")[-1]
    assert (last["message"], last["status"]) == ("run finished", "interrupted")
    assert not list((tmp_path / "tmp").iterdir())
