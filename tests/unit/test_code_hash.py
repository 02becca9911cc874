"""The hash of a rule's code: it changes with all that the rule reaches, and with nothing else."""

import shutil
from pathlib import Path

import pytest

from travel_perks import code_hash

ROOT = Path(__file__).parents[2]


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the package and the scripts that a test may edit."""
    ignored = shutil.ignore_patterns("__pycache__", "sample_data")
    for name in ("travel_perks", "scripts"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignored)
    monkeypatch.setattr(code_hash, "PACKAGE", tmp_path / "travel_perks")
    return tmp_path


def hashes(tree: Path) -> dict[str, str]:
    # What a process has read of a file stays: a run's code does not change under it.
    code_hash._content.cache_clear()
    code_hash._reached_from.cache_clear()
    return {path.stem: code_hash.code_hash(path) for path in (tree / "scripts").glob("*.py")}


def stale_after(tree: Path, edited: str) -> set[str]:
    """The rules whose hash another line in the file `edited` changes."""
    before = hashes(tree)
    path = tree / edited
    path.write_text(
        path.read_text("utf-8") + "\n-- x\n" * path.name.endswith(".sql") + "\n", "utf-8"
    )
    after = hashes(tree)
    return {rule for rule in before if before[rule] != after[rule]}


def test_the_hash_is_the_same_each_time(tree: Path) -> None:
    assert hashes(tree) == hashes(tree)
    assert len(set(hashes(tree).values())) == len(hashes(tree))


def test_a_script_is_its_own_rule_alone(tree: Path) -> None:
    assert stale_after(tree, "scripts/fit_model.py") == {"fit_model"}


def test_the_drawing_of_charts_remakes_the_report_alone(tree: Path) -> None:
    assert stale_after(tree, "travel_perks/report/charts.py") == {"write_report"}


def test_the_model_restales_what_is_fitted_and_scored(tree: Path) -> None:
    stale = stale_after(tree, "travel_perks/recommending/model.py")
    assert {"fit_model", "score_users", "dry_run"} <= stale
    assert not stale & {"download", "clean", "check_sources", "gate_sources", "build_features"}


def test_a_query_counts_as_code(tree: Path) -> None:
    stale = stale_after(tree, "travel_perks/sql/features.sql")
    assert {"build_features", "dry_run"} <= stale
    assert not stale & {"download", "clean", "check_sources", "gate_sources"}


def test_what_a_function_imports_late_counts(tree: Path) -> None:
    # expectations imports the adapter of Great Expectations only where it validates.
    stale = stale_after(tree, "travel_perks/checking/gx_adapter.py")
    assert {"check_sources", "check_gold"} <= stale
    assert "clean" not in stale


def test_the_command_itself_restales_nothing(tree: Path) -> None:
    for name in ("cli", "running/supervise", "running/progress", "config_docs", "sampling/sample"):
        assert stale_after(tree, f"travel_perks/{name}.py") == set(), name


def test_every_file_counts_for_the_package(tree: Path) -> None:
    before = code_hash.package_hash()
    for name in ("cli.py", "sql/features.sql", "report/words.py"):
        path = tree / "travel_perks" / name
        path.write_text(path.read_text("utf-8") + "\n", "utf-8")
        code_hash._content.cache_clear()
        assert code_hash.package_hash() != before, name
        before = code_hash.package_hash()
