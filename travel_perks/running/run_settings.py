"""The settings of one start of the command, and the files they lead to."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from travel_perks.checking.expectations import load_suites
from travel_perks.config_files import config_file, workflow_root
from travel_perks.fetching.address import is_remote, redact
from travel_perks.files import whole
from travel_perks.recommending.perks import load_perks
from travel_perks.run_id import run_id_of_now
from travel_perks.settings import ENV_PREFIX, Settings, load_settings, read_config_file
from travel_perks.tables import TABLES


def settings_of_command(options: Mapping[str, Any], config: Path | None) -> Settings:
    """Put the settings of `travel_perks execute` together; without a run id, take the time.

    Raises ConfigurationError or UsageError before any file is made.
    """
    settings = settings_without_files(options, config)
    check_files(settings)
    return settings


def settings_without_files(options: Mapping[str, Any], config: Path | None) -> Settings:
    """Put the settings together as `settings_of_command`, the files they name unread."""
    shipped = read_config_file(workflow_root() / "config" / "config.yaml")
    shipped["run_id"] = run_id_of_now()
    files = {"config/config.yaml": shipped}
    if config:
        files[f"file {config}"] = read_config_file(config)
    return load_settings(options=options, files=files)


def check_files(settings: Settings) -> None:
    """Raise ConfigurationError when a source's address, the perks or the checks are wrong."""
    for table in TABLES:
        is_remote(getattr(settings, f"{table}_url"))
    load_perks(_read(settings, "perks_file"))
    load_suites(_read(settings, "source_expectations_file"), TABLES)
    load_suites(_read(settings, "gold_expectations_file"), ["gold"])


def _read(settings: Settings, name: str) -> str:
    return config_file(settings, name).read_text("utf-8")


def frozen(settings: Settings) -> dict[str, Any]:
    """Return all settings as YAML values, sources without user info and query."""
    values = settings.model_dump(mode="json")
    return {
        name: redact(value) if name.endswith("_url") else value for name, value in values.items()
    }


def freeze(settings: Settings, path: Path) -> None:
    """Write the settings to a file for Snakemake, which keeps a run id such as 007 text."""
    with whole(path) as partial:
        partial.write_text(yaml.safe_dump(frozen(settings), sort_keys=False), "utf-8")


def secrets(settings: Settings) -> dict[str, str]:
    """Return environment variables with those sources whose addresses hide something."""
    sources = {f"{table}_url": getattr(settings, f"{table}_url") for table in TABLES}
    return {
        ENV_PREFIX + name.upper(): source
        for name, source in sources.items()
        if redact(source) != source
    }


def child_environment(settings: Settings) -> dict[str, str]:
    """Return the environment for Snakemake: ours, with secret sources and no other setting."""
    outside = {key: value for key, value in os.environ.items() if not key.startswith(ENV_PREFIX)}
    return outside | secrets(settings)
