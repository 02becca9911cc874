"""Dirty tables built from clean ones: cleaning agrees with the oracle, row for row."""

import csv
import io
import random
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests import oracle
from tests.cleaning import Cells, Outcome, clean_folder, sound
from travel_perks.database import connect
from travel_perks.tables import TABLES

# What may stand in a cell of a kind: well spelled, oddly spelled, and wrong.
TEXTS = {
    "integer": ["1", "2.0", "+3", " 4 ", "0", "-1", "1.5", "x", "9223372036854775808", ""],
    "count": ["1", "2.", "0", "1000000", "1000001", "-1", "2.5", "NaN", ""],
    "decimal": ["0", "12.5", "1e2", "99.9999995", "-0.01", "inf", "1,5", ""],
    "share": ["0", "0.3999999999999999", "0.15", "1", "1.00005", "-0.5", "15%", ""],
    "degrees": ["0", "-45.5", " 90 ", "90.1", "-180", "181", "NaN", "north", ""],
    "boolean": ["true", "FALSE", "t", "0", "Yes", "no", "maybe", "2", ""],
    "timestamp": [
        "2023-01-04 00:00:00",
        "2023-01-03T23:59:59.999999",
        "2023-02-01T12:00:00Z",
        "2023-01-31 22:30:00.5-01:30",
        "2022-12-31 08:00:00",
        "2023-02-29 00:00:00",
        "soon",
        "",
    ],
    "date": ["2022-11-05", "2021-01-01 00:00:00", "2021-02-30", "unknown", ""],
    "id": ["t1", "t2", " t3 ", "a\nb", 'a "b", c', "=t", ""],
    "word": ["new york", "Hilton, Paris", 'the "Palace"', "=1+1", "東京", " padded ", ""],
}
# What else a row is spelled like that means the same.
RESPELLED = {"true": "T", "false": "0", "1": "1.0", "0.15": "0.1500", "2022-11-05": " 2022-11-05"}
RULES = {
    "structure": {"too_few_fields", "too_many_fields"},
    "required_empty": {"required_cell_empty"},
    "unreadable": {f"unreadable_{kind}" for kind in TEXTS},
    "out_of_range": {"out_of_range", "ends_before_it_starts"},
    "conflict": {"conflicting_key"},
    "two_users": {"trip_of_two_users"},
    "unknown_user": {"unknown_user"},
}

Record = list[str]


@dataclass(frozen=True)
class DirtyTable:
    """A table as it lies in a file: header, records, and how the file is written."""

    header: list[str]
    records: list[Record]
    end: str
    quoting: int
    mark: str

    def shuffled(self, seed: int) -> "DirtyTable":
        records = random.Random(seed).sample(self.records, len(self.records))
        return DirtyTable(self.header, records, self.end, self.quoting, self.mark)

    def content(self) -> bytes:
        file = io.StringIO(newline="")
        # Line ends first: the writer quotes a cell with a break only when it writes such breaks.
        writer = csv.writer(file, lineterminator="\r\n", quoting=self.quoting)
        for record in (self.header, *self.records):
            writer.writerow(record) if record else file.write("\r\n")
        # No cell holds both: what stands together ends a line.
        return (self.mark + file.getvalue().replace("\r\n", self.end)).encode()


def few(elements: st.SearchStrategy[Any], most: int) -> st.SearchStrategy[list[Any]]:
    return st.lists(elements, max_size=most)


@st.composite
def rows_of(draw: st.DrawFn, table: str) -> list[Cells]:
    """Sound rows, some of them cells wrong, some of them copies or contradictions."""
    columns = TABLES[table].columns
    count = draw(st.integers(0, 7)) if table != "users" else draw(st.integers(1, 4))
    rows = [sound(table, n) for n in range(1, count + 1)]
    for row in rows:
        if table == "sessions":
            row["user_id"] = str(draw(st.integers(1, 4)))
            row["cancellation"] = draw(st.sampled_from(["true", "false"]))
            row["trip_id"] = draw(st.sampled_from(["", "t1", "t2", row["trip_id"]]))
    if rows:
        for at, column in draw(
            few(st.tuples(st.integers(0, count - 1), st.sampled_from(columns)), 3)
        ):
            rows[at][column.name] = draw(st.sampled_from(TEXTS[column.kind]))
        for at, as_it_is in draw(few(st.tuples(st.sampled_from(rows), st.booleans()), 3)):
            copy = at if as_it_is else {name: RESPELLED.get(t, t) for name, t in at.items()}
            rows.append(dict(copy))
    return rows


@st.composite
def dirty_tables(draw: st.DrawFn, table: str) -> DirtyTable:
    rows = draw(rows_of(table))
    header = draw(st.permutations(TABLES[table].column_names))
    records = [[row[name] for name in header] for row in rows]
    if draw(st.booleans()):
        header = ["Note", *header]
        notes = st.sampled_from(["", "x", "two\nlines", 'a "b", c'])
        records = [[draw(notes), *record] for record in records]
    for at in draw(few(st.integers(0, 8), 2)):
        if at < len(records) and records[at]:
            record = records[at]
            records[at] = draw(st.sampled_from([record[:-1], [*record, ""], [*record, "x"], []]))
    return DirtyTable(
        header=[draw(st.sampled_from([name, f" {name.upper()} "])) for name in header],
        records=records,
        end=draw(st.sampled_from(["\n", "\r\n"])),
        quoting=draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])),
        mark=draw(st.sampled_from(["", "\ufeff"])),
    )


worlds = st.fixed_dictionaries({name: dirty_tables(name) for name in TABLES})


def write(folder: Path, world: dict[str, DirtyTable]) -> None:
    for name, table in world.items():
        (folder / f"{name}.csv").write_bytes(table.content())


def comparable(row: dict[str, Any]) -> tuple[tuple[str, Any], ...]:
    """A row of ours or of the oracle, whose times bear a zone."""
    return tuple(
        (name, value.astimezone(UTC).replace(tzinfo=None) if is_zoned(value) else value)
        for name, value in row.items()
    )


def is_zoned(value: Any) -> bool:
    return isinstance(value, datetime) and value.tzinfo is not None


def assert_agree(found: Outcome, expected: oracle.CleanTable) -> None:
    assert found.fates == tuple(expected.counts.values())
    assert [(reject[0]) for reject in found.rejects] == [reject.line for reject in expected.rejects]
    for (_, rule, column, _), theirs in zip(found.rejects, expected.rejects, strict=True):
        assert rule in RULES[theirs.rule]
        assert column is None or column == theirs.column
    assert Counter(map(comparable, found.kept)) == Counter(map(comparable, expected.rows))


def without_lines(outcome: Outcome) -> tuple[Any, ...]:
    counts = outcome.counts
    rejects = Counter(reject[1:] for reject in outcome.rejects)
    return outcome.fates, counts.rejected_by_rule, counts.changed_by_rule, rejects, outcome.kept


@settings(max_examples=20, deadline=None, derandomize=True)
@given(world=worlds, seed=st.integers(0, 1000), threads=st.sampled_from([1, 2]))
def test_cleaning_is_right_whatever_the_dirt_and_the_order(
    world: dict[str, DirtyTable], seed: int, threads: int
) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        write(folder, world)
        found, expected = clean_folder(folder, threads=threads), oracle.clean(folder)
        for table, outcome in found.items():
            assert_agree(outcome, getattr(expected, table))

        # The order of rows changes nothing but the lines.
        write(folder, {table: dirty.shuffled(seed) for table, dirty in world.items()})
        for table, outcome in clean_folder(folder, threads=threads).items():
            assert without_lines(outcome) == without_lines(found[table])

        # Clean tables are left as they are.
        connection = connect()
        for table, outcome in found.items():
            connection.from_arrow(outcome.table).to_csv(str(folder / f"{table}.csv"), header=True)
        for table, outcome in clean_folder(folder, threads=threads).items():
            kept = outcome.counts.kept
            assert outcome.fates == (kept, kept, 0, 0, 0)
            assert outcome.kept == found[table].kept
            assert outcome.counts.changed_by_rule == {}
