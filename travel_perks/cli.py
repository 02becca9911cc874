"""The command `travel_perks`.

Nothing heavy is imported here, so that help comes at once; the options of `execute` are
made from the schema of the settings.
"""

import json
import sys
import time
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from travel_perks import __version__
from travel_perks.config_files import workflow_root
from travel_perks.errors import Exit, TravelPerksError, UsageError, VerificationError

if TYPE_CHECKING:
    from travel_perks.settings import Settings

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
FOLDERS = ("gold_dir", "output_dir", "logs_dir", "work_dir")


def main() -> None:
    """Run the command and end the process with its exit code."""
    try:
        code = cli.main(standalone_mode=False)
    except click.exceptions.Abort:
        code = Exit.INTERRUPTED
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        code = Exit.USAGE
    except click.ClickException as error:
        hint = "" if error.exit_code != Exit.USAGE else "; see travel_perks --help"
        _tell(error.format_message().rstrip(".") + hint + ".")
        code = error.exit_code
    except TravelPerksError as error:
        _tell(str(error))
        code = error.exit_code
    except BrokenPipeError:
        code = Exit.UNEXPECTED
    sys.exit(int(code or 0))


def _tell(sentence: str) -> None:
    print(f"travel_perks: {sentence}", file=sys.stderr)


@click.group(context_settings=CONTEXT)
@click.version_option(__version__, "--version", message="%(version)s")
def cli() -> None:
    """Give each active customer the one perk that suits them."""


def _setting_options(command: Any, only: Collection[str] = ()) -> Any:
    """Add one option for each setting, in the order of the schema, or for some `only`."""
    schema = json.loads((workflow_root() / "config" / "config.schema.json").read_text("utf-8"))
    for name, setting in reversed(schema["properties"].items()):
        if only and name not in only:
            continue
        default = "" if name == "run_id" else f"  [default: {setting['default']}]"
        unit = f" ({setting['unit']})" if "unit" in setting else ""
        command = click.option(
            f"--{name.replace('_', '-')}",
            name,
            metavar=name.rsplit("_", maxsplit=1)[-1].upper(),
            help=f"{setting['description']}{unit}{default}",
        )(command)
    return command


_config_option = click.option(
    "--config-file", type=click.Path(path_type=Path), help="Settings to take from a YAML file."
)
_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, and nothing else.")
_yes_option = click.option("--yes", is_flag=True, help="Do not ask.")


def _folder_options(command: Any) -> Any:
    """Add the options that say in which folders the runs lie."""
    return _config_option(_setting_options(command, only=FOLDERS))


@cli.command(
    context_settings=CONTEXT,
    epilog="""\b
Examples:
  travel_perks execute --run-id 20251021
  travel_perks execute --run-id nightly --sessions-url https://example.com/sessions.csv
  travel_perks execute --dry-run
  travel_perks execute --run-id big --profile slurm -- --jobs 20
""",
)
@click.option("--dry-run", is_flag=True, help="Try every stage and check in memory; only log.")
@_config_option
@click.option("--profile", help="Snakemake profile: default, slurm, or a folder of your own.")
@_setting_options
@click.argument("snakemake_arguments", nargs=-1, type=click.UNPROCESSED)
def execute(
    dry_run: bool,
    config_file: Path | None,
    profile: str | None,
    snakemake_arguments: tuple[str, ...],
    **options: str | None,
) -> int:
    """Run the pipeline: fetch, clean, check, recommend, publish.

    What follows `--` goes to Snakemake as it is.
    """
    from travel_perks.running.execute import execute as run
    from travel_perks.running.run_settings import settings_of_command

    given = {name: value for name, value in options.items() if value is not None}
    settings = settings_of_command(given, config_file)
    if dry_run:
        from travel_perks.running.dry_run import dry_run as try_out

        return try_out(settings)
    return run(settings, profile=profile, extra=snakemake_arguments)


@cli.command(
    context_settings=CONTEXT,
    epilog="""\b
Example:
  travel_perks sample --users 1000 --seed 1 --out sample
""",
)
@click.option("--users", type=int, default=1000, show_default=True, help="How many users.")
@click.option("--seed", type=int, default=1, show_default=True, help="Same seed, same bytes.")
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder."
)
def sample(users: int, seed: int, out: Path) -> None:
    """Write synthetic users, sessions, flights and hotels, and the truth behind them.

    Each user has a favourite perk that shapes their behaviour: truth.csv names it.
    """
    from travel_perks.sampling.sample import generate, write

    write(generate(users=users, seed=seed), out)
    print(f"Wrote users, sessions, flights, hotels and truth of {users} users to {out}.")


@cli.command(context_settings=CONTEXT)
@_json_option
@_folder_options
def runs(as_json: bool, config_file: Path | None, **folders: str | None) -> None:
    """List the runs, the newest first."""
    from travel_perks.runs.catalogue import catalogue

    found = catalogue(_settings(config_file, folders))
    if as_json:
        return _print_json([run.to_json() for run in found])
    from travel_perks.runs.pages import print_runs

    print_runs(found)


@cli.command(context_settings=CONTEXT)
@click.argument("run_id", metavar="ID")
@_json_option
@_folder_options
def show(run_id: str, as_json: bool, config_file: Path | None, **folders: str | None) -> None:
    """Tell all about one run.

    Its settings, inputs, row counts, checks, artefacts and stages, and why it failed.
    """
    from travel_perks.runs.catalogue import require_run
    from travel_perks.runs.details import details

    found = details(*require_run(_settings(config_file, folders), run_id))
    if as_json:
        return _print_json(found)
    from travel_perks.runs.pages import print_details

    print_details(found)


@cli.command(context_settings=CONTEXT)
@click.argument("run_id", metavar="[ID]", required=False)
@click.option("--all", "every", is_flag=True, help="Verify all sealed runs.")
@_json_option
@_folder_options
def verify(
    run_id: str | None, every: bool, as_json: bool, config_file: Path | None, **folders: str | None
) -> None:
    """Compare sealed runs with their manifests.

    Hashes all artefacts and stored inputs again; exit code 8 when a file is not as it was.
    """
    from travel_perks.runs.console import Page
    from travel_perks.runs.pages import print_verdict
    from travel_perks.runs.verify import Verifier, sealed_runs

    if (run_id is None) != every:
        raise click.UsageError("Give the id of one run, or --all")
    verifier, page, verdicts = Verifier(), Page(), []
    for layout in sealed_runs(_settings(config_file, folders), run_id):
        verdicts.append(verifier.verify(layout))
        if not as_json:
            print_verdict(page, verdicts[-1])
    if as_json:
        _print_json([verdict.to_json() for verdict in verdicts])
    if faults := [fault for verdict in verdicts for fault in verdict.faults]:
        raise VerificationError(
            f"Not as it was sealed: {', '.join(faults)}; restore it from a backup."
        )


@cli.command(context_settings=CONTEXT)
@click.option(
    "--older-than",
    metavar="DAYS",
    type=click.FloatRange(min=0),
    help="Spare unsealed runs that ended later; remove stored inputs of runs sealed earlier, too.",
)
@_yes_option
@_folder_options
def clean(
    older_than: float | None, yes: bool, config_file: Path | None, **folders: str | None
) -> None:
    """Remove what no run needs, after asking.

    That is what unsealed runs left, what sealed runs have no use for, and stored inputs of no
    run. Logs and published files of sealed runs stay; runs that are worked on are left alone.
    """
    from travel_perks.runs import tidy
    from travel_perks.runs.pages import print_heaps

    settings = _settings(config_file, folders)
    before = None if older_than is None else time.time() - older_than * 86400
    planned = tidy.plan(settings, before)
    if not planned.heaps:
        print("There is nothing to remove.")
        return
    print_heaps([(heap.what, heap.files) for heap in planned.heaps])
    if _agreed(yes):
        removed = tidy.carry_out(planned)
        _tell_removed(removed)
        left = sum(len(heap.files) for heap in planned.heaps) - removed.files
        if left:
            print(f"Left {left} files alone, since runs have come to use them.")


@cli.command(context_settings=CONTEXT)
@click.argument("run_id", metavar="ID")
@_yes_option
@_folder_options
def delete(run_id: str, yes: bool, config_file: Path | None, **folders: str | None) -> None:
    """Remove a run whole, after asking.

    The stored inputs that only it needed go, too. Its log stays, `travel_perks runs` lists it
    as deleted, and its id is not used again.
    """
    from travel_perks.runs import forget
    from travel_perks.runs.pages import print_heaps

    settings = _settings(config_file, folders)
    found = forget.plan(settings, run_id)
    if found.done:
        print(f"The run {run_id} is deleted already.")
        return
    print_heaps([(f"run {run_id}", found.files), ("its stored inputs", found.inputs)])
    if found.needed_by:
        print(f"Inputs of it stay for {', '.join(found.needed_by)}.")
    if found.held_by:
        print(f"Unsealed runs hold inputs of it, too (see clean): {', '.join(found.held_by)}.")
    if _agreed(yes):
        _tell_removed(forget.delete(settings, run_id))


def _settings(config_file: Path | None, folders: dict[str, str | None]) -> "Settings":
    """Return the settings that say in which folders the runs lie."""
    from travel_perks.running.run_settings import settings_without_files

    given = {name: value for name, value in folders.items() if value is not None}
    return settings_without_files(given, config_file)


def _agreed(yes: bool) -> bool:
    """Ask whether to go on; raises UsageError where nobody can answer."""
    if yes:
        return True
    if not sys.stdin.isatty():
        raise UsageError(
            "Nothing was removed, since nobody can be asked here: add --yes to remove it."
        )
    return click.confirm("Remove this?")


def _tell_removed(removed: Any) -> None:
    from travel_perks.runs.console import number, size

    print(f"Removed {number(removed.files)} files; {size(removed.bytes)} freed.")


def _print_json(content: Any) -> None:
    print(json.dumps(content, indent=2, ensure_ascii=False))
