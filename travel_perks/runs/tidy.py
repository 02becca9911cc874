"""`travel_perks clean`: find what may go, then remove it, each run under its own lock."""

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from travel_perks.errors import BusyError
from travel_perks.fetching.store_lock import removing
from travel_perks.layout import Layout
from travel_perks.running import lock
from travel_perks.runs import leftovers
from travel_perks.runs.catalogue import Run, look_up, run_ids
from travel_perks.runs.removal import Amount, files_below, prune, removable, remove
from travel_perks.settings import Settings


@dataclass(frozen=True)
class Heap:
    """Files that may go for one reason."""

    what: str
    files: list[Path]


_NOTHING = Heap("", [])


@dataclass(frozen=True)
class Plan:
    """What may go: a heap a run, what killed jobs spilled, and heaps of the store.

    `before` is what it was made with, `torn` the torn files that there were.
    """

    settings: Settings
    before: float | None
    torn: leftovers.Torn
    runs: dict[str, Heap] = field(default_factory=dict)
    spilled: Heap = _NOTHING
    store: list[Heap] = field(default_factory=list)

    @property
    def heaps(self) -> list[Heap]:
        """The heaps that are not empty."""
        return [heap for heap in (*self.runs.values(), self.spilled, *self.store) if heap.files]


def plan(settings: Settings, before: float | None = None) -> Plan:
    """Find what may go; touches nothing.

    With `before` (seconds since 1970) an unsealed run is spared that ended later, and stored
    inputs go, too, that only runs need that were sealed earlier.
    """
    found = Plan(settings, before, leftovers.torn_files(Layout.of(settings)))
    needed: set[str] = set()
    for run_id in sorted(run_ids(settings)):
        layout = Layout.of(settings, run_id)
        run = look_up(layout)
        heap = _heap_of_run(found, layout, run)
        if heap.files and not lock.is_held(Path(layout.lock)):
            found.runs[run_id] = heap
        if run and not _releases(run, layout, before, going=run_id in found.runs):
            needed |= leftovers.inputs_of_run(layout)
    store = list(_heaps_of_store(settings, needed))
    return replace(found, spilled=_spilled(settings), store=store)


def carry_out(planned: Plan) -> Amount:
    """Remove what was planned and still may go; what has become busy is left alone.

    Raises CannotWriteError.
    """
    settings, removed = planned.settings, Amount()
    for run_id, heap in planned.runs.items():
        layout = Layout.of(settings, run_id)
        with suppress(BusyError), lock.held(Path(layout.lock), run_id):
            now = _heap_of_run(planned, layout, look_up(layout, mine=True))
            removed += _remove_both(heap, [now])
            for folder in layout.folders:
                prune(folder)
    removed += _remove_both(planned.spilled, [_spilled(settings)])
    for folder in {path.parent for path in planned.spilled.files} - {_spill(settings)}:
        prune(folder)
    with suppress(BusyError), removing(Path(Layout.of(settings).store_lock)):
        stored = list(_heaps_of_store(settings, _needed_inputs(settings, planned.before)))
        for heap in planned.store:
            removed += _remove_both(heap, stored)
    return removed


def _remove_both(planned: Heap, now: Iterable[Heap]) -> Amount:
    may_go = {path for heap in now for path in heap.files}
    return remove(path for path in planned.files if path in may_go)


def _heap_of_run(planned: Plan, layout: Layout, run: Run | None) -> Heap:
    """Return what of a run may go when nobody works on it; `run` is None for a dry run's id."""
    name, torn = layout.run_id, planned.torn
    match run.state if run else "dry":
        case "running" | "damaged":
            return _NOTHING
        case "deleted":
            what, files = f"rest of the deleted run {name}", leftovers.all_of_run(layout, torn)
        case "sealed":
            what = f"needless files of the sealed run {name}"
            files = leftovers.of_sealed_run(layout, torn)
        case state:
            # Without a log, or after a good end, the manifest alone may have been lost.
            published = run is not None and run.started is not None and not run.ended_well
            what = f"{state} run {name}"
            files = leftovers.of_unsealed_run(layout, torn, published=published)
            if planned.before is not None and _last_touched(run, files) >= planned.before:
                return _NOTHING
    return Heap(what, removable(files, planned.settings))


def _last_touched(run: Run | None, files: Iterable[Path]) -> float:
    ended = run.ended if run else None
    return ended or max((os.lstat(path).st_mtime for path in files), default=0)


def _needed_inputs(settings: Settings, before: float | None) -> set[str]:
    """Return the hashes of the stored inputs that must stay."""
    needed: set[str] = set()
    for run_id in run_ids(settings):
        layout = Layout.of(settings, run_id)
        run = look_up(layout)
        if run and not _releases(run, layout, before):
            needed |= leftovers.inputs_of_run(layout)
    return needed


def _releases(run: Run, layout: Layout, before: float | None, *, going: bool = False) -> bool:
    """Tell whether the run can do without its stored inputs; `going` is one about to be removed."""
    if run.state == "sealed":
        old = before is not None and run.ended is not None and run.ended < before
        return old and not lock.is_held(Path(layout.lock))
    return going or run.state == "deleted"


def _heaps_of_store(settings: Settings, needed: set[str]) -> Iterator[Heap]:
    layout = Layout.of(settings)
    for what, files in (
        ("stored inputs that no run needs", leftovers.objects_of_store(layout, needed=needed)),
        ("torn downloads", leftovers.torn_downloads(layout)),
        ("receipts of inputs that are gone", leftovers.dead_receipts(layout, needed=needed)),
    ):
        yield Heap(what, removable(files, settings))


def _spilled(settings: Settings) -> Heap:
    """Return what killed jobs spilled: what was there before nobody was found at work."""
    files = removable(files_below(_spill(settings)), settings)
    locks = Path(Layout.of(settings).lock).parent.glob("*.lock")
    at_work = any(lock.is_held(path) for path in locks)
    return _NOTHING if at_work else Heap("spilled by killed jobs", files)


def _spill(settings: Settings) -> Path:
    return Path(settings.work_dir) / "spill"
