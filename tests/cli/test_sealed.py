"""A finished run id started again: nothing to do, exit 6, or what was lost is put back."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import ROOT, Ran, run
from tests.telling import read_log, sentence_of

PERKS = Path("data/outputs/perks_demo.csv")
LOG = "logs/demo.log"
Files = Callable[[Path], dict[str, bytes]]


def execute(folder: Path, *arguments: str, **environment: str) -> Ran:
    return run("travel_perks", "execute", "--run-id", "demo", *arguments, cwd=folder, **environment)


def snakemake(folder: Path, *arguments: str) -> Ran:
    return run("snakemake", "--snakefile", ROOT / "Snakefile", *arguments, cwd=folder)


def state(folder: Path) -> dict[str, tuple[int, int, int]]:
    """What tells whether a file was written again: inode, time and size."""
    return {
        str(path.relative_to(folder)): (status.st_ino, status.st_mtime_ns, status.st_size)
        for path in folder.rglob("*")
        if path.is_file() and ".snakemake" not in path.parts
        for status in [path.stat()]
    }


def overwrite(path: Path, content: bytes) -> None:
    path.chmod(0o640)
    path.write_bytes(content)


def test_there_is_nothing_to_do_and_sources_are_not_looked_at(sealed: Path) -> None:
    before = state(sealed)
    hurried = execute(sealed, "--cores", "1", "--retries", "0", TRAVEL_PERKS_LOG_FORMAT="json")
    assert (hurried.code, hurried.stderr) == (0, "")
    messages = [record["message"] for record in hurried.records]
    assert messages == ["nothing to do: the run is sealed", "run finished"]
    assert hurried.records[-1]["duration_seconds"] >= 0
    after = state(sealed)
    assert {name for name in after if after[name] != before.get(name)} == {LOG}
    assert read_log(sealed / LOG)[-2:] == hurried.records


def test_text_is_shown_and_json_is_kept(sealed: Path) -> None:
    shown = execute(sealed, "--log-format", "text")
    assert shown.code == 0
    assert "nothing to do" in shown.stdout
    assert not shown.stdout.startswith("{")
    assert read_log(sealed / LOG)[-1]["message"] == "run finished"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--seed", "2"], "seed (1 sealed, 2 asked)"),
        (["--min-sessions", "8", "--dry-run"], "min_sessions (7 sealed, 8 asked)"),
        (["--users-url", "gone.csv"], "users_url (sample sealed, gone.csv asked)"),
    ],
)
def test_another_result_setting_is_exit_6_and_touches_nothing(
    sealed: Path, arguments: list[str], said: str
) -> None:
    before = state(sealed)
    sentence = sentence_of(execute(sealed, *arguments), 6)
    assert said in sentence
    assert "new run id" in sentence
    assert state(sealed) == before


def test_an_edited_artefact_is_exit_6_and_touches_nothing(sealed: Path) -> None:
    overwrite(sealed / PERKS, b"user_id,perk\n")
    before = state(sealed)
    for arguments in ([], ["--dry-run"], ["--", "--forceall"]):
        assert str(PERKS) in sentence_of(execute(sealed, *arguments), 6)
    assert str(PERKS) in sentence_of(snakemake(sealed, "--config", "run_id=demo", "--forceall"), 6)
    assert state(sealed) == before


def test_a_damaged_manifest_is_exit_6_and_touches_nothing(sealed: Path) -> None:
    overwrite(sealed / "data/outputs/manifest_demo.json", b"{")
    before = state(sealed)
    assert "manifest_demo.json" in sentence_of(execute(sealed), 6)
    assert state(sealed) == before


def test_snakemake_can_force_nothing(sealed: Path) -> None:
    before = state(sealed)
    for arguments in (
        ["--forceall"],
        ["--delete-all-output", "--", str(PERKS)],
    ):
        ran = snakemake(sealed, "--config", "run_id=demo", *arguments)
        assert ran.code == 0 or "--" in arguments
        after = state(sealed)
        changed = {name for name in before | after if before.get(name) != after.get(name)}
        assert changed <= {LOG}, arguments


def test_another_run_id_touches_nothing_of_a_sealed_one(sealed: Path) -> None:
    before = state(sealed)
    snakemake(sealed, "--config", "run_id=other", "--forceall", "--", str(PERKS))
    after = state(sealed)
    assert {name: after[name] for name in before} == before


def test_what_was_lost_is_put_back_alone(sealed: Path, files_of: Files) -> None:
    before, untouched = files_of(sealed), state(sealed)
    for name in ("data/outputs/perks_demo.csv", "data/outputs/report_demo.pdf"):
        (sealed / name).unlink()
    ran = execute(sealed)
    assert ran.code == 0, ran.stderr
    after = files_of(sealed)
    changed = {name for name in after if after[name] != before.get(name)}
    assert changed <= {LOG, "data/locks/demo.lock"}
    assert after.keys() == before.keys()
    for name in ("data/gold/users_features_demo.csv", "data/outputs/manifest_demo.json"):
        assert state(sealed)[name] == untouched[name]
    assert (sealed / PERKS).stat().st_mode & 0o777 == 0o440
    remade = {each["artefact"] for each in ran.records if each["message"] == "lost artefact remade"}
    assert remade == {"perks", "report"}


def test_a_log_that_cannot_be_written_is_exit_9(sealed: Path) -> None:
    shutil.rmtree(sealed / "logs")
    (sealed / "logs").write_text("a file in the way", "utf-8")
    assert "logs" in sentence_of(execute(sealed), 9)
