"""Plain `snakemake --config run_id=X`: the same artefacts and log, refusals, plans and graphs."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import ROOT, Ran, run
from tests.telling import errors, read_log, sentence_of, started

Files = Callable[[Path], dict[str, bytes]]
RULES = {path.stem for path in (ROOT / "scripts").glob("*.py")} - {"dry_run"}
ARTEFACTS = ("gold/users_features_{}.csv", "outputs/perks_{}.csv", "outputs/report_{}.pdf")


def snakemake(folder: Path, *arguments: str | Path, **environment: str) -> Ran:
    return run(
        "snakemake", "--snakefile", ROOT / "Snakefile", *arguments, cwd=folder, **environment
    )


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> tuple[Ran, Path]:
    """A run by hand: another folder, id, time zone, locale and hash seed, and one core."""
    folder = tmp_path_factory.mktemp("plain")
    ran = snakemake(
        folder,
        *("--cores", "1", "--config", "run_id=20251021", "retries=2"),
        TRAVEL_PERKS_RETRIES="5",
        TRAVEL_PERKS_READ_TIMEOUT="7",
        TZ="Pacific/Kiritimati",
        LC_ALL="tr_TR.UTF-8",
        PYTHONHASHSEED="4711",
    )
    assert ran.code == 0, ran.stderr + ran.stdout
    return ran, folder


def test_the_artefacts_are_the_same_to_the_byte(
    plain: tuple[Ran, Path], sealed_folder: Path
) -> None:
    for name in ARTEFACTS:
        made = plain[1] / "data" / name.format("20251021")
        assert made.read_bytes() == (sealed_folder / "data" / name.format("demo")).read_bytes()
        assert made.stat().st_mode & 0o777 == 0o440


def test_the_log_has_the_same_form_and_is_what_stdout_shows(plain: tuple[Ran, Path]) -> None:
    ran, folder = plain
    log = read_log(folder / "logs" / "20251021.log")
    assert log == ran.records
    for record in log:
        assert list(record)[:5] == ["timestamp", "level", "logger", "message", "run_id"]
        assert record["run_id"] == "20251021"
    assert log[0]["message"] == "run started"
    assert (log[-1]["message"], log[-1]["status"]) == ("run finished", "done")
    assert log[-1]["duration_seconds"] > 0
    assert {job.partition(" ")[0] for job in started(log)} == RULES
    assert not errors(log)
    assert "Traceback" not in ran.stderr


def test_what_is_typed_outranks_the_environment(plain: tuple[Ran, Path]) -> None:
    manifest = plain[1] / "data" / "outputs" / "manifest_20251021.json"
    settings = json.loads(manifest.read_text("utf-8"))["run_settings"]
    assert settings["retries"] == 2
    assert settings["read_timeout"] == 7
    assert settings["connect_timeout"] == 10
    assert settings["run_id"] == "20251021"


def test_the_command_finds_the_same_run_sealed(plain: tuple[Ran, Path]) -> None:
    again = run("travel_perks", "execute", "--run-id", "20251021", cwd=plain[1])
    assert again.code == 0, again.stderr
    assert again.records[0]["message"] == "nothing to do: the run is sealed"


def test_an_id_that_snakemake_would_change_stops_with_what_to_type(tmp_path: Path) -> None:
    sentence = sentence_of(snakemake(tmp_path, "--config", "run_id=007"), 2)
    assert "travel_perks execute --run-id 007" in sentence
    assert "--configfile" in sentence
    assert not (tmp_path / "data").exists()
    assert not (tmp_path / "logs").exists()


def test_007_stays_007_by_a_file_and_by_the_command(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("run_id: '007'\n", "utf-8")
    ran = snakemake(tmp_path, "-n", "--configfile", "mine.yaml")
    assert ran.code == 0, ran.stderr
    assert {record["run_id"] for record in ran.records} == {"007"}
    # Snakemake's `-n` writes its own folder, and nothing of ours.
    assert {path.name for path in tmp_path.iterdir()} <= {"mine.yaml", ".snakemake"}
    command = run("travel_perks", "execute", "--run-id", "007", "--", "-n", cwd=tmp_path)
    assert command.code == 0, command.stderr
    assert {record["run_id"] for record in command.records} == {"007"}
    assert {"rule planned", "run finished"} <= {each["message"] for each in command.records}
    assert (tmp_path / "logs" / "007.log").is_file()
    assert not list((tmp_path / "data").glob("bronze/*"))


@pytest.mark.parametrize(
    ("config", "environment", "code", "said"),
    [
        ("run_id=../x", {}, 2, "../x"),
        ("retries=3", {"TRAVEL_PERKS_SESION_URL": "x"}, 3, "TRAVEL_PERKS_SESSIONS_URL"),
        ("users_url=http://a:s3cret@h/u?t0ken", {}, 3, "TRAVEL_PERKS_USERS_URL"),
    ],
)
def test_a_refusal_makes_nothing(
    tmp_path: Path, config: str, environment: dict[str, str], code: int, said: str
) -> None:
    ran = snakemake(tmp_path, "--config", config, **environment)
    sentence = sentence_of(ran, code)
    assert said in sentence
    assert "s3cret" not in sentence
    assert ran.stdout == ""
    assert {path.name for path in tmp_path.iterdir()} <= {".snakemake"}
    left = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert not [content for content in left if b"s3cret" in content or b"t0ken" in content]


def test_a_mistake_in_snakemakes_own_arguments_is_told(tmp_path: Path) -> None:
    ran = snakemake(tmp_path, "--configfile", "gone.yaml")
    assert ran.code != 0
    assert "gone.yaml" in ran.stderr


def test_a_failure_is_told_once(tmp_path: Path) -> None:
    ran = snakemake(tmp_path, "--config", "run_id=x", "hotels_url=gone.csv")
    sentence = sentence_of(ran, 1)
    assert "gone.csv" in sentence
    log = read_log(tmp_path / "logs" / "x.log")
    (error,) = errors(log)
    assert error["message"] == sentence
    assert error["exit_code"] == 4
    assert "Traceback" in error["exception"]
    assert (log[-1]["message"], log[-1]["status"]) == ("run finished", "failed")
    assert log == ran.records


def test_a_plan_a_lint_and_a_graph_need_no_settings(tmp_path: Path) -> None:
    planned = snakemake(tmp_path, "-n")
    assert planned.code == 0, planned.stderr
    records = planned.records
    assert {record["rule"] for record in records if record["message"] == "rule planned"} == RULES
    assert {record["run_id"] for record in records} == {"sample"}

    assert snakemake(tmp_path, "--lint").code == 0

    graph = snakemake(tmp_path, "--rulegraph")
    assert graph.code == 0, graph.stderr
    assert graph.stdout.startswith("digraph")
    assert graph.stdout.rstrip().endswith("}")
    assert set(re.findall(r'label = "(\w+)"', graph.stdout)) == RULES | {"all"}

    assert [path.name for path in tmp_path.iterdir()] == [".snakemake"]


def test_the_rule_dry_run_tries_all_and_publishes_nothing(tmp_path: Path, files_of: Files) -> None:
    ran = snakemake(tmp_path, "--config", "run_id=x", "--", "dry_run")
    assert ran.code == 0, ran.stderr
    log = read_log(tmp_path / "logs" / "x.log")
    assert log == ran.records
    stages = [each for each in log if each["message"] == "stage finished"]
    assert {"clean", "build_features", "score_users", "check_gold"} <= {
        each["rule"] for each in stages
    }
    assert (log[-1]["message"], log[-1]["status"]) == ("run finished", "done")
    left = {name for name in files_of(tmp_path) if not name.startswith(".snakemake")}
    assert "logs/x.log" in left
    told = ("logs/", "data/joblogs/", "data/locks/")
    assert not [name for name in left if not name.startswith(told)]
