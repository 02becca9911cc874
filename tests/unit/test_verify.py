"""Verification names each file that is not as it was sealed."""

from pathlib import Path

import pytest

from tests.crafted import Folders, write
from travel_perks.errors import UsageError
from travel_perks.runs.verify import Verifier, sealed_runs


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return Folders(tmp_path)


def test_an_intact_run_has_no_faults(folders: Folders) -> None:
    folders.sealed("x")
    verdict = Verifier().verify(folders.layout("x"))
    assert (verdict.faults, verdict.gone_inputs) == ([], [])
    assert [file.name for file in verdict.artefacts] == ["gold", "perks", "report"]
    assert len(verdict.stored_inputs) == 4


def test_each_changed_or_missing_file_is_named(folders: Folders) -> None:
    manifest = folders.sealed("x")
    layout = folders.layout("x")
    stored = Path(layout.store) / manifest["inputs"]["users"]["sha256"]
    write(Path(layout.gold), "edited!!!!!!")  # as long as it was
    Path(layout.perks).unlink()
    Path(layout.report).unlink()
    Path(layout.report).mkdir()
    write(stored, "edited")
    assert Verifier().verify(layout).faults == [
        f"{layout.gold} is changed",
        f"{layout.perks} is missing",
        f"{layout.report} is changed",
        f"{stored} is changed",
    ]


def test_a_stored_input_that_is_gone_is_noted_only(folders: Folders) -> None:
    manifest = folders.sealed("x")
    (Path(folders.layout("x").store) / manifest["inputs"]["hotels"]["sha256"]).unlink()
    verdict = Verifier().verify(folders.layout("x"))
    assert (verdict.faults, verdict.gone_inputs) == ([], ["hotels"])


def test_a_damaged_manifest_is_a_fault(folders: Folders) -> None:
    folders.sealed("x")
    write(Path(folders.layout("x").manifest), "{}")
    assert Verifier().verify(folders.layout("x")).faults == [
        f"{folders.layout('x').manifest} is damaged"
    ]


def test_all_are_the_runs_with_a_manifest(folders: Folders) -> None:
    folders.sealed("a")
    folders.sealed("b")
    write(Path(folders.layout("b").manifest), "{}")
    folders.failed("c")
    assert {layout.run_id for layout in sealed_runs(folders.settings, None)} == {"a", "b"}
    assert [layout.run_id for layout in sealed_runs(folders.settings, "a")] == ["a"]
    with pytest.raises(UsageError, match="c is failed, not sealed"):
        sealed_runs(folders.settings, "c")
