"""`travel_perks clean` and `travel_perks delete`: they say, ask and remove."""

import fcntl
import json
import os
import pty
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import ROOT, clean_environment, run
from tests.crafted import Folders, files_in, write

Files = Callable[[Path], dict[str, bytes]]


def answer(folder: Path, reply: str, *arguments: str) -> tuple[int, str]:
    """Run the command with a terminal as STDIN, on which `reply` is typed."""
    keyboard, terminal = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "travel_perks", *arguments],
        cwd=folder,
        env=clean_environment(),
        stdin=terminal,
        stdout=subprocess.PIPE,
        text=True,
    ) as asked:
        os.write(keyboard, f"{reply}\n".encode())
        told, _ = asked.communicate(timeout=60)
    os.close(keyboard)
    os.close(terminal)
    return asked.returncode, told


@pytest.mark.parametrize("arguments", [("clean",), ("delete", "x")])
def test_without_a_terminal_they_only_say(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    folders = Folders(tmp_path)
    folders.failed("x")
    there = files_in(tmp_path)
    told = run("travel_perks", *arguments, cwd=tmp_path)
    assert told.code == 2
    assert "--yes" in told.stderr
    assert "data/bronze/x" in told.stdout
    assert "data/store" in told.stdout
    assert files_in(tmp_path) == there
    assert not (tmp_path / "data/locks").exists()


def test_they_ask_on_a_terminal(tmp_path: Path) -> None:
    Folders(tmp_path).failed("x")
    there = files_in(tmp_path)
    code, told = answer(tmp_path, "n", "clean")
    assert code == 0
    assert "[y/N]" in told
    assert files_in(tmp_path) == there
    code, told = answer(tmp_path, "y", "delete", "x")
    assert code == 0
    assert "Removed 15 files" in told
    assert files_in(tmp_path) == {"logs/x.log", "data/deleted/x.json"}


def test_clean_says_what_went_and_then_has_nothing_to_do(tmp_path: Path) -> None:
    folders = Folders(tmp_path)
    folders.failed("x")
    folders.sealed("a", "other rows")
    cleaned = run("travel_perks", "clean", "--yes", cwd=tmp_path)
    assert (cleaned.code, cleaned.stderr) == (0, "")
    assert "failed run x" in cleaned.stdout
    assert "Removed 15 files" in cleaned.stdout
    again = run("travel_perks", "clean", cwd=tmp_path)
    assert (again.code, again.stdout) == (0, "There is nothing to remove.\n")
    assert run("travel_perks", "clean", "--older-than", "-1", cwd=tmp_path).code == 2
    old = run("travel_perks", "clean", "--older-than", "0.5", "--yes", cwd=tmp_path)
    assert (old.code, list((tmp_path / "data/store").iterdir())) == (0, [])
    assert run("travel_perks", "verify", "a", cwd=tmp_path).code == 0


def test_a_cleaned_run_can_be_sealed_and_remade(sealed: Path) -> None:
    """What `clean` leaves of a real sealed run is enough to remake a lost artefact."""
    assert run("travel_perks", "clean", "--older-than", "0", "--yes", cwd=sealed).code == 0
    assert list((sealed / "data/store").iterdir()) == []
    (sealed / "data/outputs/perks_demo.csv").unlink()
    assert run("travel_perks", "verify", "demo", cwd=sealed).code == 8
    assert run("travel_perks", "execute", "--run-id", "demo", cwd=sealed).code == 0
    assert run("travel_perks", "verify", "demo", cwd=sealed).code == 0


def test_a_deleted_run_is_gone_and_its_id_is_barred(sealed: Path, files_of: Files) -> None:
    deleted = run("travel_perks", "delete", "demo", "--yes", cwd=sealed)
    assert (deleted.code, deleted.stderr) == (0, "")
    kinds = ("bronze", "silver", "gold", "outputs", "store", "checks", "joblogs", "settings")
    assert not [path for kind in kinds for path in (sealed / "data" / kind).rglob("*")]
    (listed,) = json.loads(run("travel_perks", "runs", "--json", cwd=sealed).stdout)
    assert (listed["run_id"], listed["state"]) == ("demo", "deleted")
    assert listed["users"] > 0
    shutil.rmtree(sealed / ".snakemake")  # its own log is no part of the promise
    before = files_of(sealed)
    again = run("travel_perks", "delete", "demo", "--yes", cwd=sealed)
    assert (again.code, again.stdout) == (0, "The run demo is deleted already.\n")
    snakemake = ("snakemake", "--snakefile", ROOT / "Snakefile", "--config", "run_id=demo")
    for command in (
        ("travel_perks", "execute", "--run-id", "demo"),
        ("travel_perks", "execute", "--run-id", "demo", "--dry-run"),
        snakemake,
        (*snakemake, "--forceall"),
    ):
        refused = run(*command, cwd=sealed)
        assert refused.code == 6, refused.stderr
        told = [line for line in refused.stderr.splitlines() if line.startswith("travel_perks: ")]
        assert len(told) == 1
        assert "The run demo was deleted" in told[0]
    shutil.rmtree(sealed / ".snakemake")
    assert files_of(sealed) == before


def test_a_busy_run_is_not_deleted(tmp_path: Path) -> None:
    folders = Folders(tmp_path)
    folders.sealed("x")
    lock = Path(folders.layout("x").lock)
    write(lock, "")
    there = files_in(tmp_path)
    with lock.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        refused = run("travel_perks", "delete", "x", "--yes", cwd=tmp_path)
    assert refused.code == 7
    assert len(refused.stderr.splitlines()) == 1
    assert files_in(tmp_path) == there


def test_delete_names_the_runs_that_share_its_inputs(tmp_path: Path) -> None:
    folders = Folders(tmp_path)
    folders.sealed("x")
    folders.sealed("y")
    folders.failed("z")
    told = run("travel_perks", "delete", "x", "--yes", cwd=tmp_path).stdout
    assert "Inputs of it stay for y." in told
    assert "z" in told
    assert run("travel_perks", "verify", "y", cwd=tmp_path).code == 0
