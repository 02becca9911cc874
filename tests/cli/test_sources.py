"""Sources that cannot be had or are something else: exit 4 and 5, and a signal meanwhile."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import SAMPLE, clean_environment, run
from tests.fault_server import FaultServer, serve, silent_after, status
from tests.telling import errors, read_log, sentence_of, started

HTML = b"<!DOCTYPE html>\n<html><body>Please sign in</body></html>\n"


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as running:
        yield running


@pytest.mark.parametrize(
    ("path", "code", "said"), [("/404.csv", 4, "404"), ("/page.csv", 5, "HTML")]
)
def test_a_source_that_is_not_there_or_no_csv(
    tmp_path: Path, server: FaultServer, path: str, code: int, said: str
) -> None:
    server.on("/404.csv", status(404))
    server.on("/page.csv", serve(HTML))
    url = server.url(path)
    ran = run("travel_perks", "execute", "--run-id", "x", "--users-url", url, cwd=tmp_path)
    sentence = sentence_of(ran, code)
    assert said in sentence
    assert url in sentence
    log = read_log(tmp_path / "logs" / "x.log")
    (error,) = errors(log)
    assert error["message"] == sentence
    assert error["exit_code"] == code
    assert "Traceback" in error["exception"]
    assert (error["rule"], error["table"]) == ("download", "users")
    assert (log[-1]["message"], log[-1]["status"]) == ("run finished", "failed")
    assert log[-1]["exit_code"] == code
    assert ran.records == log
    assert {job.partition(" ")[0] for job in started(log)} == {"download"}
    assert not list((tmp_path / "data" / "outputs").glob("*"))
    # An answer that another attempt would not change is asked for once.
    assert len(server.seen) == 1


def test_ctrl_c_is_exit_130_and_leaves_nothing_behind(tmp_path: Path, server: FaultServer) -> None:
    """A terminal's Ctrl-C, while a download waits for a server that says no more."""
    body = (SAMPLE / "users.csv").read_bytes()
    url = server.on("/users.csv", silent_after(body, 1000))
    command = subprocess.Popen(
        [sys.executable, "-m", "travel_perks", "execute", "--run-id", "x", "--users-url", url],
        cwd=tmp_path,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not server.seen:
        assert command.poll() is None
        time.sleep(0.02)
    (child,) = Path(f"/proc/{command.pid}/task/{command.pid}/children").read_text().split()
    command.send_signal(signal.SIGINT)
    stdout, stderr = command.communicate(timeout=60)
    assert command.returncode == 130
    assert stderr == "travel_perks: The run was interrupted; the same command finishes it.\n"
    with pytest.raises(ProcessLookupError):
        os.killpg(int(child), 0)
    last = json.loads(stdout.splitlines()[-1])
    assert (last["message"], last["status"], last["exit_code"]) == (
        "run finished",
        "interrupted",
        130,
    )
    bronze = tmp_path / "data" / "bronze" / "x"
    assert not list(bronze.glob("users.*"))
    for path in (tmp_path / "data").rglob("*.csv"):
        assert path.read_bytes() in [file.read_bytes() for file in SAMPLE.glob("*.csv")]
    # An interruption is no fault of a rule or of this machine.
    assert not [each for each in errors(read_log(tmp_path / "logs/x.log")) if "memory" in str(each)]
