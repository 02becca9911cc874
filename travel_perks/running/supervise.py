"""Run Snakemake as a child: pass its log on, end it on a signal, learn why it failed."""

import ctypes
import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any

from travel_perks.errors import Exit
from travel_perks.running.progress import Progress
from travel_perks.running.runlog import show

PATIENCE = 3.0  # seconds that Snakemake has to tidy up after a signal
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Ending:
    """How a run ended: the exit code, the sentence for a person, and what no log holds yet."""

    code: int
    message: str = ""
    unlogged: Mapping[str, Any] | None = None


def supervise(
    arguments: Sequence[str], *, environment: Mapping[str, str], lock: int, log_format: str
) -> Ending:
    """Start `arguments` in a session of its own and follow it to its end.

    Its STDOUT, lines of JSON, is shown as `log_format` says. The child inherits the file
    descriptor `lock`, so that the run stays locked for as long as anything works on it.
    """
    failures: list[dict[str, Any]] = []
    with tempfile.TemporaryFile("w+") as complaints, Progress() as progress:
        child = subprocess.Popen(
            arguments,
            stdout=subprocess.PIPE,
            stderr=complaints,
            stdin=subprocess.DEVNULL,
            env=environment,
            pass_fds=[lock],
            start_new_session=True,
            text=True,
        )
        caught = _forward_signals(child.pid)
        assert child.stdout is not None
        for line in child.stdout:
            entry = _parse(line)
            if entry is None:
                continue
            if entry.get("level") == "ERROR" and "exit_code" in entry:
                failures.append(entry)
            progress.note(entry)
            show(line, log_format)
        ended = child.wait()
        signal.setitimer(signal.ITIMER_REAL, 0)
        if caught:
            return _interrupted(caught[0])
        if ended == 0:
            return Ending(Exit.DONE)
        if failures:
            return Ending(int(failures[0]["exit_code"]), str(failures[0]["message"]))
        return _unexplained(ended, complaints)


def _parse(line: str) -> dict[str, Any] | None:
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    return entry if isinstance(entry, dict) else None


def _forward_signals(group: int) -> list[int]:
    """Hand SIGINT and SIGTERM on as SIGTERM to the child's group; return those caught.

    Snakemake removes half-written outputs on SIGTERM. What is still there after PATIENCE,
    or at a second signal, is killed.
    """
    caught: list[int] = []

    def kill(_number: int = 0, _frame: object = None) -> None:
        os.killpg(group, signal.SIGKILL)

    def forward(number: int, _frame: object) -> None:
        if caught:
            return kill()
        caught.append(number)
        signal.setitimer(signal.ITIMER_REAL, PATIENCE)
        os.killpg(group, signal.SIGTERM)

    signal.signal(signal.SIGALRM, kill)
    signal.signal(signal.SIGINT, forward)
    signal.signal(signal.SIGTERM, forward)
    return caught


def end_with_parent() -> None:
    """Ask the kernel to end this process when the command that started it is killed."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() == 1:
        raise SystemExit(Exit.TERMINATED)


def _interrupted(number: int) -> Ending:
    return Ending(
        Exit.INTERRUPTED if number == signal.SIGINT else Exit.TERMINATED,
        "The run was interrupted; the same command finishes it.",
    )


def _unexplained(ended: int, complaints: IO[str]) -> Ending:
    """Say what is known of a failure that no job has logged."""
    complaints.seek(0)
    lines = [line.rstrip() for line in complaints if line.strip()]
    told = [line for line in lines if line.startswith("travel_perks: ")]
    if told and ended in set(Exit):
        message, code = told[-1].removeprefix("travel_perks: "), ended
    else:
        last = lines[-1].strip() if lines else "it said nothing"
        message, code = f"Snakemake ended with code {ended}: {last}", int(Exit.UNEXPECTED)
    return Ending(code, message, {"exit_code": code, "exception": "\n".join(lines)})
