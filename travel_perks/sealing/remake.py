"""Put a lost artefact of a sealed run back, if it comes out as it was."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from travel_perks import __version__
from travel_perks.config_files import config_file
from travel_perks.database import Connection, Relation, connect
from travel_perks.errors import SealedError
from travel_perks.files import make_folder, read_json, sha256
from travel_perks.layout import Layout
from travel_perks.publishing.artefacts import write_gold, write_perks
from travel_perks.publishing.findings import Findings
from travel_perks.publishing.report_file import write_report
from travel_perks.recommending.perks import load_perks
from travel_perks.running.rehearse import rehearse
from travel_perks.sealing.manifest import Seal, published_settings
from travel_perks.settings import Settings
from travel_perks.tables import TABLES


def remake(settings: Settings, layout: Layout, seal: Seal, names: list[str]) -> None:
    """Remake the artefacts `names` apart and put each in place that equals the sealed one.

    Nothing else of the run is touched. They are made from what the run kept, or, where that
    is gone too, from the stored inputs. Raises SealedError when one comes out differently.
    """
    apart = Path(layout.apart)
    shutil.rmtree(apart, ignore_errors=True)
    make_folder(apart)
    try:
        _make(settings, layout, seal, {name: apart / name for name in names})
        for name in names:
            _require_equal(seal, name, apart / name)
        for name in names:
            make_folder(layout.artefacts[name].parent)
            (apart / name).replace(layout.artefacts[name])
    finally:
        shutil.rmtree(apart, ignore_errors=True)


def _make(settings: Settings, layout: Layout, seal: Seal, paths: Mapping[str, Path]) -> None:
    connection = connect(threads=settings.cores, memory_limit=settings.memory_limit)
    gold, findings = _kept(connection, layout) or _from_store(settings, layout, seal)
    if "gold" in paths:
        write_gold(gold, paths["gold"])
    if "perks" in paths:
        write_perks(gold, paths["perks"])
    if "report" in paths:
        write_report(
            gold,
            findings,
            perks=load_perks(config_file(settings, "perks_file").read_text("utf-8")),
            settings=published_settings(settings),
            path=paths["report"],
        )


def _kept(connection: Connection, layout: Layout) -> tuple[Relation, Findings] | None:
    """Read what the run kept for this; None when some of it is gone."""
    gold = Path(layout.silver("gold.parquet"))
    try:
        findings = Findings(
            tables=[read_json(layout.silver(f"{table}.json"))["counts"] for table in TABLES],
            receipts=[read_json(layout.bronze(f"{table}.json")) for table in TABLES],
            checks=[*read_json(layout.checks("sources")), *read_json(layout.checks("gold"))],
            cohort=read_json(layout.silver("cohort.json")),
        )
    except (OSError, ValueError, KeyError):
        return None
    return (connection.read_parquet(str(gold)), findings) if gold.is_file() else None


def _from_store(settings: Settings, layout: Layout, seal: Seal) -> tuple[Relation, Findings]:
    """Go through all stages again on the stored inputs."""
    inputs: dict[str, dict[str, Any]] = seal.manifest["inputs"]
    stored = {table: Path(layout.store) / receipt["sha256"] for table, receipt in inputs.items()}
    gone = [table for table, path in stored.items() if not path.is_file()]
    if gone:
        raise SealedError(
            f"A lost artefact of the run {settings.run_id} cannot be remade: the stored inputs "
            f"{', '.join(gone)} are gone too; restore it from a backup, or choose a new run id."
        )
    sources = {f"{table}_url": str(path) for table, path in stored.items()}
    gold, findings = rehearse(settings.model_copy(update=sources))
    receipts = [inputs[table] for table in TABLES]
    return gold, Findings(findings.tables, receipts, findings.checks, findings.cohort)


def _require_equal(seal: Seal, name: str, made: Path) -> None:
    if sha256(made) == seal.manifest["artefacts"][name]["sha256"]:
        return
    sealed = seal.manifest["package"]
    raise SealedError(
        f"The lost {name} of the run {seal.manifest['run_id']} would come out differently: it "
        f"was made by version {sealed['version']} (code {sealed['code']}) and this is version "
        f"{__version__}; nothing was touched; restore it from a backup, or choose a new run id."
    )
