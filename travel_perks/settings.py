"""Every setting: name, type, default, unit and meaning, and where its value comes from.

This class is the only source. `config/config.yaml`, its schema and the tables of
`config/README.md` are generated from it (`make config`), and the command's options from
the schema.
"""

import os
import re
from collections.abc import Mapping
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, field_validator

from travel_perks import strict_yaml
from travel_perks.config_files import SHIPPED
from travel_perks.errors import ConfigurationError
from travel_perks.run_id import check_run_id

ENV_PREFIX = "TRAVEL_PERKS_"
SAMPLE = "sample"  # as a source: the bundled sample

Kind = Literal["run", "result"]
_SIZE = r"([1-9]\d{0,6}(?:\.\d+)?) ?([KMGT])i?B"


def _setting(default: Any, kind: Kind, description: str, unit: str = "", **limits: Any) -> Any:
    """Declare a setting; `kind` says whether it changes what is published or only how."""
    extra: dict[str, JsonValue] = {"kind": kind, **({"unit": unit} if unit else {})}
    return Field(default=default, description=description, json_schema_extra=extra, **limits)


Source = Annotated[str, Field(min_length=1)]
Folder = Annotated[str, Field(min_length=1)]


class Settings(BaseModel):
    """All settings of a run; values are checked when one is made."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    run_id: str = _setting(
        "sample", "run", "Names the run and its files. Left out, the command takes the UTC time."
    )

    users_url: Source = _setting(
        SAMPLE, "result", "Users: an http(s) URL, a local path, or `sample` (the bundled sample)."
    )
    sessions_url: Source = _setting(SAMPLE, "result", "Sessions: as for users.")
    flights_url: Source = _setting(SAMPLE, "result", "Flights: as for users.")
    hotels_url: Source = _setting(SAMPLE, "result", "Hotels: as for users.")
    start_date: date = _setting(
        date(2023, 1, 4),
        "result",
        "Sessions count that start on or after this day, 00:00 UTC.",
        "YYYY-MM-DD",
    )
    min_sessions: int = _setting(
        7, "result", "A user is in the cohort with at least so many sessions.", "sessions", ge=1
    )
    seed: int = _setting(
        1, "result", "Seed of every random choice (the clusters' start).", ge=0, le=2**32 - 1
    )
    clusters: int = _setting(
        5, "result", "How many clusters describe the cohort.", "clusters", ge=1, le=20
    )
    max_reject_share: float = _setting(
        0.01,
        "result",
        "A source with a larger share of rejected rows fails the run.",
        "share of rows",
        ge=0,
        le=1,
    )
    perks_file: str = _setting(
        SHIPPED, "result", "Perks and behaviours: a YAML file; `shipped` is config/perks.yaml."
    )
    source_expectations_file: str = _setting(
        SHIPPED,
        "result",
        "Checks of the sources: a YAML file; `shipped` is config/expectations/sources.yaml.",
    )
    gold_expectations_file: str = _setting(
        SHIPPED,
        "result",
        "Checks of the gold table: a YAML file; `shipped` is config/expectations/gold.yaml.",
    )

    cores: int = _setting(2, "run", "Jobs and threads at a time.", "cores", ge=1)
    memory_limit: str = _setting(
        "4GB", "run", "Memory that the database may use before it spills to disk.", "KB, MB, GB"
    )
    retries: int = _setting(3, "run", "Attempts at a download after the first.", ge=0, le=20)
    connect_timeout: float = _setting(
        10.0, "run", "Longest wait for a connection.", "seconds", gt=0
    )
    read_timeout: float = _setting(30.0, "run", "Longest silence of a server.", "seconds", gt=0)
    total_timeout: float = _setting(
        3600.0, "run", "Longest time for one source, retries included.", "seconds", gt=0
    )
    max_bytes: int = _setting(
        50_000_000_000, "run", "Largest source, as received and after unpacking.", "bytes", ge=1
    )
    gold_dir: Folder = _setting("data/gold", "run", "Folder of the gold table.")
    output_dir: Folder = _setting(
        "data/outputs", "run", "Folder of perks, report, manifest and check findings."
    )
    logs_dir: Folder = _setting("logs", "run", "Folder of the run logs.")
    work_dir: Folder = _setting(
        "data", "run", "Folder of stored inputs, typed tables, locks and frozen settings."
    )
    keep_intermediate: bool = _setting(
        False, "run", "Keep typed tables, features and scores after a run is sealed."
    )
    log_format: Literal["json", "text"] = _setting(
        "json", "run", "What STDOUT shows of the log; the log file is always JSON lines."
    )

    @field_validator("run_id", mode="before")
    @classmethod
    def _run_id_is_text(cls, value: object) -> str:
        if not isinstance(value, str):
            raise ValueError(f"run_id is text: write it in quotes, as '{value}'")
        return check_run_id(value)

    @field_validator("memory_limit")
    @classmethod
    def _memory_limit_is_a_size(cls, value: str) -> str:
        if not re.fullmatch(_SIZE, value):
            raise ValueError("expected a size such as 500MB or 4GB")
        return value

    def of_kind(self, kind: Kind) -> dict[str, Any]:
        """Return the settings of one kind, as JSON values, in the declared order."""
        values = self.model_dump(mode="json")
        return {name: values[name] for name in values if kind_of(name) == kind}


def kind_of(name: str) -> Kind:
    """Tell whether the setting `name` changes what is published or only how."""
    extra = Settings.model_fields[name].json_schema_extra
    assert isinstance(extra, dict)
    return "result" if extra["kind"] == "result" else "run"


def megabytes(size: str) -> int:
    """Return a size such as 4GB in megabytes."""
    parts = re.fullmatch(_SIZE, size)
    assert parts is not None
    return int(float(parts[1]) * {"K": 0.001, "M": 1, "G": 1000, "T": 1_000_000}[parts[2]])


def load_settings(
    *,
    options: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
    files: Mapping[str, Mapping[str, Any]] | None = None,
) -> Settings:
    """Put the settings together: options over environment over files, the later file first.

    `options` holds what the command line gave, `files` maps a file's name to its content,
    from the least to the most important. Raises ConfigurationError, in one sentence, for an
    unknown name (with the nearest real one) and for a wrong value (with its origin).
    """
    environment = os.environ if environment is None else environment
    layers: list[tuple[str, Mapping[str, Any]]] = [
        (name, content) for name, content in (files or {}).items()
    ]
    layers.append(("environment", _from_environment(environment)))
    layers.append(("command line", options or {}))
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for origin, layer in layers:
        for name, value in layer.items():
            _require_known(name, origin)
            values[name], origins[name] = value, origin
    try:
        return Settings(**values)
    except ValidationError as error:
        raise ConfigurationError(_sentence(error, origins)) from None


def read_config_file(path: Path) -> dict[str, Any]:
    """Read a YAML file of settings; a key without a value keeps the default."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"The config file {path} cannot be read: {error}.") from None
    try:
        content = strict_yaml.parse(text)
    except ValueError as error:
        raise ConfigurationError(f"The config file {path} is not valid YAML: {error}.") from None
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise ConfigurationError(f"The config file {path} must hold `name: value` lines.")
    return {str(name): value for name, value in content.items() if value is not None}


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    for variable in environment:
        if variable.startswith(ENV_PREFIX):
            _require_known(variable.removeprefix(ENV_PREFIX).lower(), "environment")
    given = {key: value for key, value in environment.items() if key.startswith(ENV_PREFIX)}
    return {
        name: given[ENV_PREFIX + name.upper()]
        for name in Settings.model_fields
        if given.get(ENV_PREFIX + name.upper())
    }


def _require_known(name: str, origin: str) -> None:
    if name in Settings.model_fields:
        return
    spelled = f"{ENV_PREFIX}{name.upper()}" if origin == "environment" else name
    close = get_close_matches(name, Settings.model_fields, n=1, cutoff=0.5)
    nearest = close[0] if close else ""
    if nearest and origin == "environment":
        nearest = ENV_PREFIX + nearest.upper()
    hint = f"did you mean {nearest}?" if nearest else "config/README.md lists them."
    raise ConfigurationError(f"There is no setting {spelled} (in the {origin}); {hint}")


def _sentence(error: ValidationError, origins: Mapping[str, str]) -> str:
    first = error.errors(include_url=False)[0]
    name = str(first["loc"][0])
    problem = first["msg"].removeprefix("Value error, ")
    # A source may carry a password; its value is never shown.
    shown = "" if name.endswith("_url") else f" = {first['input']!r}"
    origin = origins.get(name, "defaults")
    problem = problem[0].lower() + problem[1:]
    return f"The setting {name}{shown} (from the {origin}) is wrong: {problem}."
