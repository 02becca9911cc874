"""One run id, started again and again until it is sealed: each start meets another trouble.

The sources are those of the bundled sample with their rows in another order; users come from
a server, by an address that holds secrets. Every fixture is one start of the command, and
keeps what the working folder held after it.
"""

import csv
import io
import json
import random
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT, SAMPLE, Ran, clean_environment, run
from tests.fault_server import FaultServer, serve, status
from tests.telling import errors, read_log, sentence_of, started

SECRETS = ("s3cret", "t0ken", "ann")
LOG = "logs/nightly.log"
FINDINGS = "data/checks/nightly/{}.json"
NARROW = (
    "  - expect_column_values_to_be_between: {column: n_sessions, min_value: 1, max_value: 10}\n"
)
NOBODY = "  - expect_column_values_to_be_between: {column: user_id, max_value: 500100}\n"
DOWNLOADS = {f"download {table}" for table in ("users", "sessions", "flights", "hotels")}
CLEANS = {f"clean {table}" for table in ("users", "sessions", "flights", "hotels")}


@dataclass(frozen=True)
class Start:
    """One start of the command: how it ended, and the files there were afterwards."""

    ran: Ran
    files: dict[str, bytes]

    @property
    def published(self) -> set[str]:
        return {name for name in self.files if name.startswith(("data/gold", "data/outputs"))}


class Night:
    """A working folder, its sources, and the server of the users."""

    def __init__(self, folder: Path, sources: Path, server: FaultServer) -> None:
        self.folder = folder
        self.sources = sources
        self.server = server
        self.settings = folder.parent / "nightly.yaml"
        self.settings.write_text(
            "retries: 9\nread_timeout: 9\nconnect_timeout: 9\nkeep_intermediate: true\n", "utf-8"
        )

    @property
    def command(self) -> list[str]:
        options = [
            option
            for table in ("sessions", "flights", "hotels")
            for option in (f"--{table}-url", str(self.sources / f"{table}.csv"))
        ]
        return [
            *("travel_perks", "execute", "--run-id", "nightly", "--retries", "1"),
            *("--config-file", str(self.settings)),
            *options,
        ]

    @property
    def environment(self) -> dict[str, str]:
        url = self.server.url("/users.csv", user_info="ann:s3cret@") + "?key=t0ken"
        return {
            "TRAVEL_PERKS_USERS_URL": url,
            "TRAVEL_PERKS_RETRIES": "8",
            "TRAVEL_PERKS_READ_TIMEOUT": "8",
        }

    def start(self, *options: str) -> Start:
        return self.after(run(*self.command, *options, cwd=self.folder, **self.environment))

    def after(self, ran: Ran) -> Start:
        files = {
            str(path.relative_to(self.folder)): path.read_bytes()
            for path in self.folder.rglob("*")
            if path.is_file()
        }
        return Start(ran, files)


def table(name: str) -> list[list[str]]:
    """A table of the sample as rows of cells, the header first, in another order."""
    with (SAMPLE / f"{name}.csv").open(encoding="utf-8-sig", newline="") as lines:
        header, *rows = [row for row in csv.reader(lines) if row]
    random.Random(name).shuffle(rows)
    return [header, *rows]


def as_csv(rows: list[list[str]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    folder = tmp_path_factory.mktemp("night")
    for name in ("work", "sources"):
        (folder / name).mkdir()
    for name in ("sessions", "flights", "hotels"):
        (folder / "sources" / f"{name}.csv").write_text(as_csv(table(name)), "utf-8", newline="")
    with FaultServer() as server:
        yield Night(folder / "work", folder / "sources", server)


@pytest.fixture(scope="module")
def unanswered(night: Night) -> Start:
    """The server of the users fails at every attempt."""
    night.server.on("/users.csv", status(500))
    return night.start()


@pytest.fixture(scope="module")
def maimed(night: Night, unanswered: Start) -> Start:
    """The server is well again, and the sessions lack a column."""
    night.server.on("/users.csv", serve(as_csv(table("users")).encode()))
    sessions = table("sessions")
    gone = [name.strip().lower() for name in sessions[0]].index("page_clicks")
    without = [row[:gone] + row[gone + 1 :] for row in sessions]
    (night.sources / "sessions.csv").write_text(as_csv(without), "utf-8", newline="")
    return night.start()


@pytest.fixture(scope="module")
def dirty(night: Night, maimed: Start) -> Start:
    """The sessions are corrected, and of the flights more than 1 % have no seat."""
    (night.sources / "sessions.csv").write_text(as_csv(table("sessions")), "utf-8", newline="")
    flights = table("flights")
    seats = flights[0].index("seats")
    for row in flights[1:101]:
        row[seats] = "0"
    (night.sources / "flights.csv").write_text(as_csv(flights), "utf-8", newline="")
    return night.start()


@pytest.fixture(scope="module")
def stopped(night: Night, dirty: Start) -> Start:
    """The flights are corrected, and the night watch ends the run with SIGTERM."""
    (night.sources / "flights.csv").write_text(as_csv(table("flights")), "utf-8", newline="")
    command = subprocess.Popen(
        [sys.executable, "-m", *night.command],
        cwd=night.folder,
        env=clean_environment(**night.environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert command.stdout is not None
    lines = []
    for line in command.stdout:
        lines.append(line)
        if '"rule started"' in line and '"fit_model"' in line:
            command.send_signal(signal.SIGTERM)
            break
    rest, stderr = command.communicate(timeout=60)
    return night.after(Ran(command.returncode, "".join(lines) + rest, stderr))


@pytest.fixture(scope="module")
def lonely(night: Night, stopped: Start) -> Start:
    """Nobody has as many sessions as are asked for."""
    return night.start("--min-sessions", "100")


@pytest.fixture(scope="module")
def doubted(night: Night, lonely: Start) -> Start:
    """Two expectations of the gold table do not hold."""
    suite = (ROOT / "config" / "expectations" / "gold.yaml").read_text("utf-8")
    (night.folder.parent / "strict.yaml").write_text(f"{suite.rstrip()}\n{NARROW}{NOBODY}", "utf-8")
    return night.start("--gold-expectations-file", str(night.folder.parent / "strict.yaml"))


@pytest.fixture(scope="module")
def finished(night: Night, doubted: Start) -> Start:
    """Nothing stands in the way any more."""
    return night.start()


def told(start: Start, code: int) -> list[dict[str, Any]]:
    """The errors of a start that failed as it should: told once, logged, nothing published."""
    sentence = sentence_of(start.ran, code)
    last = start.ran.records[-1]
    assert (last["message"], last["status"]) == ("run finished", "failed")
    assert last["exit_code"] == code
    assert last["duration_seconds"] > 0
    assert not start.published
    found = errors(start.ran.records)
    assert [each["message"] for each in found if "exit_code" in each] == [sentence]
    assert [each for each in found if "exception" in each] == [
        each for each in found if "exit_code" in each
    ]
    assert start.files[LOG].decode().endswith(start.ran.stdout)
    return found


def test_a_server_that_fails_is_asked_again_and_named(unanswered: Start, night: Night) -> None:
    (error,) = told(unanswered, 4)
    assert f"http://127.0.0.1:{night.server.port}/users.csv" in error["message"]
    assert "500" in error["message"]
    assert (error["rule"], error["table"]) == ("download", "users")
    # The option --retries 1 outranks the environment's 8 and the file's 9.
    assert [seen.target for seen in night.server.seen[:2]] == ["/users.csv?key=t0ken"] * 2
    assert night.server.seen[0].headers["Authorization"].startswith("Basic ")
    assert started(unanswered.ran.records) <= DOWNLOADS


def test_the_option_outranks_the_environment_and_that_the_file(unanswered: Start) -> None:
    frozen = unanswered.files["data/settings/nightly.yaml"].decode()
    assert re.search(r"^retries: 1$", frozen, re.M)
    assert re.search(r"^read_timeout: 8(\.0)?$", frozen, re.M)
    assert re.search(r"^connect_timeout: 9(\.0)?$", frozen, re.M)
    assert re.search(r"^total_timeout: 3600(\.0)?$", frozen, re.M)


def test_a_missing_column_is_named(maimed: Start) -> None:
    (error,) = told(maimed, 5)
    for part in ("sessions", "page_clicks", "sessions.csv"):
        assert part in error["message"]
    assert started(maimed.ran.records) <= {"download users", "download sessions", "clean users"}


def test_too_many_rejected_rows_are_exit_5_and_can_be_inspected(dirty: Start) -> None:
    found = told(dirty, 5)
    failed = [each for each in found if each["message"] == "expectation failed"]
    (too_many,) = failed
    assert (too_many["suite"], too_many["column"]) == ("flights", "rejected_share")
    assert too_many["rows_failed"] == 1
    assert "0.01" in json.dumps(too_many["expected"])
    findings = json.loads(dirty.files[FINDINGS.format("sources")])
    assert [each["column"] for each in findings if not each["success"]] == ["rejected_share"]
    rejected = dirty.files["data/silver/nightly/rejects_flights.csv"].decode().splitlines()
    assert len(rejected) >= 100
    assert started(dirty.ran.records) >= CLEANS - {"clean users"} | {"check_sources"}
    assert "build_features" not in started(dirty.ran.records)


def test_a_corrected_source_is_taken_up_and_the_others_are_left_alone(stopped: Start) -> None:
    jobs = started(stopped.ran.records)
    assert jobs & CLEANS == {"clean flights"}
    assert not jobs & (DOWNLOADS - {"download flights"})
    assert {"check_sources", "gate_sources", "build_features"} <= jobs


def test_sigterm_is_exit_143_and_leaves_no_half_file(stopped: Start) -> None:
    assert stopped.ran.code == 143
    assert sentence_of(stopped.ran, 143).startswith("The run was interrupted")
    last = stopped.ran.records[-1]
    assert (last["message"], last["status"]) == ("run finished", "interrupted")
    assert not stopped.published
    model = stopped.files.get("data/silver/nightly/model.json")
    assert model is None or json.loads(model)  # its job may just have ended: then it is whole
    assert not [name for name in stopped.files if name.endswith(".partial")]
    assert all(isinstance(json.loads(line), dict) for line in stopped.files[LOG].splitlines())


def test_an_empty_cohort_is_exit_5_and_says_who_had_how_many(lonely: Start) -> None:
    (error,) = told(lonely, 5)
    assert "100 sessions" in error["message"]
    assert re.search(r"\d+ had \d+", error["message"])
    assert started(lonely.ran.records) == {"build_features", "gate_cohort"}


def test_a_failed_expectation_is_exit_5_and_publishes_nothing(
    doubted: Start, sealed_folder: Path
) -> None:
    found = told(doubted, 5)
    narrow, nobody, gate = found
    gold = (sealed_folder / "data" / "gold" / "users_features_demo.csv").read_text("utf-8")
    too_active = [row for row in csv.DictReader(gold.splitlines()) if int(row["n_sessions"]) > 10]
    assert narrow["expectation"] == "expect_column_values_to_be_between"
    assert narrow["column"] == "n_sessions"
    assert narrow["rows_failed"] == len(too_active)
    assert str(max(int(row["n_sessions"]) for row in too_active)) in str(narrow["observed"])
    assert nobody["column"] == "user_id"
    assert nobody["rows_failed"] > 100
    assert gate["rule"] == "gate_gold"
    findings = json.loads(doubted.files[FINDINGS.format("gold")])
    assert [each["column"] for each in findings if not each["success"]] == ["n_sessions", "user_id"]
    assert not started(doubted.ran.records) & (DOWNLOADS | CLEANS | {"check_sources"})


def test_the_rest_is_finished_by_the_same_command(finished: Start, sealed_folder: Path) -> None:
    assert (finished.ran.code, finished.ran.stderr) == (0, "")
    assert started(finished.ran.records) == {
        *("check_gold", "gate_gold", "publish_gold", "publish_perks", "write_report", "seal")
    }
    for name in ("gold/users_features_{}.csv", "outputs/perks_{}.csv"):
        undisturbed = sealed_folder / "data" / name.format("demo")
        assert finished.files[f"data/{name.format('nightly')}"] == undisturbed.read_bytes()
    assert "data/outputs/report_nightly.pdf" in finished.files
    messages = [record["message"] for record in errors(finished.ran.records)]
    assert messages == []


def test_the_findings_hold_no_user(doubted: Start, finished: Start) -> None:
    gold = finished.files["data/outputs/perks_nightly.csv"].decode().splitlines()[1:]
    users = {line.partition(",")[0] for line in gold}
    births = {row[1] for row in table("users")[1:] if row[1]}
    shown = [doubted.files[FINDINGS.format("gold")].decode(), doubted.files[LOG].decode()]
    shown += [doubted.ran.stderr, finished.files["data/outputs/manifest_nightly.json"].decode()]
    for text in shown:
        assert not users & set(re.findall(r"\b\d+\b", text))
        assert not births & set(re.findall(r"\b\d{4}-\d\d-\d\d\b", text))


def test_the_secrets_of_a_source_are_nowhere(finished: Start, night: Night) -> None:
    assert len(night.server.seen) > 3
    for secret in SECRETS:
        pattern = re.compile(rf"\b{secret}\b".encode())
        found = [name for name, content in finished.files.items() if pattern.search(content)]
        assert found == []
        assert secret not in finished.ran.stdout
    manifest = json.loads(finished.files["data/outputs/manifest_nightly.json"])
    address = f"http://127.0.0.1:{night.server.port}/users.csv"
    assert manifest["inputs"]["users"]["source"] == address
    assert manifest["result_settings"]["users_url"] == address


def test_a_sealed_run_asks_no_server(finished: Start, night: Night) -> None:
    asked = len(night.server.seen)
    night.server.on("/users.csv", status(500))
    again = night.start()
    assert (again.ran.code, again.ran.stderr) == (0, "")
    assert len(night.server.seen) == asked
    changed = {name for name in again.files if again.files[name] != finished.files.get(name)}
    assert changed == {LOG}


def test_the_cohort_is_every_user_with_enough_sessions(finished: Start, night: Night) -> None:
    import pandas as pd

    kept = pd.read_parquet(night.folder / "data" / "silver" / "nightly" / "sessions.parquet")
    recent = kept[kept["session_start"] >= pd.Timestamp(2023, 1, 4)]
    counts = recent.groupby("user_id")["session_id"].nunique()
    lines = finished.files["data/outputs/perks_nightly.csv"].decode().splitlines()[1:]
    assert [int(line.partition(",")[0]) for line in lines] == sorted(counts[counts >= 7].index)


def test_the_whole_night_is_one_log_of_json_lines(finished: Start, night: Night) -> None:
    log = read_log(night.folder / LOG)
    ends = [record for record in log if record["message"] == "run finished"]
    assert [end["exit_code"] for end in ends[:7]] == [4, 5, 5, 143, 5, 5, 0]
    assert {record["run_id"] for record in log} == {"nightly"}
