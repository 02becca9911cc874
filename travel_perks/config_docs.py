"""Make config.yaml, its schema and the table of settings from the Settings class.

`make config` runs this; a test fails when the files have drifted.
"""

import json
from pathlib import Path
from typing import Any

import yaml

from travel_perks.config_files import workflow_root
from travel_perks.settings import Settings

TABLE_START = "<!-- settings: made by `make config` -->"
TABLE_END = "<!-- end of settings -->"


def render_config() -> str:
    """Return config.yaml: each setting with its default, its meaning above it."""
    lines = [
        "# The defaults of every setting, made by `make config`; edit the values here, or",
        "# override them by option, by environment or with a file of your own: see README.md.",
    ]
    for name, schema in _properties().items():
        unit = f" ({schema['unit']})" if "unit" in schema else ""
        lines += ["", f"# {schema['description']}{unit}"]
        lines.append(yaml.safe_dump({name: schema["default"]}, width=1000).rstrip("\n"))
    return "\n".join(lines) + "\n"


def render_schema() -> str:
    """Return the JSON schema of the settings."""
    return json.dumps(Settings.model_json_schema(), indent=2) + "\n"


def render_table() -> str:
    """Return the settings as a Markdown table."""
    rows = ["| setting | default | kind | meaning |", "| --- | --- | --- | --- |"]
    for name, schema in _properties().items():
        unit = f" ({schema['unit']})" if "unit" in schema else ""
        rows.append(
            f"| `{name}` | `{schema['default']}` | {schema['kind']} | "
            f"{schema['description']}{unit} |"
        )
    return "\n".join([TABLE_START, *rows, TABLE_END])


def render_readme(readme: str) -> str:
    """Return `readme` with its table of settings made anew."""
    before, _, rest = readme.partition(TABLE_START)
    _, _, after = rest.partition(TABLE_END)
    return before + render_table() + after


def write(root: Path) -> None:
    """Write the made files below `root`."""
    folder = root / "config"
    (folder / "config.yaml").write_text(render_config(), "utf-8")
    (folder / "config.schema.json").write_text(render_schema(), "utf-8")
    readme = folder / "README.md"
    readme.write_text(render_readme(readme.read_text("utf-8")), "utf-8")


def _properties() -> dict[str, dict[str, Any]]:
    properties: dict[str, dict[str, Any]] = Settings.model_json_schema()["properties"]
    return properties


if __name__ == "__main__":
    write(workflow_root())
