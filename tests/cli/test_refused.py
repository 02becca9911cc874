"""Starts that are refused before any work: the run is busy, or its folders cannot be written."""

import fcntl
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT, run
from tests.telling import sentence_of

Files = Callable[[Path], dict[str, bytes]]
FOLDERS = ("gold", "output", "logs", "work")


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Path]:
    """A folder in which this process works on the run `x`."""
    lock = tmp_path / "data" / "locks" / "x.lock"
    lock.parent.mkdir(parents=True)
    lock.write_text('{"host": "night", "pid": 42, "since": "2025-10-21T03:00:00.000Z"}', "utf-8")
    with lock.open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield tmp_path


def test_a_busy_run_is_exit_7_and_touches_nothing(held: Path, files_of: Files) -> None:
    before = files_of(held)
    for arguments in ([], ["--dry-run"]):
        ran = run("travel_perks", "execute", "--run-id", "x", *arguments, cwd=held)
        sentence = sentence_of(ran, 7)
        assert "The run x" in sentence
        assert "process 42 on night since 2025-10-21T03:00:00.000Z" in sentence
        assert ran.stdout == ""
        assert files_of(held) == before


def test_snakemake_takes_the_same_lock(held: Path) -> None:
    ran = run("snakemake", "-s", ROOT / "Snakefile", "--config", "run_id=x", cwd=held)
    assert "process 42 on night" in sentence_of(ran, 7)
    assert [path.name for path in (held / "data").iterdir()] == ["locks"]
    assert not (held / "logs").exists()


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize("arguments", [[], ["--dry-run"]])
def test_a_file_in_the_way_of_a_folder_is_exit_9(
    tmp_path: Path, files_of: Files, folder: str, arguments: list[str]
) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    ran = run(
        *("travel_perks", "execute", "--run-id", "x", f"--{folder}-dir", "file/made", *arguments),
        cwd=tmp_path,
    )
    assert "file/made" in sentence_of(ran, 9)
    assert ran.stdout == ""
    assert files_of(tmp_path) == {"file": b""}


def test_a_folder_in_the_way_of_the_log_is_exit_9(tmp_path: Path, files_of: Files) -> None:
    (tmp_path / "logs" / "x.log").mkdir(parents=True)
    ran = run("travel_perks", "execute", "--run-id", "x", cwd=tmp_path)
    assert "logs/x.log" in sentence_of(ran, 9)
    assert not [name for name in files_of(tmp_path) if "bronze" in name]


def test_a_file_in_the_way_within_the_work_folder_is_exit_9(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "silver").write_text("", "utf-8")
    ran = run("travel_perks", "execute", "--run-id", "x", cwd=tmp_path)
    assert "data/silver" in sentence_of(ran, 9)
