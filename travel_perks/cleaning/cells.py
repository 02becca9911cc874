"""Type the cells of one row: SQL expressions built from a table's columns.

Casts of DuckDB accept more than the contract does (`1.5` as an integer, `epoch` as a
time), so texts are held against a pattern too. Whole numbers and times are many: where the
typed value prints back as the very text, the text was plain, and only the others are.
"""

from travel_perks.database import Relation, quoted, text
from travel_perks.tables import Column, Table

MOST = 1_000_000  # the largest count that is believed: bags, seats, rooms, nights, clicks
NO_OFFER_WHEN_EMPTY = ("flight_discount", "hotel_discount")
SHOWN_CHARACTERS = 200  # how much of a rejected cell is kept

_CLOCK = r"[ T]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?"
_OFFSET = r"(Z|[+-]([01]\d|2[0-3])(:?[0-5]\d)?)"
_DAY = r"\d{4}-\d{2}-\d{2}"
_NUMBER = r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?"
_CONTROL = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"


def trimmed(rows: Relation, table: Table) -> Relation:
    """Strip the spaces around each cell; an empty cell is NULL."""
    cells = ", ".join(f"{_trimmed(quoted(name))} AS {quoted(name)}" for name in table.column_names)
    return rows.select(cells)


def _trimmed(cell: str) -> str:
    # Few cells have such spaces, and looking for them costs half of what trim costs.
    spaced = f"{cell} LIKE ' %' OR {cell} LIKE '% '"
    return f"CASE WHEN {spaced} THEN nullif(trim({cell}), '') ELSE {cell} END"


def judged(table: Table, rows: Relation) -> Relation:
    """Type each cell and name the first rule that a row breaks.

    Takes text columns (as `trimmed` gives them); returns the typed columns, `fault` (NULL, or
    a struct of rule, column and value) and `changes` (bits, see `changes`).
    """
    names = table.column_names
    raw = ", ".join(f"{quoted(name)} AS {quoted('raw ' + name)}" for name in names)
    types = ", ".join(f"{_typed(column)} AS {quoted(column.name)}" for column in table.columns)
    typed = rows.select(f"{raw}, {types}")
    values = ", ".join(f"{_value(column)} AS {quoted(column.name)}" for column in table.columns)
    return typed.select(f"{values}, {_fault(table)} AS fault, {_changes(table)} AS changes")


def _typed(column: Column) -> str:
    cell = quoted(column.name)
    match column.kind:
        case "id":
            # Where a disk or a copy failed, files hold NULs.
            return f"CASE WHEN NOT contains({cell}, chr(0)) THEN {cell} END"
        case "word":
            return f"CASE WHEN NOT regexp_matches({cell}, {text(_CONTROL)}) THEN {cell} END"
        case "boolean":
            return f"try_cast({cell} AS BOOLEAN)"
        case "integer" | "count":
            return _plain(cell, "BIGINT", r"[+-]?\d+(\.0*)?")
        case "decimal":
            return _number(cell, "DECIMAL(18, 6)")
        case "share":
            return _number(cell, "DECIMAL(18, 4)")
        case "degrees":
            number = _number(cell, "DOUBLE")
            return f"CASE WHEN isfinite({number}) THEN {number} END"
        case "date":
            whole = f"{_DAY}({_CLOCK}{_OFFSET}?)?"
            return (
                f"CASE WHEN regexp_full_match({cell}, {text(whole)}) AND {cell}[:4] <> '0000' "
                f"THEN try_cast({cell}[:10] AS DATE) END"
            )
        case "timestamp":
            return _timestamp(cell)


def _plain(cell: str, kind: str, pattern: str) -> str:
    value = f"try_cast({cell} AS {kind})"
    return (
        f"CASE WHEN {value}::VARCHAR = {cell} OR regexp_full_match({cell}, {text(pattern)}) "
        f"THEN {value} END"
    )


def _number(cell: str, kind: str) -> str:
    # DuckDB reads 1_000 as a thousand and +-1 as minus one; in a CSV they are slips.
    return (
        f"CASE WHEN regexp_full_match({cell}, {text(_NUMBER)}) THEN try_cast({cell} AS {kind}) END"
    )


def _timestamp(cell: str) -> str:
    local = f"try_cast({cell} AS TIMESTAMP)"
    return (
        f"CASE WHEN length({cell}) = 19 AND {local}::VARCHAR = {cell} THEN {local} "
        f"WHEN regexp_full_match({cell}, {text(_DAY + _CLOCK)}) THEN {local} "
        f"WHEN regexp_full_match({cell}, {text(_DAY + _CLOCK + _OFFSET)}) "
        f"THEN try_cast({cell} AS TIMESTAMPTZ) AT TIME ZONE 'UTC' END"
    )


def _value(column: Column) -> str:
    cell = quoted(column.name)
    if column.name in NO_OFFER_WHEN_EMPTY:
        return f"coalesce({cell}, false)"
    if column.kind == "degrees":
        return f"CASE WHEN abs({cell}) <= {_furthest(column)} THEN {cell} END"
    return cell


def _furthest(column: Column) -> int:
    return 90 if column.name.endswith("_lat") else 180


def _fault(table: Table) -> str:
    """Build the CASE that names the first broken rule of a row, NULL for a sound one."""
    required = [c for c in table.columns if c.required]
    strict = [c for c in table.columns if not c.lenient]
    branches = [_branch(f"{_raw(c)} IS NULL", "required_cell_empty", c) for c in required]
    branches += [
        _branch(f"{quoted(c.name)} IS NULL AND {_raw(c)} IS NOT NULL", f"unreadable_{c.kind}", c)
        for c in strict
    ]
    branches += [
        _branch(condition, "out_of_range", c) for c in table.columns if (condition := _outside(c))
    ]
    if table.name == "sessions":
        end = next(c for c in table.columns if c.name == "session_end")
        branches.append(_branch("session_end < session_start", "ends_before_it_starts", end))
    return f"CASE {' '.join(branches)} END"


def _branch(condition: str, rule: str, column: Column) -> str:
    shown = f"left({_raw(column)}, {SHOWN_CHARACTERS})"
    return (
        f"WHEN {condition} THEN {{'rule': {text(rule)}, 'column': {text(column.name)}, "
        f"'value': {shown}}}"
    )


def _outside(column: Column) -> str | None:
    cell = quoted(column.name)
    match column.kind:
        case "count":
            return f"{cell} NOT BETWEEN {column.minimum} AND {MOST}"
        case "integer" if column.name == "nights":
            return f"{cell} > {MOST}"
        case "decimal":
            return f"{cell} < {column.minimum}"
        case "share":
            return f"{cell} NOT BETWEEN 0 AND 1"
        case "timestamp":
            # An offset may lead out of the years that other tools know.
            return f"year({cell}) NOT BETWEEN 1 AND 9999"
    return None


def _raw(column: Column) -> str:
    return quoted("raw " + column.name)


def changes(table: Table) -> dict[str, str]:
    """Name what may be changed in a row of `table`: name -> condition, in bit order."""
    found: dict[str, str] = {}
    for column in table.columns:
        cell, raw = quoted(column.name), _raw(column)
        if column.lenient:
            found[f"emptied_{column.name}"] = f"{cell} IS NULL AND {raw} IS NOT NULL"
        elif column.kind == "degrees":
            found[f"outside_the_globe_{column.name}"] = f"abs({cell}) > {_furthest(column)}"
        elif column.kind == "share":
            found[f"rounded_{column.name}"] = f"try_cast({raw} AS DECIMAL(38, 20)) <> {cell}"
    if table.name == "hotels":
        repair = "nights <= 0 AND check_out_time > check_in_time"
        found["repaired_nights"] = repair
        found["unknown_nights"] = f"nights <= 0 AND ({repair}) IS NOT TRUE"
    if table.name == "flights":
        found["unknown_return_time"] = "return_time < departure_time"
    return found


def _changes(table: Table) -> str:
    bits = [
        f"CASE WHEN {condition} THEN {1 << bit} ELSE 0 END"
        for bit, condition in enumerate(changes(table).values())
    ]
    return f"({' + '.join(bits) or '0'})::INTEGER"


def repaired(column: Column) -> str:
    """Give the SQL for a column of a sound row with what is known to be wrong mended."""
    if column.name == "nights":
        stayed = "epoch_us(check_out_time) - epoch_us(check_in_time)"
        day = 86_400_000_000
        return (
            f"CASE WHEN nights > 0 OR nights IS NULL THEN nights "
            f"WHEN check_out_time > check_in_time THEN ({stayed} + {day - 1}) // {day} END"
        )
    if column.name == "return_time":
        return "CASE WHEN return_time < departure_time THEN NULL ELSE return_time END"
    return quoted(column.name)
