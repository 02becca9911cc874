"""The wheel carries the workflow: it runs in an empty folder, without the checkout."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.conftest import ROOT, clean_environment, run
from tests.telling import read_log

pytest.importorskip("hatchling")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    target = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", target],
        cwd=ROOT,
        env=clean_environment(),
        check=True,
        capture_output=True,
    )
    (built,) = target.glob("travel_perks-*.whl")
    return zipfile.ZipFile(built)


def expected() -> set[str]:
    """All code and data of the packages, and the workflow that plain Snakemake uses."""
    inside = set()
    for package in ("travel_perks", "snakemake_logger_plugin_travel_perks"):
        inside |= {
            str(path.relative_to(ROOT))
            for path in (ROOT / package).rglob("*")
            if path.suffix in (".py", ".sql", ".csv", ".typed")
        }
    for name in ("rules", "scripts", "envs", "config", "profiles"):
        inside |= {
            f"travel_perks/workflow/{path.relative_to(ROOT)}"
            for path in (ROOT / name).rglob("*.*")
            if path.suffix in (".smk", ".py", ".yaml", ".json", ".md")
        }
    return inside | {
        "travel_perks/workflow/Snakefile",
        "travel_perks/workflow/requirements.lock",
    }


def test_everything_that_a_run_needs_is_in_the_wheel(wheel: zipfile.ZipFile) -> None:
    names = set(wheel.namelist())
    assert not expected() - names
    others = {name for name in names - expected() if ".dist-info/" not in name}
    assert not others
    (entry_points,) = (name for name in names if name.endswith("entry_points.txt"))
    assert "travel_perks = travel_perks.cli:main" in wheel.read(entry_points).decode()


def test_it_runs_in_an_empty_folder(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    installed, folder = tmp_path / "installed", tmp_path / "work"
    wheel.extractall(installed)
    folder.mkdir()
    ran = run(
        *("travel_perks", "execute", "--run-id", "demo", "--dry-run"),
        cwd=folder,
        PYTHONPATH=str(installed),
    )
    assert (ran.code, ran.stderr) == (0, "")
    assert [str(path.relative_to(folder)) for path in folder.rglob("*.*")] == ["logs/demo.log"]
    log = read_log(folder / "logs" / "demo.log")
    assert log[-1]["exit_code"] == 0
    sources = {record["source"] for record in log if "source" in record}
    assert {Path(source).parent for source in sources} == {
        installed / "travel_perks" / "sample_data"
    }
    planned = [record for record in log if record["message"] == "rule planned"]
    assert len(planned) > 15
    assert not list(installed.rglob(".snakemake"))
