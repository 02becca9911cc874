"""The runs of a folder: each with its state, and where that is known from."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from travel_perks.errors import SealedError, UsageError
from travel_perks.layout import Layout
from travel_perks.run_id import check_run_id, is_run_id
from travel_perks.running import lock
from travel_perks.runs.attempts import last_attempt, moment
from travel_perks.sealing.manifest import read_seal
from travel_perks.sealing.tombstone import read_tombstone
from travel_perks.settings import Settings

State = Literal["running", "failed", "interrupted", "sealed", "damaged", "deleted"]


@dataclass(frozen=True)
class Run:
    """A run in short: times as logged (UTC), the cohort's size, the users of each perk.

    `damaged` is a run whose manifest cannot be read; `note` then says why.
    """

    run_id: str
    state: State
    started: str | None = None
    duration_seconds: float | None = None
    users: int | None = None
    perks: dict[str, int] = field(default_factory=dict)
    note: str = ""
    ended_well: bool = False  # without a seal: stopped early on purpose, or the seal was lost

    @property
    def shares(self) -> dict[str, float]:
        """The share of the users of each perk."""
        total = sum(self.perks.values())
        return {perk: round(users / total, 4) for perk, users in self.perks.items() if total}

    @property
    def ended(self) -> float | None:
        """When it ended, in seconds since 1970."""
        began = moment(self.started)
        return None if began is None else began + (self.duration_seconds or 0)

    def to_json(self) -> dict[str, Any]:
        """Return what `travel_perks runs --json` says of it."""
        shares = self.shares
        return {
            "run_id": self.run_id,
            "state": self.state,
            "started": self.started,
            "duration_seconds": self.duration_seconds,
            "users": self.users,
            "perks": {perk: {"users": self.perks[perk], "share": shares[perk]} for perk in shares},
            "note": self.note,
        }


def catalogue(settings: Settings) -> list[Run]:
    """Return all runs of the folders, the newest first."""
    found = (look_up(Layout.of(settings, run_id)) for run_id in run_ids(settings))
    runs = [run for run in found if run]
    return sorted(runs, key=lambda run: (run.started or "", run.run_id), reverse=True)


def require_run(settings: Settings, run_id: str) -> tuple[Layout, Run]:
    """Return layout and state of a run; raises UsageError when there is none of that id."""
    layout = Layout.of(settings, check_run_id(run_id))
    run = look_up(layout)
    if run is None:
        raise UsageError(
            f"There is no run {run_id} in {settings.output_dir} and {settings.logs_dir}; "
            "`travel_perks runs` lists those there are."
        )
    return layout, run


def look_up(layout: Layout, *, mine: bool = False) -> Run | None:
    """Return the state of the run, None when nothing tells of one.

    `mine` is for a caller that holds the run's lock itself.
    """
    if (marked := read_tombstone(layout)) is not None:
        return _deleted(layout, marked)
    if Path(layout.manifest).exists():
        return _sealed(layout)
    return _unfinished(layout, held=not mine and lock.is_held(Path(layout.lock)))


def run_ids(settings: Settings) -> set[str]:
    """Return the ids that files of the folders name; not each of them is of a run."""
    pattern = Layout.of(settings, run_id="*")
    files = (pattern.manifest, pattern.log, pattern.frozen, pattern.tombstone, pattern.lock)
    folders = (str(folder) for folder in pattern.folders)
    return {run_id for path in (*files, *folders) for run_id in _ids(Path(path))}


def _ids(pattern: Path) -> Iterator[str]:
    before, after = pattern.name.split("*")
    for path in pattern.parent.glob(pattern.name):
        run_id = path.name.removeprefix(before).removesuffix(after)
        if is_run_id(run_id):
            yield run_id


def _deleted(layout: Layout, marked: dict[str, Any]) -> Run:
    users = marked["users"]
    single = (Path(layout.manifest), Path(layout.frozen))
    of_it = (*single, *layout.artefacts.values(), *layout.folders)
    unfinished = any(path.exists() for path in of_it)
    return Run(
        layout.run_id,
        "deleted",
        started=marked["started"] and str(marked["started"]),
        users=users if isinstance(users, int) else None,
        note=f"deleted at {marked['deleted'] or 'an unknown time'}"
        + (", but not all of it is gone: delete it again" if unfinished else ""),
    )


def _sealed(layout: Layout) -> Run:
    try:
        manifest = read_seal(layout).manifest
    except SealedError as error:
        return Run(layout.run_id, "damaged", note=str(error))
    began, ended = moment(manifest["started"]), moment(manifest["finished"])
    return Run(
        layout.run_id,
        "sealed",
        started=manifest["started"],
        duration_seconds=round(ended - began, 3) if began and ended else None,
        users=manifest["counts"]["cohort"]["users_in_cohort"],
        perks=manifest["counts"]["perks"],
    )


def _unfinished(layout: Layout, *, held: bool) -> Run | None:
    attempt = last_attempt(Path(layout.log))
    if attempt is None:
        traces = (layout.frozen, layout.silver(""), layout.bronze(""))
        known = held or any(Path(trace).exists() for trace in traces)
        return Run(layout.run_id, "running" if held else "interrupted") if known else None
    began = moment(attempt.started)
    elapsed = round(time.time() - began, 3) if held and began else attempt.duration_seconds
    state: State = "failed" if attempt.status == "failed" else "interrupted"
    ended_well = attempt.status == "done" and not held
    return Run(
        layout.run_id,
        "running" if held else state,
        started=attempt.started,
        duration_seconds=elapsed,
        note="ended well, but is not sealed" if ended_well else "",
        ended_well=ended_well,
    )
