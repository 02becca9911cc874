"""The files that come with the workflow: where they lie."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from travel_perks.errors import ConfigurationError

if TYPE_CHECKING:
    from travel_perks.settings import Settings

SHIPPED = "shipped"  # as the value of a file setting: the file that comes with the workflow
SHIPPED_FILES = {
    "perks_file": "config/perks.yaml",
    "source_expectations_file": "config/expectations/sources.yaml",
    "gold_expectations_file": "config/expectations/gold.yaml",
}


@cache
def workflow_root() -> Path:
    """Return the folder of the Snakefile: in the installed package, or the checkout."""
    package = Path(__file__).parent
    installed = package / "workflow"
    return installed if installed.is_dir() else package.parent


def config_file(settings: "Settings", name: str) -> Path:
    """Return the path of a file setting; raises ConfigurationError when there is no file."""
    value = getattr(settings, name)
    path = workflow_root() / SHIPPED_FILES[name] if value == SHIPPED else Path(value)
    if not path.is_file():
        raise ConfigurationError(f"The setting {name} names {path}, which is not a file.")
    return path
