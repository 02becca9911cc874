"""`travel_perks delete`: a run goes whole, with the stored inputs that only it needed."""

from dataclasses import dataclass
from pathlib import Path

from travel_perks.fetching.store_lock import removing
from travel_perks.layout import Layout
from travel_perks.running import lock
from travel_perks.runs import leftovers
from travel_perks.runs.catalogue import catalogue, look_up, require_run
from travel_perks.runs.removal import Amount, prune, removable, remove
from travel_perks.sealing import tombstone
from travel_perks.settings import Settings


@dataclass(frozen=True)
class Deletion:
    """What goes with a run, and which runs still hold inputs of it.

    `needed_by` are sealed runs, or runs at work, for which stored inputs stay; `held_by` are
    unsealed runs with links of their own to inputs that go.
    """

    done: bool  # the run is deleted already, and nothing of it is left
    inputs: list[Path]
    files: list[Path]
    needed_by: list[str]
    held_by: list[str]


def plan(settings: Settings, run_id: str) -> Deletion:
    """Find what would go with the run; touches nothing.

    Raises UsageError for an unknown run, BusyError for one that is worked on.
    """
    layout, _ = require_run(settings, run_id)
    lock.require_free(Path(layout.lock), run_id)
    return _find(settings, layout)


def delete(settings: Settings, run_id: str) -> Amount:
    """Mark the run as deleted, then remove what it holds; return what was freed.

    Killed on the way, it goes on when it is called again. Raises UsageError for an unknown
    run, BusyError for one that is worked on, and CannotWriteError.
    """
    layout, _ = require_run(settings, run_id)
    with lock.held(Path(layout.lock), run_id), removing(Path(layout.store_lock)):
        run = look_up(layout, mine=True)
        tombstone.bury(
            layout, started=run.started if run else None, users=run.users if run else None
        )
        found = _find(settings, layout)
        freed = remove(found.inputs + found.files)
        for folder in layout.folders:
            prune(folder)
    return freed


def _find(settings: Settings, layout: Layout) -> Deletion:
    inputs = leftovers.inputs_of_run(layout)
    needed_by, held_by, needed = [], [], set()
    for run in catalogue(settings):
        if run.run_id == layout.run_id or run.state == "deleted":
            continue
        shared = inputs & leftovers.inputs_of_run(Layout.of(settings, run.run_id))
        if shared and run.state in ("failed", "interrupted"):
            held_by.append(run.run_id)
        elif shared:
            needed_by.append(run.run_id)
            needed |= shared
    stored = [Path(layout.store) / sha256 for sha256 in sorted(inputs - needed)]
    going = removable([path for path in stored if path.is_file()], settings)
    files = removable(leftovers.all_of_run(layout, leftovers.torn_files(layout)), settings)
    done = Path(layout.tombstone).exists() and not going and not files
    return Deletion(done, going, files, needed_by, held_by)
