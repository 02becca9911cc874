"""Own a run: check it, lock it, start Snakemake for it, and say how it ended."""

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from travel_perks.config_files import workflow_root
from travel_perks.errors import ConfigurationError, Exit
from travel_perks.files import require_room_for, require_writable, sweep_partials
from travel_perks.layout import Layout
from travel_perks.running import lock
from travel_perks.running.run_settings import child_environment, freeze
from travel_perks.running.runlog import RunLog, record
from travel_perks.running.supervise import Ending, supervise
from travel_perks.sealing.manifest import Seal, find_seal
from travel_perks.sealing.tombstone import require_not_deleted
from travel_perks.settings import Settings

STATUS = {Exit.DONE: "done", Exit.INTERRUPTED: "interrupted", Exit.TERMINATED: "interrupted"}


def execute(settings: Settings, *, profile: str | None = None, extra: Sequence[str] = ()) -> int:
    """Run the pipeline and return the exit code.

    Raises TravelPerksError for what is found before the work begins.
    """
    began = time.monotonic()
    layout = Layout.of(settings)
    log = RunLog(Path(layout.log), settings.run_id, settings.log_format)
    if seal := find_seal(layout):
        for name in restore(settings, layout, seal):
            log.write(record("lost artefact remade", run_id=settings.run_id, artefact=name))
        log.write(record("nothing to do: the run is sealed", run_id=settings.run_id))
        return _finish(log, Ending(Exit.DONE), began)
    arguments = snakemake_arguments(settings, layout.frozen, profile, extra)
    for folder in layout.published_folders:
        require_writable(folder)
    for folder in layout.working_folders:
        require_room_for(folder)
    held = lock.take(Path(layout.lock), settings.run_id)
    require_not_deleted(layout)  # while the lock was another's
    sweep_partials([Path(layout.manifest), *layout.artefacts.values()])
    freeze(settings, Path(layout.frozen))
    log.write(record("run started", run_id=settings.run_id))
    ending = supervise(
        arguments,
        environment=child_environment(settings) | {lock.HELD: str(held)},
        lock=held,
        log_format=settings.log_format,
    )
    code = _finish(log, ending, began)
    os.close(held)
    return code


def restore(settings: Settings, layout: Layout, seal: Seal) -> list[str]:
    """Remake what a sealed run has lost, and return the names of it.

    Raises SealedError unless the run is sealed as asked for and comes out as it was.
    """
    lost = seal.lost(settings, layout)
    if lost:
        from travel_perks.sealing.remake import remake

        held = lock.take(Path(layout.lock), settings.run_id)
        require_not_deleted(layout)  # while the lock was another's
        remake(settings, layout, seal, lost)
        os.close(held)
    return lost


def _finish(log: RunLog, ending: Ending, began: float) -> int:
    """Write the last record of the run, tell a person of a failure, return the exit code."""
    run_id = log.run_id
    if ending.unlogged:
        log.write(record(ending.message, run_id=run_id, level="ERROR", **ending.unlogged))
    duration = round(time.monotonic() - began, 3)
    status = STATUS.get(Exit(ending.code), "failed")
    log.write(
        record(
            "run finished",
            run_id=run_id,
            status=status,
            exit_code=int(ending.code),
            duration_seconds=duration,
        )
    )
    if ending.message:
        print(f"travel_perks: {ending.message}", file=sys.stderr)
    return int(ending.code)


def snakemake_arguments(
    settings: Settings, config: str, profile: str | None, extra: Sequence[str]
) -> list[str]:
    """Return the command line of Snakemake for a run whose settings are in the file `config`."""
    root = workflow_root()
    return [
        *(sys.executable, "-m", "snakemake"),
        *("--snakefile", str(root / "Snakefile")),
        *("--workflow-profile", str(find_profile(profile or "default"))),
        *("--configfile", config),
        *("--cores", str(settings.cores)),
        *extra,
    ]


def find_profile(name: str) -> Path:
    """Return the folder of a profile: one of ours by name, or a folder."""
    for folder in (workflow_root() / "profiles" / name, Path(name)):
        if (folder / "config.yaml").is_file():
            return folder
    known = sorted(path.name for path in (workflow_root() / "profiles").iterdir())
    raise ConfigurationError(
        f"There is no profile {name}: give one of {', '.join(known)}, or a folder with a "
        "config.yaml of Snakemake's."
    )
