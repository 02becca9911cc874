"""The documentation names what is there: links, exit codes, rules, columns, options, libraries."""

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from travel_perks.checking.expectations import load_suites
from travel_perks.cleaning import cells, clean, source_csv, source_mend
from travel_perks.cli import cli
from travel_perks.database import connect
from travel_perks.errors import Exit
from travel_perks.recommending.gold import GOLD_COLUMNS
from travel_perks.recommending.perks import COUNT_COLUMNS, load_perks
from travel_perks.settings import Settings
from travel_perks.tables import TABLES, Table

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), ROOT / "config" / "README.md"])
NAMED = [str(page.relative_to(ROOT)) for page in PAGES]
CODE = (".py", ".sql", ".smk", ".yaml")


def read(page: str) -> str:
    return (ROOT / page).read_text("utf-8")


def section(page: str, heading: str) -> str:
    """The text below a heading, up to the next one of its level or above."""
    level = heading.partition(" ")[0]
    _, _, rest = read(page).partition(f"\n{heading}\n")
    assert rest, f"{page} has no heading {heading}"
    return re.split(rf"^#{{1,{len(level)}}} ", rest, maxsplit=1, flags=re.MULTILINE)[0]


def rows(text: str) -> list[list[str]]:
    """The cells of all tables of a text, heads and rules left out."""
    lines = re.findall(r"^\|(.*)\|$", text, re.MULTILINE)
    ruled = [number for number, line in enumerate(lines) if re.fullmatch(r"[ |-]+", line)]
    heads = {number - 1 for number in ruled}
    return [
        [cell.strip() for cell in line.split(" | ")]
        for number, line in enumerate(lines)
        if number not in heads and number not in ruled
    ]


def ticked(text: str) -> list[str]:
    return re.findall(r"`([^`\n]+)`", text)


def first_cells(text: str) -> list[str]:
    """What stands in backticks in the first column of a text's tables."""
    return [name for row in rows(text) for name in ticked(row[0])]


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", heading) for heading in headings)
    return {heading.strip().lower().replace(" ", "-") for heading in plain}


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", read(page), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", NAMED)
def test_links_lead_to_files_and_headings(page: str) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", read(page)):
        if target.startswith(("http://", "https://")):
            continue
        path, _, anchor = target.partition("#")
        file = (ROOT / page).parent / path if path else ROOT / page
        assert file.is_file(), target
        assert not anchor or anchor in anchors(file), target


def test_exit_codes_are_those_of_the_command() -> None:
    codes = [row[0] for row in rows(section("docs/operations.md", "## Exit codes"))]
    assert [int(code) for code in codes] == [int(code) for code in Exit]


def rules_of_cells(table: Table) -> Iterator[str]:
    """The rules that the SQL of a table's cells names."""
    connection = connect()
    columns = ", ".join(f"NULL::VARCHAR AS {name}" for name in table.column_names)
    judged = cells.judged(table, connection.sql(f"SELECT 1 AS row, {columns}"))
    yield from re.findall(r"'rule': '(\w+)'", judged.sql_query())


def source_of(module: ModuleType) -> str:
    return Path(str(module.__file__)).read_text("utf-8")


def test_rules_that_reject_are_those_of_the_code() -> None:
    of_cells = {rule for table in TABLES.values() for rule in rules_of_cells(table)}
    of_rows = set(re.findall(r"SELECT row, '(\w+)'", source_of(clean)))
    of_records = set(source_csv.STRUCTURAL_RULES.values())
    of_records |= set(re.findall(r'"([a-z]+(?:_[a-z]+)+)"', source_of(source_mend)))
    assert {"required_cell_empty", "out_of_range"} < of_cells
    assert "conflicting_key" in of_rows
    assert "unbalanced_quotes" in of_records
    told = first_cells(section("docs/data.md", "### What rejects a row"))
    assert sorted(told) == sorted(of_cells | of_rows | of_records)


def test_rules_that_change_are_those_of_the_code() -> None:
    told = first_cells(section("docs/data.md", "### What is changed in a row that is kept"))
    columns = {name for table in TABLES.values() for name in table.column_names}
    made = set()
    for rule in (rule for table in TABLES.values() for rule in cells.changes(table)):
        column = next((name for name in columns if rule.endswith(f"d_{name}")), "")
        column = column or next((name for name in columns if rule.endswith(f"globe_{name}")), "")
        whole = rule.startswith(("emptied_", "outside_", "rounded_"))
        made.add(f"{rule.removesuffix(column)}<column>" if whole else rule)
    assert sorted(told) == sorted(made)


def test_source_columns_are_those_of_the_tables() -> None:
    told = rows(section("docs/data.md", "## The four sources"))
    assert [row[0] for row in told] == list(TABLES)
    for (_, key, columns), table in zip(told, TABLES.values(), strict=True):
        assert ticked(key) == [table.key]
        assert ticked(columns) == table.column_names
        required = re.findall(r"\*\*`(\w+)`\*\*", columns)
        assert required == [column.name for column in table.columns if column.required]


def test_gold_columns_are_those_of_the_gold_table() -> None:
    features = section("docs/data.md", "## Features").partition("The features table inside")[0]
    told = [
        "user_id",
        *first_cells(features),
        *first_cells(section("docs/data.md", "## Gold and perks")),
    ]
    assert told == list(GOLD_COLUMNS)


def test_counts_that_perks_may_use_are_told() -> None:
    assert set(first_cells(section("docs/data.md", "## Features"))) >= set(COUNT_COLUMNS)


@pytest.mark.parametrize("page", NAMED)
def test_environment_variables_are_settings(page: str) -> None:
    named = set(re.findall(r"TRAVEL_PERKS_([A-Z_]*[A-Z])", read(page)))
    assert {name.lower() for name in named} <= set(Settings.model_fields)


@pytest.mark.parametrize("page", NAMED)
def test_commands_have_the_options_that_are_shown(page: str) -> None:
    text = read(page).replace("\\\n", " ")
    for words in re.findall(r"travel_perks ([a-z]+ [^\n`|>]*)", text):
        command, *arguments = shlex.split(words.partition(" -- ")[0].replace("$(", "("))
        assert command in cli.commands, words
        known = {option for each in cli.commands[command].params for option in each.opts}
        shown = {argument for argument in arguments if argument.startswith("--")}
        assert shown <= known, words


@pytest.mark.parametrize("page", NAMED)
def test_names_in_backticks_occur_in_the_project(page: str) -> None:
    folders = ("travel_perks", "rules", "scripts", "config", "profiles")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*.*")]
    ours = [ROOT / "Snakefile", *(path for path in files if path.suffix in CODE)]
    known = {name for path in ours for name in re.findall(r"\w+", path.read_text("utf-8"))}
    # Those of the examples, and of SLURM.
    known |= {"late_checkout", "slurm_account", "slurm_partition"}
    named = {name for name in ticked(read(page)) if re.fullmatch(r"[a-z]+(_[a-z]+)+", name)}
    # These the code puts together; the tests of the rules know them.
    put_together = {name for name in named if name.startswith(("unreadable_", "emptied_"))}
    assert sorted(named - put_together - known) == []


def test_libraries_are_the_dependencies() -> None:
    project = tomllib.loads(read("pyproject.toml"))["project"]
    for heading, declared in (
        ("## For a run", project["dependencies"]),
        ("## For tests and linters", project["optional-dependencies"]["test"]),
    ):
        names = [re.match(r"[\w-]+", line)[0] for line in declared]  # type: ignore[index]
        assert [row[0] for row in rows(section("docs/libraries.md", heading))] == names


def test_modules_are_all_told() -> None:
    for folder in [ROOT / "travel_perks", *(ROOT / "travel_perks").glob("*/")]:
        modules = {path.name for path in folder.glob("*.py")} - {"__init__.py"}
        if modules:
            told = section("docs/architecture.md", f"### `{folder.relative_to(ROOT)}/`")
            assert sorted(first_cells(told)) == sorted(modules), folder


def test_the_worked_examples_are_accepted() -> None:
    behaviour, perk, short_feed, lost_airports = blocks("config/README.md", "yaml")
    shipped = read("config/perks.yaml")
    more = shipped.replace("\nperks:\n", f"\n{behaviour}\nperks:\n") + perk
    assert load_perks(more).ids == [*load_perks(shipped).ids, "late_checkout"]
    suites = "".join(f"{table}:\n{short_feed}{lost_airports}" for table in TABLES)
    assert list(load_suites(suites, TABLES)) == list(TABLES)


def test_the_picture_is_small() -> None:
    assert (ROOT / "docs" / "report.png").stat().st_size < 200_000
