"""The command `travel_perks`.

Nothing heavy is imported here, so that help comes at once; the options of `execute` are
made from the schema of the settings.
"""

import json
import sys
from pathlib import Path
from typing import Any

import click

from travel_perks import __version__
from travel_perks.config_files import workflow_root
from travel_perks.errors import Exit, TravelPerksError

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


def main() -> None:
    """Run the command and end the process with its exit code."""
    try:
        code = cli.main(standalone_mode=False)
    except click.exceptions.Abort:
        code = Exit.INTERRUPTED
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


def _setting_options(command: Any) -> Any:
    """Add one option for each setting, in the order of the schema."""
    schema = json.loads((workflow_root() / "config" / "config.schema.json").read_text("utf-8"))
    for name, setting in reversed(schema["properties"].items()):
        default = "" if name == "run_id" else f"  [default: {setting['default']}]"
        unit = f" ({setting['unit']})" if "unit" in setting else ""
        command = click.option(
            f"--{name.replace('_', '-')}",
            name,
            metavar=name.rsplit("_", maxsplit=1)[-1].upper(),
            help=f"{setting['description']}{unit}{default}",
        )(command)
    return command


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
@click.option(
    "--config-file", type=click.Path(path_type=Path), help="Settings to take from a YAML file."
)
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
    from travel_perks.execute import execute as run
    from travel_perks.run_settings import settings_of_command

    given = {name: value for name, value in options.items() if value is not None}
    settings = settings_of_command(given, config_file)
    if dry_run:
        from travel_perks.dry_run import dry_run as try_out

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
    from travel_perks.sample import generate, write

    write(generate(users=users, seed=seed), out)
    print(f"Wrote users, sessions, flights, hotels and truth of {users} users to {out}.")
