"""The manifest: what a finished run is made of, and what counts as the same run."""

import json
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from travel_perks.errors import Exit, SealedError
from travel_perks.files import sha256, write_json
from travel_perks.layout import Layout
from travel_perks.running.runlog import as_line, record
from travel_perks.sealing.manifest import (
    compose,
    find_seal,
    identity,
    published_settings,
    started_at,
)
from travel_perks.settings import Settings
from travel_perks.tables import TABLES

RECEIPT = {"source": "users.csv", "sha256": "0a" * 32, "bytes": 10}
COUNTS = {
    **{"table": "users", "read": 4, "kept": 1, "merged": 1, "rejected": 1, "ignored": 1},
    **{"rejected_by_rule": {"out_of_range": 1}, "changed_by_rule": {}},
}
COHORT = {
    **{"users_in_source": 5, "users_in_cohort": 3, "start_date": "2023-01-04"},
    **{"min_sessions": 7, "users_by_sessions": [[7, 3], [6, 2]]},
}
SECRET = "https://ann:s3cret@example.com/users.csv?token=abc"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def sealed(folder: Path) -> Callable[..., tuple[Settings, Layout]]:
    """Seal a run of three small artefacts with the given settings."""

    def seal(**values: Any) -> tuple[Settings, Layout]:
        settings = Settings(run_id="x", **values)
        layout = Layout.of(settings)
        for name, path in layout.artefacts.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"content of {name}", "utf-8")
        Path(layout.log).parent.mkdir(exist_ok=True)
        Path(layout.log).write_text(as_line(record("run started", run_id="x")), "utf-8")
        manifest = compose(
            settings,
            layout,
            receipts=[RECEIPT for _ in TABLES],
            tables=[COUNTS | {"table": name} for name in TABLES],
            cohort=COHORT,
            perks={"free_hotel_meal": 2, "free_checked_bag": 1},
        )
        write_json(layout.manifest, manifest)
        return settings, layout

    return seal


def test_it_names_artefacts_inputs_settings_and_versions(
    sealed: Callable[..., tuple[Settings, Layout]],
) -> None:
    settings, layout = sealed()
    manifest = json.loads(Path(layout.manifest).read_text("utf-8"))
    assert manifest["schema_version"] == 1
    assert manifest["run_id"] == "x"
    for name, path in layout.artefacts.items():
        described = manifest["artefacts"][name]
        assert described == {
            "path": str(path),
            "sha256": sha256(path),
            "bytes": path.stat().st_size,
        }
    assert manifest["inputs"] == dict.fromkeys(TABLES, RECEIPT)
    assert manifest["result_settings"] == identity(settings)
    assert manifest["run_settings"] == settings.of_kind("run")
    assert manifest["counts"]["perks"] == {"free_hotel_meal": 2, "free_checked_bag": 1}
    assert {"duckdb", "scikit-learn", "snakemake"} <= manifest["libraries"].keys()
    assert manifest["started"] <= manifest["finished"]


def test_a_run_without_a_manifest_is_not_sealed(folder: Path) -> None:
    assert find_seal(Layout.of(Settings(run_id="x"))) is None


def test_the_same_settings_and_intact_artefacts_are_the_same_run(
    sealed: Callable[..., tuple[Settings, Layout]],
) -> None:
    settings, layout = sealed()
    seal = find_seal(layout)
    assert seal is not None
    assert seal.lost(settings, layout) == []
    # How a run is made is no part of what it is.
    hurried = Settings(run_id="x", cores=1, retries=0, memory_limit="1GB", log_format="text")
    assert seal.lost(hurried, layout) == []


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"seed": 2}, "seed (1 sealed, 2 asked)"),
        ({"start_date": date(2023, 2, 1)}, "start_date (2023-01-04 sealed, 2023-02-01 asked)"),
        ({"users_url": "https://example.com/u.csv"}, "users_url (sample sealed"),
        ({"seed": 2, "clusters": 3}, "clusters (5 sealed, 3 asked), seed (1 sealed, 2 asked)"),
    ],
)
def test_another_result_setting_is_named(
    sealed: Callable[..., tuple[Settings, Layout]], changed: dict[str, Any], said: str
) -> None:
    _, layout = sealed()
    seal = find_seal(layout)
    assert seal is not None
    with pytest.raises(SealedError) as refused:
        seal.lost(Settings(run_id="x", **changed), layout)
    assert refused.value.exit_code == Exit.SEALED
    assert said in str(refused.value)


def test_an_edited_perks_file_is_another_setting(
    sealed: Callable[..., tuple[Settings, Layout]], folder: Path
) -> None:
    perks = folder / "perks.yaml"
    perks.write_text("one", "utf-8")
    settings, layout = sealed(perks_file=str(perks))
    seal = find_seal(layout)
    assert seal is not None
    moved = folder / "moved.yaml"
    moved.write_text("one", "utf-8")
    assert seal.lost(Settings(run_id="x", perks_file=str(moved)), layout) == []
    perks.write_text("two", "utf-8")
    with pytest.raises(SealedError, match="perks_file"):
        seal.lost(settings, layout)


def test_an_edited_artefact_is_named_and_a_lost_one_returned(
    sealed: Callable[..., tuple[Settings, Layout]],
) -> None:
    settings, layout = sealed()
    seal = find_seal(layout)
    assert seal is not None
    layout.artefacts["report"].unlink()
    assert seal.lost(settings, layout) == ["report"]
    layout.artefacts["perks"].write_text("edited", "utf-8")
    with pytest.raises(SealedError, match=re.escape(layout.perks)):
        seal.lost(settings, layout)


def test_secrets_of_a_source_are_no_part_of_it(
    sealed: Callable[..., tuple[Settings, Layout]],
) -> None:
    _, layout = sealed(users_url=SECRET)
    text = Path(layout.manifest).read_text("utf-8")
    assert "s3cret" not in text
    assert "abc" not in text
    assert "https://example.com/users.csv" in text
    seal = find_seal(layout)
    assert seal is not None
    # A new password is the same source.
    other = SECRET.replace("s3cret", "changed").replace("abc", "def")
    assert seal.lost(Settings(run_id="x", users_url=other), layout) == []


def test_a_report_names_no_source(folder: Path) -> None:
    assert not [name for name in published_settings(Settings()) if name.endswith("_url")]


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", "null", '{"artefacts": {}}'])
def test_a_manifest_that_cannot_be_read_opens_nothing(folder: Path, content: str) -> None:
    layout = Layout.of(Settings(run_id="x"))
    path = Path(layout.manifest)
    path.parent.mkdir(parents=True)
    path.write_text(content, "utf-8")
    with pytest.raises(SealedError, match=r"manifest_x\.json"):
        find_seal(layout)


def test_a_folder_in_place_of_the_manifest_opens_nothing(folder: Path) -> None:
    layout = Layout.of(Settings(run_id="x"))
    Path(layout.manifest).mkdir(parents=True)
    with pytest.raises(SealedError, match=r"manifest_x\.json"):
        find_seal(layout)


def test_the_last_start_counts(tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    first, last = record("run started", run_id="x"), record("run started", run_id="x")
    first["timestamp"], last["timestamp"] = "2025-10-20T03:00:00.000Z", "2025-10-21T03:00:00.000Z"
    said = record('a source is called "run started"', run_id="x")
    log.write_text(as_line(first) + as_line(last) + as_line(said), "utf-8")
    assert started_at(log) == "2025-10-21T03:00:00.000Z"
