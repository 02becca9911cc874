"""What is made from the settings: config.yaml, its schema and the table have not drifted."""

import json
from pathlib import Path

import pytest
import yaml

from travel_perks.config_docs import (
    render_config,
    render_readme,
    render_schema,
    render_table,
    write,
)
from travel_perks.settings import Settings

CONFIG = Path(__file__).parents[2] / "config"


@pytest.mark.parametrize(
    ("name", "made"), [("config.yaml", render_config()), ("config.schema.json", render_schema())]
)
def test_the_made_files_are_up_to_date(name: str, made: str) -> None:
    assert (CONFIG / name).read_text("utf-8") == made, "run `make config`"


def test_the_table_in_the_readme_is_up_to_date() -> None:
    readme = (CONFIG / "README.md").read_text("utf-8")
    assert render_table() in readme, "run `make config`"
    assert render_readme(readme) == readme


def test_config_yaml_holds_every_default() -> None:
    values = yaml.safe_load((CONFIG / "config.yaml").read_text("utf-8"))
    assert Settings(**values) == Settings()
    assert list(values) == list(Settings.model_fields)


def test_the_schema_is_closed_and_describes_each_key() -> None:
    schema = json.loads((CONFIG / "config.schema.json").read_text("utf-8"))
    assert schema["additionalProperties"] is False
    assert list(schema["properties"]) == list(Settings.model_fields)
    for name, entry in schema["properties"].items():
        assert entry["description"], name
        assert entry["kind"] in ("run", "result"), name
        assert "default" in entry, name


def test_making_them_again_changes_the_table_alone(tmp_path: Path) -> None:
    folder = tmp_path / "config"
    folder.mkdir()
    old = (CONFIG / "README.md").read_text("utf-8")
    (folder / "README.md").write_text(old.replace(render_table(), "\n".join([
        render_table().splitlines()[0], "out of date", render_table().splitlines()[-1],
    ])), "utf-8")  # fmt: skip
    write(tmp_path)
    assert (folder / "README.md").read_text("utf-8") == old
    assert (folder / "config.yaml").read_text("utf-8") == render_config()
