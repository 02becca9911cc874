"""The lock of a run: one worker at a time, and a dead one holds nothing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from travel_perks.errors import BusyError, CannotWriteError, Exit
from travel_perks.running.lock import require_free, take

HOLD = """
import fcntl, sys
file = open(sys.argv[1], "a")
fcntl.flock(file, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""


def test_a_held_run_is_busy_and_says_by_whom(tmp_path: Path) -> None:
    path = tmp_path / "locks" / "x.lock"
    held = take(path, "x")
    for attempt in (take, require_free):
        with pytest.raises(BusyError) as refused:
            attempt(path, "x")
        assert refused.value.exit_code == Exit.BUSY
        assert f"process {os.getpid()} on {os.uname().nodename}" in str(refused.value)
        assert "The run x" in str(refused.value)
    os.close(held)
    require_free(path, "x")
    os.close(take(path, "x"))


def test_another_run_is_free(tmp_path: Path) -> None:
    held = take(tmp_path / "x.lock", "x")
    os.close(take(tmp_path / "y.lock", "y"))
    os.close(held)


def test_a_process_that_dies_leaves_no_lock(tmp_path: Path) -> None:
    path = tmp_path / "x.lock"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(BusyError, match="another process"):
            take(path, "x")
        holder.kill()
    os.close(take(path, "x"))


def test_looking_writes_nothing(tmp_path: Path) -> None:
    require_free(tmp_path / "x.lock", "x")
    assert list(tmp_path.iterdir()) == []
    os.close(take(tmp_path / "x.lock", "x"))
    note = (tmp_path / "x.lock").read_bytes()
    require_free(tmp_path / "x.lock", "x")
    assert (tmp_path / "x.lock").read_bytes() == note


def test_a_shorter_note_leaves_nothing_of_a_longer_one(tmp_path: Path) -> None:
    path = tmp_path / "x.lock"
    path.write_text("x" * 500, "utf-8")
    held = take(path, "x")
    with pytest.raises(BusyError, match=f"process {os.getpid()} "):
        take(path, "x")
    os.close(held)


def test_a_file_in_the_way_is_no_busy_run(tmp_path: Path) -> None:
    (tmp_path / "locks").write_text("", "utf-8")
    with pytest.raises(CannotWriteError, match="locks"):
        take(tmp_path / "locks" / "x.lock", "x")
