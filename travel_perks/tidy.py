"""`travel_perks clean`: find what may go, then remove it, each run under its own lock."""

import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from travel_perks import leftovers, lock
from travel_perks.catalogue import Run, look_up, run_ids
from travel_perks.errors import BusyError
from travel_perks.layout import Layout
from travel_perks.removal import Amount, files_below, prune, removable, remove
from travel_perks.settings import Settings
from travel_perks.store_lock import removing


@dataclass(frozen=True)
class Heap:
    """Files that may go for one reason."""

    what: str
    files: list[Path]


@dataclass(frozen=True)
class Plan:
    """What may go: a heap a run, what killed jobs spilled, and heaps of the store."""

    runs: dict[str, Heap]
    spilled: Heap
    store: list[Heap]

    @property
    def heaps(self) -> list[Heap]:
        """The heaps that are not empty."""
        return [heap for heap in (*self.runs.values(), self.spilled, *self.store) if heap.files]


def plan(settings: Settings, before: float | None = None) -> Plan:
    """Find what may go; touches nothing.

    With `before` (seconds since 1970) an unsealed run is spared that ended later, and stored
    inputs go, too, that only runs need that were sealed earlier.
    """
    runs = {}
    for run_id in sorted(run_ids(settings)):
        layout = Layout.of(settings, run_id)
        heap = _heap_of_run(settings, layout, look_up(layout), before)
        if heap.files and not lock.is_held(Path(layout.lock)):
            runs[run_id] = heap
    needed = _needed_inputs(settings, before, going=runs.keys())
    return Plan(runs, _spilled(settings), list(_heaps_of_store(settings, needed)))


def carry_out(settings: Settings, planned: Plan, before: float | None = None) -> Amount:
    """Remove what was planned and still may go; what has become busy is left alone.

    Raises CannotWriteError.
    """
    removed = Amount()
    for run_id, heap in planned.runs.items():
        layout = Layout.of(settings, run_id)
        with ExitStack() as stack:
            try:
                stack.enter_context(lock.held(Path(layout.lock), run_id))
            except BusyError:
                continue
            now = _heap_of_run(settings, layout, look_up(layout, mine=True), before)
            removed += _remove_both(heap, [now])
            for folder in layout.folders:
                prune(folder)
    removed += _remove_both(planned.spilled, [_spilled(settings)])
    for folder in {path.parent for path in planned.spilled.files}:
        prune(folder)
    return removed + _tidy_store(settings, planned, before)


def _tidy_store(settings: Settings, planned: Plan, before: float | None) -> Amount:
    removed = Amount()
    with ExitStack() as stack:
        try:
            stack.enter_context(removing(Path(Layout.of(settings).store_lock)))
        except BusyError:
            return removed
        now = list(_heaps_of_store(settings, _needed_inputs(settings, before)))
        for heap in planned.store:
            removed += _remove_both(heap, now)
    return removed


def _remove_both(planned: Heap, now: Iterable[Heap]) -> Amount:
    may_go = {path for heap in now for path in heap.files}
    return remove(path for path in planned.files if path in may_go)


def _heap_of_run(settings: Settings, layout: Layout, run: Run | None, before: float | None) -> Heap:
    """Return what of a run may go when nobody works on it; `run` is None for a dry run's id."""
    name, state = layout.run_id, run.state if run else "dry"
    match state:
        case "running" | "damaged":
            return Heap(name, [])
        case "deleted":
            what, files = f"rest of the deleted run {name}", leftovers.all_of_run(layout)
        case "sealed":
            what, files = (
                f"needless files of the sealed run {name}",
                leftovers.of_sealed_run(layout),
            )
        case _:
            # Without a log, or after a good end, the manifest alone may have been lost.
            torn = run is not None and run.started is not None and not run.ended_well
            what = f"{state} run {name}"
            files = leftovers.of_unsealed_run(layout, published=torn)
            if before is not None and _last_touched(run, files) >= before:
                return Heap(name, [])
    return Heap(what, removable(files, settings))


def _last_touched(run: Run | None, files: Iterable[Path]) -> float:
    ended = run.ended if run else None
    return ended or max((os.lstat(path).st_mtime for path in files), default=0)


def _needed_inputs(settings: Settings, before: float | None, going: Iterable[str] = ()) -> set[str]:
    """Return the hashes of inputs that runs need which stay, the runs `going` left out."""
    needed: set[str] = set()
    for run_id in run_ids(settings) - set(going):
        layout = Layout.of(settings, run_id)
        run = look_up(layout)
        if run and not _has_released(run, layout, before):
            needed |= leftovers.inputs_of_run(layout)
    return needed


def _has_released(run: Run, layout: Layout, before: float | None) -> bool:
    if run.state == "sealed" and before is not None and run.ended is not None:
        return run.ended < before and not lock.is_held(Path(layout.lock))
    return run.state == "deleted"


def _heaps_of_store(settings: Settings, needed: set[str]) -> Iterator[Heap]:
    layout = Layout.of(settings)
    for what, files in (
        ("stored inputs that no run needs", leftovers.objects_of_store(layout, needed=needed)),
        ("torn downloads", leftovers.torn_downloads(layout)),
        ("receipts of inputs that are gone", leftovers.dead_receipts(layout, needed=needed)),
    ):
        yield Heap(what, removable(files, settings))


def _spilled(settings: Settings) -> Heap:
    """Return what killed jobs spilled: all there is, listed before no run was at work."""
    files = removable(files_below(Path(settings.work_dir) / "spill"), settings)
    locks = Path(Layout.of(settings).lock).parent.glob("*.lock")
    at_work = any(lock.is_held(path) for path in locks)
    return Heap("spilled by killed jobs", [] if at_work else files)
