"""A run killed at any point leaves no half file, and the same command finishes it.

Each case watches the log of a real run and strikes: before a rule's job has got far, while
one of its outputs is being written, or just after it has ended. `make campaign` strikes at
every rule with every signal; the suite at a few.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import clean_environment, run
from travel_perks.running.lock import require_free

CAMPAIGN = bool(os.environ.get("CAMPAIGN"))
RULES = (
    "download", "clean", "check_sources", "gate_sources", "build_features", "gate_cohort",
    "fit_model", "score_users", "build_gold", "check_gold", "gate_gold", "publish_gold",
    "publish_perks", "write_report", "seal",
)  # fmt: skip
ARTEFACTS = ("gold/users_features_k.csv", "outputs/perks_k.csv", "outputs/report_k.pdf")
GRACE = 5.0  # seconds in which an interrupted command has to end


@dataclass(frozen=True)
class Strike:
    """When and how to hit a run; `whole` hits its whole process tree at once."""

    rule: str
    moment: str
    number: signal.Signals
    whole: bool = False

    def __str__(self) -> str:
        how = "tree" if self.whole else "command"
        return f"{self.rule}-{self.moment}-{self.number.name}-{how}"


def strikes() -> Iterator[Strike]:
    for rule in RULES:
        for moment in ("before", "during", "after"):
            yield Strike(rule, moment, signal.SIGTERM)
            yield Strike(rule, moment, signal.SIGINT)
            yield Strike(rule, moment, signal.SIGKILL)
            yield Strike(rule, moment, signal.SIGKILL, whole=True)


SAMPLED = {
    "clean-during-SIGTERM-command",
    "score_users-before-SIGINT-command",
    "write_report-during-SIGKILL-command",
    "seal-before-SIGKILL-tree",
}


def chosen() -> list[object]:
    skip = pytest.mark.skipif(not CAMPAIGN, reason="`make campaign` strikes everywhere")
    return [
        pytest.param(strike, id=str(strike), marks=() if str(strike) in SAMPLED else skip)
        for strike in strikes()
    ]


@pytest.mark.parametrize("strike", chosen())
def test_a_killed_run_is_finished_by_the_same_command(
    tmp_path: Path, sealed_folder: Path, strike: Strike
) -> None:
    expected = [
        (sealed_folder / "data" / name.replace("_k.", "_demo.")).read_bytes() for name in ARTEFACTS
    ]
    command = start(tmp_path)
    wait_for(command, strike, tmp_path)
    struck = time.monotonic()
    hit(command, strike)
    code = command.wait(timeout=60)
    if strike.number == signal.SIGKILL:
        assert code == -signal.SIGKILL
    else:
        assert code == {signal.SIGINT: 130, signal.SIGTERM: 143}[strike.number]
        assert time.monotonic() - struck < GRACE
    wait_until_free(tmp_path)
    for name, content in zip(ARTEFACTS, expected, strict=True):
        path = tmp_path / "data" / name
        assert not path.exists() or path.read_bytes() == content
    again = run("travel_perks", "execute", "--run-id", "k", cwd=tmp_path)
    assert again.code == 0, again.stderr + again.stdout
    made = [(tmp_path / "data" / name).read_bytes() for name in ARTEFACTS]
    assert made == expected
    for line in (tmp_path / "logs" / "k.log").read_text("utf-8").splitlines():
        assert isinstance(json.loads(line), dict)
    left = [path for path in (tmp_path / "data").rglob(".*.partial") if "_k." in path.name]
    assert not left


def start(folder: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "travel_perks", "execute", "--run-id", "k"],
        cwd=folder,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def wait_for(command: "subprocess.Popen[str]", strike: Strike, folder: Path) -> None:
    """Read the log until the strike's moment has come."""
    assert command.stdout is not None
    wanted = "stage finished" if strike.moment == "after" else "rule started"
    for line in command.stdout:
        record = json.loads(line)
        if record.get("rule") == strike.rule and record["message"] == wanted:
            break
    else:
        pytest.fail(f"the run ended before {strike}")
    if strike.moment == "during":
        partial_appears(folder, command)


def partial_appears(folder: Path, command: "subprocess.Popen[str]") -> None:
    """Wait until some file is being written; a job too quick to be seen is over by then."""
    until = time.monotonic() + 30
    while time.monotonic() < until and command.poll() is None:
        if any((folder / "data").rglob(".*.partial")) or any(folder.rglob(".part-*")):
            return
        time.sleep(0.001)


def hit(command: "subprocess.Popen[str]", strike: Strike) -> None:
    victims = [command.pid]
    if strike.whole:
        victims += descendants(command.pid)
    for victim in victims:
        try:
            os.kill(victim, strike.number)
        except ProcessLookupError:
            continue


def descendants(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in children] + [
        grandchild for child in children for grandchild in descendants(int(child))
    ]


def wait_until_free(folder: Path) -> None:
    """What a killed command leaves running holds the lock until it has ended."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            require_free(folder / "data" / "locks" / "k.lock", "k")
        except Exception:
            time.sleep(0.2)
        else:
            return
    pytest.fail("the lock was never released")
