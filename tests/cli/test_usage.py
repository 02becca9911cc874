"""The command line: help, exit codes 2 and 3, and that a refusal makes nothing."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import clean_environment, run
from tests.telling import sentence_of
from travel_perks import __version__
from travel_perks.settings import Settings

HEAVY = {
    "duckdb", "pandas", "numpy", "pyarrow", "pydantic", "sklearn", "scipy", "great_expectations",
    "matplotlib", "reportlab", "snakemake", "requests", "yaml", "rich",
}  # fmt: skip
IMPORTED = """
import sys
from travel_perks.cli import main
try:
    main()
finally:
    print(*{name.partition(".")[0] for name in sys.modules}, file=sys.stderr)
"""


@pytest.mark.parametrize(
    "arguments", ["--help", "-h", "--version", "execute --help", "sample --help"]
)
def test_help_comes_without_a_heavy_import(tmp_path: Path, arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", IMPORTED, *arguments.split()],
        cwd=tmp_path,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout
    heavy = HEAVY & set(done.stderr.split())
    assert not heavy


def test_help_shows_every_setting_with_its_default_and_examples(tmp_path: Path) -> None:
    shown = run("travel_perks", "execute", "--help", cwd=tmp_path)
    assert shown.code == 0
    assert shown.stderr == ""
    for name in Settings.model_fields:
        assert f"--{name.replace('_', '-')}" in shown.stdout, name
    for option in ("--dry-run", "--config-file", "--profile"):
        assert option in shown.stdout
    assert "[default: 2023-01-04]" in " ".join(shown.stdout.split())
    assert "travel_perks execute --run-id 20251021" in shown.stdout
    assert "travel_perks execute --dry-run" in shown.stdout


def test_version(tmp_path: Path) -> None:
    shown = run("travel_perks", "--version", cwd=tmp_path)
    assert (shown.code, shown.stdout) == (0, f"{__version__}\n")


def test_without_a_command_the_help_is_shown_as_it_is(tmp_path: Path) -> None:
    shown = run("travel_perks", cwd=tmp_path)
    assert shown.code == 2
    assert (shown.stdout + shown.stderr).startswith("Usage: ")
    assert "execute" in shown.stdout + shown.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["frobnicate"], "frobnicate"),
        (["execute", "--nope", "1"], "--nope"),
        (["execute", "--min-session", "1"], "--min-sessions"),
        (["execute", "--run-id"], "--run-id"),
        (["execute", "--run-id", "../x"], "../x"),
        (["execute", "--run-id", ""], "''"),
        (["execute", "--run-id", "x" * 65], "x" * 65),
        (["execute", "--dry-run", "--run-id", "a/b"], "a/b"),
        (["sample"], "--out"),
        (["sample", "--users", "many", "--out", "x"], "many"),
    ],
)
def test_wrong_usage_is_exit_2_and_makes_nothing(
    tmp_path: Path, arguments: list[str], said: str
) -> None:
    ran = run("travel_perks", *arguments, cwd=tmp_path)
    assert said in sentence_of(ran, 2)
    assert ran.stdout == ""
    assert list(tmp_path.iterdir()) == []


def test_a_bad_run_id_from_the_environment_is_exit_2(tmp_path: Path) -> None:
    ran = run("travel_perks", "execute", cwd=tmp_path, TRAVEL_PERKS_RUN_ID="../x")
    assert "../x" in sentence_of(ran, 2)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("TRAVEL_PERKS_SESION_URL", "x", "did you mean TRAVEL_PERKS_SESSIONS_URL?"),
        ("TRAVEL_PERKS_MIN_SESSIONS", "seven", "min_sessions"),
        ("TRAVEL_PERKS_START_DATE", "2023-02-30", "start_date"),
        ("TRAVEL_PERKS_USERS_URL", "ftp://ann:s3cret@example.com/u.csv", "ftp://example.com"),
        ("TRAVEL_PERKS_PERKS_FILE", "nowhere.yaml", "nowhere.yaml"),
    ],
)
def test_a_wrong_variable_is_exit_3_and_makes_nothing(
    tmp_path: Path, name: str, value: str, said: str
) -> None:
    ran = run("travel_perks", "execute", "--run-id", "x", cwd=tmp_path, **{name: value})
    sentence = sentence_of(ran, 3)
    assert said in sentence
    assert "s3cret" not in sentence
    assert ran.stdout == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("option", "content", "said"),
    [
        ("--config-file", "min_session: 5\n", "did you mean min_sessions?"),
        ("--config-file", "seed: [1\n", "not valid YAML"),
        ("--config-file", "run_id: 007\n", "in quotes"),
        ("--config-file", "just a word\n", "name: value"),
        ("--perks-file", "perks: []\n", "perks file"),
        ("--perks-file", "perks: [\n", "perks file"),
        ("--gold-expectations-file", "gold:\n  - 7\n", "expectations file"),
        ("--source-expectations-file", "gold: []\n", "gold"),
    ],
)
def test_a_wrong_file_is_exit_3_and_makes_nothing(
    tmp_path: Path, option: str, content: str, said: str
) -> None:
    file, folder = tmp_path / "mine.yaml", tmp_path / "work"
    file.write_text(content, "utf-8")
    folder.mkdir()
    ran = run("travel_perks", "execute", option, file, cwd=folder)
    assert said in sentence_of(ran, 3)
    assert ran.stdout == ""
    assert list(folder.iterdir()) == []


def test_a_missing_file_or_profile_is_exit_3(tmp_path: Path) -> None:
    for option in ("--config-file", "--perks-file", "--profile"):
        ran = run("travel_perks", "execute", "--run-id", "x", option, "nowhere", cwd=tmp_path)
        assert "nowhere" in sentence_of(ran, 3)
    assert list(tmp_path.iterdir()) == []


def test_a_sample_is_written_and_can_be_named(tmp_path: Path) -> None:
    ran = run(
        *("travel_perks", "sample", "--users", "20", "--seed", "3", "--out", "s"), cwd=tmp_path
    )
    assert (ran.code, ran.stderr) == (0, "")
    tables = ("users", "sessions", "flights", "hotels", "truth")
    assert {path.name for path in (tmp_path / "s").iterdir()} == {f"{name}.csv" for name in tables}
    assert len((tmp_path / "s" / "truth.csv").read_text("utf-8").splitlines()) == 21


def test_a_sample_in_the_way_of_a_file_is_exit_9(tmp_path: Path) -> None:
    (tmp_path / "s").write_text("", "utf-8")
    ran = run("travel_perks", "sample", "--users", "20", "--out", "s/t", cwd=tmp_path)
    assert "s/t" in sentence_of(ran, 9)
