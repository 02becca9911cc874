"""Hold the files of sealed runs against what their manifests say of them."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

from travel_perks.errors import SealedError, UsageError
from travel_perks.files import sha256
from travel_perks.layout import Layout
from travel_perks.runs.catalogue import catalogue, require_run
from travel_perks.sealing.manifest import Seal, read_seal
from travel_perks.settings import Settings

FileState = Literal["intact", "missing", "changed", "unreadable"]


@dataclass(frozen=True)
class SealedFile:
    """A file as it was sealed, and what has become of it."""

    name: str
    path: str
    bytes: int
    sha256: str
    state: FileState


@dataclass(frozen=True)
class Verdict:
    """What was found of one run. A stored input that is gone is no fault of the run."""

    run_id: str
    artefacts: list[SealedFile] = field(default_factory=list)
    stored_inputs: list[SealedFile] = field(default_factory=list)
    damaged_manifest: str = ""

    @property
    def faults(self) -> list[str]:
        """What is not as it was sealed, a phrase a file."""
        inputs = [file for file in self.stored_inputs if file.state != "missing"]
        wrong = [file for file in (*self.artefacts, *inputs) if file.state != "intact"]
        damaged = [f"{self.damaged_manifest} is damaged"] if self.damaged_manifest else []
        return damaged + [f"{file.path} is {file.state}" for file in wrong]

    @property
    def gone_inputs(self) -> list[str]:
        """The stored inputs that are gone, by table."""
        return [file.name for file in self.stored_inputs if file.state == "missing"]

    def to_json(self) -> dict[str, Any]:
        """Return what `travel_perks verify --json` says of the run."""
        return {
            "run_id": self.run_id,
            "intact": not self.faults,
            "faults": self.faults,
            "artefacts": [asdict(file) for file in self.artefacts],
            "stored_inputs": [asdict(file) for file in self.stored_inputs],
        }


class Verifier:
    """Verifies runs; what several of them share is read once."""

    def __init__(self) -> None:
        self._hash_stored = cache(sha256)

    def verify(self, layout: Layout) -> Verdict:
        """Hash all that the manifest of the run names."""
        try:
            seal = read_seal(layout)
        except SealedError:
            return Verdict(layout.run_id, damaged_manifest=layout.manifest)
        inputs = [
            _look_at(table, Path(layout.store) / receipt["sha256"], receipt, self._hash_stored)
            for table, receipt in seal.manifest["inputs"].items()
        ]
        return Verdict(layout.run_id, sealed_artefacts(layout, seal), inputs)


def sealed_runs(settings: Settings, run_id: str | None) -> list[Layout]:
    """Return the layouts of all runs with a manifest, or of one.

    Raises UsageError for an unknown run and for one that is not sealed.
    """
    if run_id is None:
        sealed = [run for run in catalogue(settings) if run.state in ("sealed", "damaged")]
        return [Layout.of(settings, run.run_id) for run in sealed]
    layout, run = require_run(settings, run_id)
    if run.state not in ("sealed", "damaged"):
        raise UsageError(
            f"The run {run_id} is {run.state}, not sealed, so there is nothing to hold it "
            "against; `travel_perks show` tells more."
        )
    return [layout]


def sealed_artefacts(layout: Layout, seal: Seal) -> list[SealedFile]:
    """Return the artefacts of a sealed run and what has become of them."""
    return [
        _look_at(name, path, seal.manifest["artefacts"][name], sha256)
        for name, path in layout.artefacts.items()
    ]


def _look_at(
    name: str, path: Path, sealed: dict[str, Any], hash_of: Callable[[Path], str]
) -> SealedFile:
    state: FileState
    try:
        state = "intact" if hash_of(path) == sealed["sha256"] else "changed"
    except FileNotFoundError:
        state = "missing"
    except IsADirectoryError:
        state = "changed"
    except OSError:
        state = "unreadable"
    return SealedFile(name, str(path), sealed["bytes"], sealed["sha256"], state)
