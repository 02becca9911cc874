"""The manifest: it closes a run, says what the run is made of, and lets it be checked."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from travel_perks import __version__
from travel_perks.code_hash import package_hash
from travel_perks.config_files import config_file
from travel_perks.errors import SealedError
from travel_perks.fetching.address import redact
from travel_perks.files import read_json, sha256
from travel_perks.layout import Layout
from travel_perks.running.runlog import timestamp
from travel_perks.sealing.manifest_shape import require_manifest
from travel_perks.sealing.tombstone import require_not_deleted
from travel_perks.settings import Settings
from travel_perks.tables import TABLES

SCHEMA_VERSION = 1
LIBRARIES = (
    "duckdb", "great_expectations", "matplotlib", "numpy", "pandas", "pyarrow", "reportlab",
    "scikit-learn", "scipy", "snakemake", "svglib",
)  # fmt: skip


def identity(settings: Settings) -> dict[str, Any]:
    """Return what makes two runs the same run: the result settings.

    Sources are named without user info and query; files of perks and expectations by the
    hash of their content.
    """
    values = settings.of_kind("result")
    for name, value in values.items():
        if name.endswith("_url"):
            values[name] = redact(value)
        if name.endswith("_file"):
            values[name] = "sha256:" + sha256(config_file(settings, name))
    return values


def published_settings(settings: Settings) -> dict[str, Any]:
    """Return the result settings that a report may name: no sources, which may be paths."""
    values = identity(settings)
    return {name: values[name] for name in values if not name.endswith("_url")}


def library_versions() -> dict[str, str]:
    """Return the versions of the libraries that the result may depend on."""
    return {name: version(name) for name in LIBRARIES}


def describe(path: Path) -> dict[str, Any]:
    """Return hash and size of a file."""
    return {"path": str(path), "sha256": sha256(path), "bytes": path.stat().st_size}


def compose(
    settings: Settings,
    layout: Layout,
    *,
    receipts: Sequence[dict[str, Any]],
    tables: Sequence[dict[str, Any]],
    cohort: dict[str, Any],
    perks: dict[str, int],
) -> dict[str, Any]:
    """Put the manifest of a finished run together, as JSON values.

    `receipts` and `tables` (counts) are in the order of TABLES; `perks` counts users; the
    artefacts are hashed where `layout` has them.
    """
    return {
        "schema_version": SCHEMA_VERSION,
        "run_id": settings.run_id,
        "started": started_at(Path(layout.log)),
        "finished": timestamp(time.time()),
        "result_settings": identity(settings),
        "run_settings": settings.of_kind("run"),
        "package": {"version": __version__, "code": package_hash()},
        "libraries": library_versions(),
        "inputs": dict(zip(TABLES, receipts, strict=True)),
        "counts": {
            "tables": dict(zip(TABLES, tables, strict=True)),
            "cohort": cohort,
            "perks": perks,
        },
        "artefacts": {name: describe(path) for name, path in layout.artefacts.items()},
    }


@dataclass(frozen=True)
class Seal:
    """A sealed run as its manifest describes it."""

    manifest: dict[str, Any]

    def lost(self, settings: Settings, layout: Layout) -> list[str]:
        """Return the names of artefacts that are gone from a run sealed as asked for.

        Raises SealedError, naming what differs, when the result settings are others or an
        artefact was edited.
        """
        asked = identity(settings)
        # A setting that is younger than the seal stood, in effect, at its default.
        sealed = identity(Settings()) | self.manifest["result_settings"]
        changed = [
            f"{name} ({sealed.get(name)} sealed, {asked.get(name)} asked)"
            for name in sorted(sealed.keys() | asked.keys())
            if sealed.get(name) != asked.get(name)
        ]
        if changed:
            raise _differs(settings, f"with other settings: {', '.join(changed)}")
        there = {name: path for name, path in layout.artefacts.items() if path.exists()}
        edited = [str(path) for name, path in there.items() if not self.holds(name, path)]
        if edited:
            raise _differs(settings, f"and since then {', '.join(edited)} was changed")
        return [name for name in layout.artefacts if name not in there]

    def holds(self, name: str, path: Path) -> bool:
        """Tell whether the file at `path` is the sealed artefact."""
        return path.is_file() and sha256(path) == self.manifest["artefacts"][name]["sha256"]


def _differs(settings: Settings, how: str) -> SealedError:
    return SealedError(
        f"The run {settings.run_id} is sealed {how}; nothing was touched; choose a new run id, "
        "or go back to what was sealed."
    )


def find_seal(layout: Layout) -> Seal | None:
    """Return the seal of the run, or None for a run that is not finished.

    Raises SealedError for a run that was deleted, and for a manifest that cannot be read.
    """
    require_not_deleted(layout)
    return read_seal(layout) if Path(layout.manifest).exists() else None


def read_seal(layout: Layout) -> Seal:
    """Read the manifest; raises SealedError when it is damaged, or another run's."""
    path = Path(layout.manifest)
    try:
        manifest = read_json(path)
        require_manifest(manifest)
        if manifest["run_id"] != layout.run_id:
            raise ValueError(f"it is of the run {manifest['run_id']}")
    except (OSError, ValueError, RecursionError) as error:
        raise SealedError(
            f"The manifest {path} cannot be read ({error}); restore it from a backup, or "
            "choose a new run id."
        ) from None
    return Seal(manifest)


def started_at(log: Path) -> str:
    """Return when the last start of a run was logged, or nothing."""
    found = ""
    with log.open(encoding="utf-8") as lines:
        for line in lines:
            if '"run started"' in line:
                found = str(json.loads(line)["timestamp"])
    return found
