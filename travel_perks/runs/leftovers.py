"""What may go: the files that a run, or the store, holds without need."""

import os
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from travel_perks.errors import SealedError
from travel_perks.fetching.store import OBJECT_NAME, PART_PREFIX
from travel_perks.files import read_json
from travel_perks.layout import Layout
from travel_perks.runs.removal import files_below
from travel_perks.sealing.manifest import read_seal
from travel_perks.tables import TABLES

# As `files.whole` names them, with a process id: `.perks_a.csv.csv.7.partial` is of run `a.csv`.
_PARTIAL = re.compile(r"\.(.+)\.\d+\.partial")
Torn = Mapping[Path, list[Path]]


def torn_files(layout: Layout) -> Torn:
    """Find what killed writes left beside the files of all runs, by the file meant."""
    found: dict[Path, list[Path]] = {}
    files = [*layout.artefacts.values()]
    files += map(Path, (layout.manifest, layout.frozen, layout.tombstone))
    for folder in {file.parent for file in files}:
        for path in folder.glob(".*.partial"):
            if named := _PARTIAL.fullmatch(path.name):
                found.setdefault(folder / named[1], []).append(path)
    return found


def all_of_run(layout: Layout, torn: Torn) -> list[Path]:
    """List every file of a run but its log, its lock and its tombstone; the manifest last.

    The manifest names the stored inputs, so that a removal that was cut short can go on.
    """
    single = [Path(layout.frozen), *layout.artefacts.values(), Path(layout.manifest)]
    beside = [path for file in (*single, Path(layout.tombstone)) for path in torn.get(file, ())]
    inside = [path for folder in layout.folders for path in files_below(folder)]
    return beside + inside + [path for path in single if os.path.lexists(path)]


def of_sealed_run(layout: Layout, torn: Torn) -> list[Path]:
    """List what a sealed run has no use for: bulky tables, unless kept, and torn files."""
    keep = read_seal(layout).manifest["run_settings"].get("keep_intermediate")
    bulky = [] if keep else layout.bulky
    partial = [path for path in all_of_run(layout, torn) if path.name.endswith(".partial")]
    gone = {*partial, *bulky, *files_below(Path(layout.apart))}
    return sorted(path for path in gone if os.path.lexists(path))


def of_unsealed_run(layout: Layout, torn: Torn, *, published: bool) -> list[Path]:
    """List all files of an unsealed run, with those that it has `published` or without."""
    kept = () if published else layout.artefacts.values()
    return [path for path in all_of_run(layout, torn) if path not in kept]


def inputs_of_run(layout: Layout) -> set[str]:
    """Return the hashes of the stored inputs that manifest and receipts of a run name."""
    hashes = {_hash_in(Path(layout.bronze(f"{table}.json"))) for table in TABLES}
    with suppress(SealedError):  # unsealed, or damaged: the receipts must do
        hashes |= {one["sha256"] for one in read_seal(layout).manifest["inputs"].values()}
    return hashes - {""}


def objects_of_store(layout: Layout, *, needed: set[str]) -> list[Path]:
    """List the stored inputs that are not in `needed`."""
    return sorted(
        path
        for path in Path(layout.store).glob("*")
        if re.fullmatch(OBJECT_NAME, path.name) and path.name not in needed
    )


def torn_downloads(layout: Layout) -> list[Path]:
    """List what killed fetches left; only whoever has the store alone may believe it."""
    receipts = Path(layout.latest_receipt("")).parent
    return sorted(
        [*Path(layout.store).glob(f"{PART_PREFIX}*"), *receipts.glob(".*.partial")],
    )


def dead_receipts(layout: Layout, *, needed: set[str]) -> list[Path]:
    """List the receipts of the last fetches whose input is not, or will not be, in the store."""
    receipts = Path(layout.latest_receipt("")).parent.glob("*.json")
    stored = {path for path in needed if (Path(layout.store) / path).exists()}
    return sorted(path for path in receipts if _hash_in(path) not in stored)


def _hash_in(receipt: Path) -> str:
    """Return the hash that a receipt names, nothing for what is no receipt."""
    try:
        content: Any = read_json(receipt)
        found = str(content["sha256"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    return found if re.fullmatch(OBJECT_NAME, found) else ""
