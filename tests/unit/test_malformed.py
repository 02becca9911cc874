"""Files that break the CSV format: each record is a row, or rejected by its line; none is lost."""

import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cleaning import Outcome, as_csv, clean_bytes, header_of, sound
from travel_perks.cleaning import source_csv
from travel_perks.cleaning.source_csv import load, open_source
from travel_perks.cleaning.source_lines import LONGEST
from travel_perks.database import connect
from travel_perks.errors import DataQualityError
from travel_perks.tables import TABLES, Column, Table

NAMES = list(TABLES)
MEGABYTE = 1 << 20


def line(table: str, n: int, **cells: str) -> bytes:
    """The line of a sound row."""
    return as_csv([sound(table, n, **cells)]).split(b"\n")[1] + b"\n"


def clean_lines(folder: Path, table: str, *lines: bytes) -> Outcome:
    """Clean a file whose header is line 1, and `lines` follow."""
    return clean_bytes(folder, table, header_of(table) + b"".join(lines))


def rules(outcome: Outcome) -> list[tuple[int, str]]:
    return [(at, rule) for at, rule, _, _ in outcome.rejects]


def keys(outcome: Outcome, table: str) -> list[object]:
    return [row[TABLES[table].key] for row in outcome.kept]


def key(table: str, n: int) -> object:
    """The typed key of sound row `n`."""
    return {"users": n, "sessions": f"s{n}"}.get(table, f"t{n}")


# Quotes


@pytest.mark.parametrize("table", NAMES)
def test_a_quote_that_is_not_closed_costs_its_row_alone(tmp_path: Path, table: str) -> None:
    torn = b'"' + line(table, 2)
    outcome = clean_lines(tmp_path, table, line(table, 1), torn, line(table, 3), line(table, 4))
    assert rules(outcome) == [(3, "unbalanced_quotes")]
    assert keys(outcome, table) == [key(table, n) for n in (1, 3, 4)]


@pytest.mark.parametrize("table", NAMES)
def test_an_open_quote_in_the_last_row_is_noticed(tmp_path: Path, table: str) -> None:
    for torn in (b'"' + line(table, 2), (b'"' + line(table, 2)).strip()):
        outcome = clean_lines(tmp_path, table, line(table, 1), torn)
        assert rules(outcome) == [(3, "unbalanced_quotes")]
        assert keys(outcome, table) == [key(table, 1)]


def test_a_quote_closed_rows_later_swallows_no_row(tmp_path: Path) -> None:
    # A plain reader takes all that stands between the two quotes for one name.
    opens = line("hotels", 2).replace(b"Hilton - boston", b'"Hilton - boston')
    closes = line("hotels", 5).replace(b"Hilton - boston", b'Hilton - boston"')
    lines = [line("hotels", n) for n in (1, 3, 4, 6)]
    outcome = clean_lines(tmp_path, "hotels", lines[0], opens, *lines[1:3], closes, lines[3])
    assert rules(outcome) == [(3, "unbalanced_quotes")]
    assert keys(outcome, "hotels") == ["t1", "t3", "t4", "t5", "t6"]


def test_text_after_a_closing_quote_costs_its_row_alone(tmp_path: Path) -> None:
    torn = line("hotels", 2).replace(b"Hilton - boston", b'"Hilton" - boston')
    outcome = clean_lines(tmp_path, "hotels", line("hotels", 1), torn, line("hotels", 3))
    assert rules(outcome) == [(3, "unbalanced_quotes")]
    assert keys(outcome, "hotels") == ["t1", "t3"]


def test_in_a_file_of_quoted_cells_a_lost_quote_costs_its_row_alone(tmp_path: Path) -> None:
    lines = [b'"' + line("hotels", n).strip().replace(b",", b'","') + b'"\n' for n in range(1, 6)]
    for quote in re.finditer(b'"', lines[2]):
        torn = lines[2][: quote.start()] + lines[2][quote.end() :]
        outcome = clean_lines(tmp_path, "hotels", *lines[:2], torn, *lines[3:])
        assert {"t1", "t2", "t4", "t5"} <= set(keys(outcome, "hotels"))
        # A cell that has lost its first quote is one that ends in a quote.
        assert outcome.counts.read == 5
        assert {at for at, _ in rules(outcome)} <= {4}


def test_a_quote_inside_a_bare_cell_is_text_and_misleads_no_line_number(tmp_path: Path) -> None:
    inch = line("hotels", 1).replace(b"Hilton", b'12" Hilton')
    two = line("hotels", 2).replace(b"Hilton", b'The "Hilton"')
    content = as_csv([sound("hotels", 3, hotel_name="a\nb", rooms="0")])
    broken = content.partition(b"\n")[2]
    outcome = clean_lines(
        tmp_path, "hotels", inch, two, inch.replace(b"t1", b"t4"), broken, b"1,2\n"
    )
    assert [row["hotel_name"] for row in outcome.kept] == [
        '12" Hilton - boston',
        'The "Hilton" - boston',
        '12" Hilton - boston',
    ]
    assert rules(outcome) == [(5, "out_of_range"), (7, "too_few_fields")]


# Bytes


@pytest.mark.parametrize("table", NAMES)
def test_another_encoding_costs_its_rows(tmp_path: Path, table: str) -> None:
    word = next(column.name for column in TABLES[table].columns if column.kind in ("word", "id"))
    latin = line(table, 2, **{word: "MÜNCHEN"}).decode().encode("latin-1")
    outcome = clean_lines(tmp_path, table, line(table, 1), latin, line(table, 3))
    assert rules(outcome) == [(3, "not_utf8")]
    assert keys(outcome, table) == [key(table, 1), key(table, 3)]


@pytest.mark.parametrize("table", NAMES)
@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "utf-7", "cp037"])
def test_a_file_in_another_encoding_is_an_error(tmp_path: Path, table: str, encoding: str) -> None:
    content = as_csv([sound(table)]).decode().replace("_", "é_").encode(encoding)
    with pytest.raises(DataQualityError, match=f"source of {table} .*UTF-8"):
        clean_bytes(tmp_path, table, content)


@pytest.mark.parametrize("table", NAMES)
def test_nuls_are_no_row(tmp_path: Path, table: str) -> None:
    hole = b"\x00" * 4096 + b"\n"
    outcome = clean_lines(tmp_path, table, line(table, 1), hole, line(table, 2))
    assert rules(outcome) == [(3, "too_few_fields")]
    required = next(c.name for c in TABLES[table].columns if c.required)
    bad = line(table, 3, **{required: sound(table, 3)[required] + "\x00"})
    outcome = clean_lines(tmp_path, table, line(table, 1), bad)
    assert [at for at, _ in rules(outcome)] == [3]


# Fields


@pytest.mark.parametrize("table", NAMES)
@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (lambda row: row.rpartition(b",")[0] + b"\n", "too_few_fields"),
        (lambda row: row.partition(b",")[2], "too_few_fields"),
        (lambda row: b"\t \n", "too_few_fields"),
        (lambda row: row.strip() + b",\n", "too_many_fields"),
        (lambda row: row.strip() + b",,,\n", "too_many_fields"),
        (lambda row: row.strip() + b',""\n', "too_many_fields"),
        (lambda row: row.strip() + b", \n", "too_many_fields"),
        (lambda row: row.strip() + b",more\n", "too_many_fields"),
        (lambda row: b"," + row, "too_many_fields"),
        (lambda row: row.replace(b",", b";"), "too_few_fields"),
    ],
)
def test_other_numbers_of_fields_reject_the_row(
    tmp_path: Path, table: str, change: Callable[[bytes], bytes], rule: str
) -> None:
    bad = change(line(table, 2))
    outcome = clean_lines(tmp_path, table, line(table, 1), bad, line(table, 3), bad.rstrip(b"\n"))
    assert rules(outcome) == [(3, rule), (5, rule)]
    assert keys(outcome, table) == [key(table, 1), key(table, 3)]
    assert outcome.counts.rejected_by_rule == {rule: 2}


@pytest.mark.parametrize("table", NAMES)
def test_a_file_of_broken_rows_alone_names_each(tmp_path: Path, table: str) -> None:
    outcome = clean_lines(tmp_path, table, b"1,2,3\n" * 5000)
    assert rules(outcome) == [(at, "too_few_fields") for at in range(2, 5002)]


@pytest.mark.parametrize("table", NAMES)
def test_an_empty_last_cell_is_not_one_too_many(tmp_path: Path, table: str) -> None:
    optional = next(c.name for c in TABLES[table].columns if not c.required)
    names = [name for name in TABLES[table].column_names if name != optional] + [optional]
    rows = [{name: sound(table, n)[name] for name in names} | {optional: ""} for n in (1, 2)]
    content = as_csv(rows)
    assert clean_bytes(tmp_path, table, content).fates == (2, 2, 0, 0, 0)
    assert rules(clean_bytes(tmp_path, table, content.strip() + b",")) == [(3, "too_many_fields")]


@pytest.mark.parametrize("mark", [";", "\t", "|"])
@pytest.mark.parametrize("table", NAMES)
def test_another_delimiter_is_named(tmp_path: Path, table: str, mark: str) -> None:
    content = as_csv([sound(table)]).replace(b",", mark.encode())
    with pytest.raises(DataQualityError) as failure:
        clean_bytes(tmp_path, table, content)
    named = {";": "semicolons", "\t": "tabs", "|": "bars"}[mark]
    assert f"a header separated by {named}" in str(failure.value)


@pytest.mark.parametrize("table", NAMES)
def test_a_column_that_is_named_twice_is_an_error(tmp_path: Path, table: str) -> None:
    for name in TABLES[table].column_names[:3]:
        content = as_csv([sound(table) | {f" {name.upper()} ": "x"}])
        with pytest.raises(DataQualityError, match=f"names {name} twice"):
            clean_bytes(tmp_path, table, content)
    # What is not looked at may be named twice.
    assert clean_bytes(tmp_path, table, as_csv([sound(table) | {"x": "", " x": ""}])).fates[1] == 1


def test_a_header_with_an_open_quote_is_an_error(tmp_path: Path) -> None:
    content = header_of("hotels").strip() + b',"note\n' + line("hotels", 1) * 3
    with pytest.raises(DataQualityError, match=r"source of hotels .*header"):
        clean_bytes(tmp_path, "hotels", content)


# Lines


@pytest.mark.parametrize("table", NAMES)
def test_lines_may_end_in_several_ways(tmp_path: Path, table: str) -> None:
    ends = [b"\n", b"\r\n", b"\r", b"\r\n\n", b"\n\r\n", b"\n", b"\r\n"]
    lines = [line(table, n).strip() + end for n, end in enumerate(ends, 1)]
    outcome = clean_lines(tmp_path, table, *lines, b"1,2\r\n3")
    assert len(outcome.kept) == 7
    assert rules(outcome) == [(11, "too_few_fields"), (12, "too_few_fields")]


@pytest.mark.parametrize(("first", "rest"), [(b"\r\n", b"\n"), (b"\n", b"\r\n"), (b"\r", b"\n")])
def test_the_header_may_end_in_another_way(tmp_path: Path, first: bytes, rest: bytes) -> None:
    head, body = as_csv([sound("users", n) for n in (1, 2)]).split(b"\n", 1)
    outcome = clean_bytes(tmp_path, "users", head + first + body.replace(b"\n", rest))
    assert outcome.fates == (2, 2, 0, 0, 0)


@pytest.mark.parametrize("table", NAMES)
def test_a_carriage_return_alone_ends_a_line(tmp_path: Path, table: str) -> None:
    split = line(table, 2).replace(b",", b"\r", 1)
    outcome = clean_lines(tmp_path, table, line(table, 1), split, line(table, 3))
    assert rules(outcome) == [(3, "too_few_fields"), (4, "too_few_fields")]
    assert keys(outcome, table) == [key(table, 1), key(table, 3)]


def test_a_million_empty_lines_are_no_rows(tmp_path: Path) -> None:
    for end in (b"\n", b"\r\n"):
        head, first, second = (
            text.strip() + end for text in (header_of("users"), line("users", 1), b"x")
        )
        empty = end * 1_000_000
        content = empty + head + empty + first + empty + second + empty
        outcome = clean_bytes(tmp_path, "users", content)
        assert outcome.fates == (2, 1, 0, 1, 0)
        assert rules(outcome) == [(3_000_003, "too_few_fields")]


@pytest.mark.parametrize("size", [LONGEST + 1, 3 * MEGABYTE, 40 * MEGABYTE])
def test_a_very_long_line_is_rejected_with_its_line(tmp_path: Path, size: int) -> None:
    for table, long in (
        ("users", line("users", 2).replace(b"winnipeg", b"x" * size)),
        ("hotels", line("hotels", 2).replace(b"Hilton", b'"' + b"x" * size + b'"')),
        ("hotels", b"x" * size + b"\n"),
    ):
        outcome = clean_lines(tmp_path, table, line(table, 1), long, line(table, 3), b"1,2\n")
        assert rules(outcome) == [(3, "line_too_long"), (5, "too_few_fields")]
        assert keys(outcome, table) == [key(table, 1), key(table, 3)]
    outcome = clean_lines(tmp_path, "users", line("users", 1), b"x" * size)
    assert rules(outcome) == [(3, "line_too_long")]


def test_a_cell_of_very_many_lines_is_taken_apart(tmp_path: Path) -> None:
    count = 3 * MEGABYTE // 20
    text = b'"' + b"twenty bytes a line\n" * count + b'"'
    long = line("hotels", 2).replace(b"Hilton - boston", text)
    outcome = clean_lines(tmp_path, "hotels", line("hotels", 1), long, line("hotels", 3))
    assert keys(outcome, "hotels") == ["t1", "t3"]
    assert outcome.counts.rejected_by_rule == {"too_few_fields": count - 1, "unbalanced_quotes": 2}


def test_a_cell_of_some_lines_is_a_cell(tmp_path: Path) -> None:
    text = "\n".join("word" * 200 for _ in range(1000))
    row = as_csv([sound("hotels", 1, hotel_name=text)]).partition(b"\n")[2]
    outcome = clean_lines(tmp_path, "hotels", row, b"1,2\n")
    assert outcome.kept[0]["hotel_name"] == text
    assert rules(outcome) == [(1002, "too_few_fields")]


# Threads: a file above the reader's buffer of 32 MB


def big_file(folder: Path, *, broken_quotes: bool) -> tuple[Path, dict[str, list[int]]]:
    """Write a file whose rows name their line; return it with the lines of what is broken."""
    chance, lines, at = random.Random(5), [b"a,b,c"], 2
    expected: dict[str, list[int]] = {"too_few_fields": [], "not_utf8": []}
    if broken_quotes:
        expected["unbalanced_quotes"] = []
    for _ in range(900_000):
        if chance.random() > 3e-5:
            lines.append(b"%d,some text to fill the line,more of it" % at)
        elif chance.random() < 0.3:
            lines.append(b'%d,"two\nlines, ""quoted""",x' % at)
            at += 1
        else:
            rule = chance.choice(sorted(expected))
            expected[rule].append(at)
            torn = {"too_few_fields": b"x", "not_utf8": b"\xff,x,y", "unbalanced_quotes": b'1,"x,y'}
            lines.append(torn[rule])
        at += 1
    path = folder / "big.csv"
    path.write_bytes(b"\n".join(lines) + b"\n")
    assert path.stat().st_size > 36 * MEGABYTE and all(expected.values())
    return path, expected


TINY = Table("tiny", "a", tuple(Column(name, "id") for name in "abc"))


@pytest.mark.parametrize("broken_quotes", [False, True])
def test_rows_and_lines_are_the_same_with_1_2_and_8_threads(
    tmp_path: Path, broken_quotes: bool
) -> None:
    path, expected = big_file(tmp_path, broken_quotes=broken_quotes)
    for threads in (1, 2, 8):
        connection = connect(threads=threads, spill=str(tmp_path))
        loaded = load(open_source(connection, path, TINY), "rows", lambda rows: rows)
        assert {rule: lines.tolist() for rule, lines in loaded.broken.items()} == expected
        named = connection.execute("SELECT a::BIGINT AS a FROM rows ORDER BY rowid").fetchnumpy()
        assert (named["a"] == loaded.lines).all()
        assert list(tmp_path.iterdir()) == [path]  # no copy is left


# Any bytes, against a second reading of the format


Expected = tuple[list[tuple[int, list[str | None]]], list[tuple[int, str]]]


class SecondReader:
    """The format read a character at a time: rows and broken records of three cells, by line."""

    def __init__(self, text: str) -> None:
        self.text = text

    def read(self) -> Expected:
        rows: list[tuple[int, list[str | None]]] = []
        broken: list[tuple[int, str]] = []
        at, number = 0, 1
        while at < len(self.text):
            cells, end = self.record(at)
            after = self.after_break(end)
            if cells is None:
                broken.append((number, "unbalanced_quotes"))
            elif len(cells) != 3 and end > at:
                rule = "too_few_fields" if len(cells) < 3 else "too_many_fields"
                broken.append((number, rule))
            elif end > at:
                rows.append((number, [cell.strip(" ") or None for cell in cells]))
            number += self.text.count("\n", at, end) + 1
            at = after
        return rows[1:], broken

    def record(self, at: int) -> tuple[list[str] | None, int]:
        """Return the cells and the end of a record; of a torn one, None and the end of the line."""
        cells, end = [], at - 1
        while end < at or self.peek(end) == ",":
            cell, end = self.cell(end + 1)
            if cell is None:
                return None, self.end_of_line(at)
            cells.append(cell)
        return cells, end

    def cell(self, at: int) -> tuple[str | None, int]:
        start = at
        while self.peek(start) == " ":
            start += 1
        if self.peek(start) == '"':
            return self.quoted(start + 1)
        end = at
        while self.peek(end) not in ("", ",", "\r", "\n"):
            end += 1
        return self.text[at:end], end

    def quoted(self, at: int) -> tuple[str | None, int]:
        read = ""
        while (letter := self.peek(at)) and not (letter == '"' != self.peek(at + 1)):
            if letter == '"':
                at += 1
            elif letter in "\r\n" and self.is_row(at + 1):
                return None, at
            read, at = read + letter, at + 1
        if not letter:
            return None, at
        at += 1
        while self.peek(at) == " ":
            at += 1
        return (read, at) if self.peek(at) in ("", ",", "\r", "\n") else (None, at)

    def is_row(self, at: int) -> bool:
        """Whether the next line that is not empty is a whole row without quotes."""
        while self.peek(at) and self.peek(at) in "\r\n":
            at += 1
        end = self.end_of_line(at)
        row = self.text[at:end]
        return end < len(self.text) and '"' not in row and row.count(",") == 2

    def peek(self, at: int) -> str:
        return self.text[at : at + 1]

    def end_of_line(self, at: int) -> int:
        found = re.compile(r"[\r\n]|\Z").search(self.text, at)
        assert found
        return found.start()

    def after_break(self, at: int) -> int:
        return at + (2 if self.text.startswith("\r\n", at) else 1)


PIECES = [*',,,,""\n\n x1', "\r\n", "\r", '""', "1,2,3\n", '"q",2,"a,b"\n', '"l\nm",2,3\n', "é"]


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    mark=st.sampled_from(["", "\ufeff"]),
    pieces=st.lists(st.sampled_from(PIECES), max_size=25),
    threads=st.sampled_from([1, 2]),
)
def test_any_text_is_read_as_a_second_reader_reads_it(
    tmp_path_factory: pytest.TempPathFactory, mark: str, pieces: list[str], threads: int
) -> None:
    text = "a,b,c\n" + "".join(pieces)
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes((mark + text).encode())
    connection = connect(threads=threads)
    loaded = load(open_source(connection, path, TINY), "rows", lambda rows: rows)
    found = connection.execute("SELECT * FROM rows ORDER BY rowid").fetchall()
    rows = [
        (int(at), [cell and (cell.strip(" ") or None) for cell in row])
        for at, row in zip(loaded.lines, found, strict=True)
    ]
    broken = sorted((int(at), rule) for rule, lines in loaded.broken.items() for at in lines)
    assert (rows, broken) == SecondReader(text).read()


@settings(max_examples=60, deadline=None, derandomize=True)
@given(damage=st.lists(st.tuples(st.integers(0, 400), st.binary(max_size=3)), max_size=4))
def test_damaged_bytes_end_in_rows_rejects_or_one_sentence(
    tmp_path_factory: pytest.TempPathFactory, damage: list[tuple[int, bytes]]
) -> None:
    content = as_csv([sound("hotels", n) for n in (1, 2, 3, 4)])
    for at, what in damage:
        content = content[:at] + what + content[at + 1 :]
    folder = tmp_path_factory.getbasetemp()
    try:
        outcome = clean_bytes(folder, "hotels", content)
    except DataQualityError as error:
        assert str(error).endswith(".") and "\n" not in str(error)
    else:
        assert outcome.counts.read == outcome.counts.kept + outcome.counts.rejected + sum(
            (outcome.counts.merged, outcome.counts.ignored)
        )


def test_what_the_reader_loses_is_never_silent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The reader drops a line above its buffer without a word. Were it not found beforehand …
    monkeypatch.setattr(source_csv, "is_doubtful", lambda *args, **kwargs: False)
    outcome = clean_lines(
        tmp_path, "hotels", line("hotels", 1), b"x" * (40 * MEGABYTE) + b"\n", line("hotels", 2)
    )
    # … the rows that it gives would still be fewer than the records of the file.
    assert rules(outcome) == [(3, "line_too_long")]
