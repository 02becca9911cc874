"""All that the project knows of Snakemake's insides. Nothing else imports or names them."""

import sys
from collections.abc import Sequence
from typing import Any

# With one of these Snakemake only tells; it neither runs jobs nor removes files.
_ONLY_TELLS = {
    "-n", "--dry-run", "--dryrun", "--lint", "--rulegraph", "--dag", "--filegraph", "--d3dag",
    "--list-rules", "--list", "-l", "--list-target-rules", "--lt", "--summary", "-S",
    "--detailed-summary", "-D", "--list-changes", "--lc", "--report", "--print-compilation",
    "--list-untracked", "--lu",
}  # fmt: skip


def is_main_process(workflow: Any) -> bool:
    """Tell the process that the user started from those that run single jobs."""
    return bool(workflow.is_main_process)


def will_run(workflow: Any) -> bool:
    """Tell whether this process is going to run jobs, as far as its arguments say."""
    arguments = {argument.split("=")[0] for argument in sys.argv[1:]}
    return is_main_process(workflow) and not arguments & _ONLY_TELLS


def typed_config(workflow: Any) -> dict[str, Any]:
    """Return what `--config` set, which outranks the environment."""
    return dict(workflow.config_settings.config or {})


def typed_text(name: str, arguments: Sequence[str] | None = None) -> str | None:
    """Return the text typed for `name` in `--config name=text`, before it became YAML."""
    arguments = sys.argv[1:] if arguments is None else arguments
    found = [a.split("=", 1)[1] for a in arguments if a.startswith(f"{name}=")]
    return found[-1] if found else None


def config_file_names(workflow: Any) -> list[str]:
    """Return the names of the files given with `--configfile`, for messages."""
    return [str(path) for path in workflow.config_settings.configfiles or ()]
