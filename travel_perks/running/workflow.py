"""Open a run for the Snakefile: settings, seal and lock, before anything can be touched."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from travel_perks import files
from travel_perks.code_hash import code_hash
from travel_perks.config_files import config_file
from travel_perks.errors import ConfigurationError, TravelPerksError, UsageError
from travel_perks.fetching.address import redact
from travel_perks.fetching.bronze import look_again
from travel_perks.layout import Layout
from travel_perks.running import engine, lock, runlog
from travel_perks.running.execute import restore
from travel_perks.running.run_settings import check_files, frozen, secrets
from travel_perks.running.supervise import end_with_parent
from travel_perks.sealing.manifest import find_seal, identity, published_settings
from travel_perks.sealing.tombstone import require_not_deleted
from travel_perks.settings import ENV_PREFIX, Settings, load_settings, megabytes


@dataclass(frozen=True)
class Run:
    """What the rules know of the run they belong to.

    `layout` holds path patterns with the wildcard `{run_id}`; `targets` the files that
    finish the run, none when it is sealed. `closed` is a sealed run that jobs are asked for.
    """

    settings: Settings
    layout: Layout
    basedir: Path
    targets: list[str]
    closed: bool

    def code(self, rule: str) -> str:
        """Return the hash of the code behind a rule."""
        return code_hash(self.basedir / "scripts" / f"{rule}.py")

    def file(self, name: str) -> str:
        """Return the path of a file setting."""
        return str(config_file(self.settings, name))

    @property
    def memory_mb(self) -> int:
        """What a job that uses the database asks of a cluster: its limit and some room."""
        return megabytes(self.settings.memory_limit) + 1500

    @property
    def published_settings(self) -> dict[str, Any]:
        """Return the result settings that the report names: no sources, which are paths."""
        return published_settings(self.settings)

    def result(self, *names: str) -> dict[str, Any]:
        """Return the named result settings, files by their content's hash."""
        values = identity(self.settings)
        return {name: values[name] for name in names}


def open_run(workflow: Any, config: dict[str, Any]) -> Run:
    """Open the run that `config` and the environment describe.

    Replaces `config` by the settings without secrets. In the process that the user
    started, a failure ends with its sentence and exit code.
    """
    try:
        return _open_run(workflow, config)
    except TravelPerksError as error:
        _stop(error)


def _open_run(workflow: Any, config: dict[str, Any]) -> Run:
    os.umask(files.umask() | 0o027)  # for Snakemake, which makes the folders of outputs
    typed = engine.typed_config(workflow)
    _require_text_run_id(config, typed)
    settings = load_settings(files={"config file": config}, options=typed)
    check_files(settings)
    _hide_secrets(settings, typed)
    config.clear()
    config.update(frozen(settings))
    layout = Layout.of(settings)
    seal = find_seal(layout)
    if engine.is_main_process(workflow):
        if seal and engine.will_run(workflow):
            restore(settings, layout, seal)
        elif seal:
            seal.lost(settings, layout)
        elif engine.will_run(workflow):
            _hold(layout)
            look_again(layout, config)
        _open_log(layout, settings, write=engine.will_run(workflow))
    return Run(
        settings=settings,
        layout=Layout.of(settings, run_id="{run_id}"),
        basedir=Path(workflow.basedir),
        targets=[] if seal else [layout.manifest],
        closed=bool(seal) and engine.will_run(workflow),
    )


def _hide_secrets(settings: Settings, typed: Mapping[str, Any]) -> None:
    """Hand the whole sources to the jobs by environment only."""
    for name in typed:
        if name.endswith("_url") and redact(str(typed[name])) != str(typed[name]):
            raise ConfigurationError(
                f"The source {name} has a user name, password or query, and a command line is "
                f"visible to all: set {ENV_PREFIX}{name.upper()} instead."
            )
    os.environ.update(secrets(settings))


def _require_text_run_id(config: dict[str, Any], typed: dict[str, Any]) -> None:
    """Refuse a run id that Snakemake has read as something else than was typed."""
    if "run_id" not in typed:
        return
    text, value = engine.typed_text("run_id"), str(typed["run_id"])
    if text is not None and text != value:
        raise UsageError(
            f"Snakemake reads run_id={text} as {value}: use `travel_perks execute --run-id "
            f"{text}`, or put `run_id: '{text}'` into a file and give it with --configfile."
        )
    typed["run_id"] = config["run_id"] = value


def _open_log(layout: Layout, settings: Settings, *, write: bool) -> None:
    """Say where the logger plugin writes; under the command, which formats, STDOUT is JSON."""
    log_format = "json" if lock.HELD in os.environ else settings.log_format
    path = Path(layout.log) if write else None
    runlog.destination = runlog.RunLog(path, settings.run_id, log_format)


def _hold(layout: Layout) -> None:
    """Keep the run's lock for the life of this process, unless the command holds it for us."""
    if lock.HELD in os.environ:
        end_with_parent()
    else:
        lock.take(Path(layout.lock), layout.run_id)
        require_not_deleted(layout)  # while the lock was another's


def _stop(error: TravelPerksError) -> NoReturn:
    print(f"travel_perks: {error}", file=sys.stderr)
    sys.exit(int(error.exit_code))
