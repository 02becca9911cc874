"""What a change makes stale, and nothing else: the table of promise 4.

Each row changes one thing in an unsealed run that is otherwise done, and asks Snakemake's
`-n` which rules it would run. `make campaign` goes through all rows, the suite through some.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT, Ran, clean_environment, run

CAMPAIGN = bool(os.environ.get("CAMPAIGN"))

PUBLISH = {"publish_gold", "publish_perks", "write_report", "seal"}
GOLD = {"build_gold", "check_gold", "gate_gold"} | PUBLISH
SCORE = {"score_users"} | GOLD
MODEL = {"fit_model"} | SCORE
FEATURES = {"build_features", "gate_cohort"} | MODEL
CHECKED = {"check_sources", "gate_sources"} | FEATURES
CLEAN = {"clean"} | CHECKED
ALL = {"download"} | CLEAN


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project, whose code a test may change."""
    copy = tmp_path_factory.mktemp("project")
    for name in ("Snakefile", "rules", "scripts", "config", "envs", "profiles", "travel_perks"):
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, copy / name)
    return copy


@pytest.fixture(scope="module")
def unsealed(project: Path) -> Path:
    """A working folder in which everything but the seal of the run `s` is made."""
    folder = project / "work"
    folder.mkdir()
    for table in ("users", "sessions", "flights", "hotels"):
        shutil.copy(ROOT / "travel_perks" / "sample_data" / f"{table}.csv", folder)
    ran = snakemake(project, folder, "--until", "write_report", "publish_perks")
    assert ran.code == 0, ran.stderr + ran.stdout
    assert not list(folder.rglob("manifest_*.json"))
    return folder


def snakemake(project: Path, folder: Path, *arguments: str, **settings: str) -> Ran:
    sources = {
        f"TRAVEL_PERKS_{table.upper()}_URL": f"{table}.csv"
        for table in ("users", "sessions", "flights", "hotels")
    }
    given = [f"{name}={value}" for name, value in settings.items()]
    return run(
        *("snakemake", "--snakefile", project / "Snakefile", "--cores", "2"),
        *("--config", "run_id=s", *given),
        *arguments,
        cwd=folder,
        PYTHONPATH=str(project),
        **sources,
    )


def planned(project: Path, folder: Path, **settings: str) -> set[str]:
    ran = snakemake(project, folder, "-n", **settings)
    assert ran.code == 0, ran.stderr + ran.stdout
    return {record["rule"] for record in ran.records if record["message"] == "rule planned"}


@pytest.fixture
def edit(project: Path) -> Iterator[Callable[[str, str], None]]:
    """Append a line to a file of the project, and take it back after the test."""
    before: dict[Path, tuple[bytes, os.stat_result]] = {}

    def append(name: str, line: str) -> None:
        path = project / name
        before[path] = (path.read_bytes(), path.stat())
        with path.open("a") as file:
            file.write(line + "\n")

    yield append
    for path, (content, state) in before.items():
        path.write_bytes(content)
        os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))


def sampled(rows: dict[str, set[str]], always: set[str]) -> list[object]:
    """Turn a table into parameters; outside of the campaign only some rows run."""
    return [
        pytest.param(
            name,
            rules,
            id=name,
            marks=pytest.mark.skipif(
                not (CAMPAIGN or name in always), reason="`make campaign` goes through all"
            ),
        )
        for name, rules in rows.items()
    ]


SETTINGS = {
    "min_sessions=8": FEATURES,
    "start_date=2023-01-05": FEATURES,
    "seed=2": MODEL,
    "clusters=4": MODEL,
    "max_reject_share=0.02": CHECKED,
    "memory_limit=3GB": {"seal"},
    "retries=5": {"seal"},
    "keep_intermediate=true": {"seal"},
    "cores=1": {"seal"},
}


@pytest.mark.parametrize(
    ("setting", "rules"), sampled(SETTINGS, {"min_sessions=8", "seed=2", "retries=5"})
)
def test_a_setting(project: Path, unsealed: Path, setting: str, rules: set[str]) -> None:
    name, value = setting.split("=")
    # The report names the result settings, so that it is remade with any of them.
    assert planned(project, unsealed, **{name: value}) == rules | {"seal"}


CODE = {
    "scripts/clean.py": CLEAN,
    "scripts/score_users.py": SCORE,
    "scripts/write_report.py": {"write_report", "seal"},
    "travel_perks/cleaning/cells.py": CLEAN,
    "travel_perks/recommending/features.py": FEATURES,
    "travel_perks/recommending/score.py": SCORE,
    "travel_perks/recommending/model.py": MODEL,
    "travel_perks/report/charts.py": {"write_report", "seal"},
    "travel_perks/checking/gates.py": CHECKED,
    "travel_perks/fetching/download.py": ALL,
    "travel_perks/sampling/sample.py": set(),
    "travel_perks/cli.py": set(),
}


@pytest.mark.parametrize(
    ("name", "rules"),
    sampled(CODE, {"travel_perks/recommending/features.py", "travel_perks/report/charts.py"}),
)
def test_code(
    project: Path, unsealed: Path, edit: Callable[[str, str], None], name: str, rules: set[str]
) -> None:
    edit(name, "# a change")
    assert planned(project, unsealed) == rules | {"seal"}


def test_sql(project: Path, unsealed: Path, edit: Callable[[str, str], None]) -> None:
    edit("travel_perks/sql/features.sql", "-- a change")
    assert planned(project, unsealed) == FEATURES


FILES = {
    "config/perks.yaml": MODEL,
    "config/expectations/sources.yaml": CHECKED,
    "config/expectations/gold.yaml": {"check_gold", "gate_gold"} | PUBLISH,
}


@pytest.mark.parametrize(("name", "rules"), sampled(FILES, {"config/perks.yaml"}))
def test_a_config_file(
    project: Path, unsealed: Path, edit: Callable[[str, str], None], name: str, rules: set[str]
) -> None:
    edit(name, "# a change")
    assert planned(project, unsealed) == rules


def test_nothing_changed(project: Path, unsealed: Path) -> None:
    assert planned(project, unsealed) == {"seal"}


def test_touched_sources_and_config(project: Path, unsealed: Path) -> None:
    for path in (unsealed / "sessions.csv", project / "config" / "perks.yaml"):
        os.utime(path)
    assert planned(project, unsealed) == {"seal"}


def test_the_environment_is_ours() -> None:
    assert not [name for name in clean_environment() if name.startswith("TRAVEL_PERKS_")]
