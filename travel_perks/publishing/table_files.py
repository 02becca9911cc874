"""Write relations as Parquet and as CSV that is safe to open in a spreadsheet."""

from pathlib import Path

from travel_perks.database import Relation, quoted, text
from travel_perks.files import whole

# A spreadsheet takes text that starts so for a formula.
_FORMULA = r"^[=+\-@\t\r]"


def write_parquet(relation: Relation, path: str | Path) -> None:
    """Write a relation as Parquet, whole or not at all."""
    with whole(path) as partial:
        relation.to_parquet(str(partial), compression="zstd")


def write_csv(relation: Relation, path: str | Path, *, mode: int | None = None) -> None:
    """Write a relation as CSV with a header, whole or not at all.

    Numbers are written in the shortest form that reads back as the same number; text that
    a spreadsheet would run gets an apostrophe in front.
    """
    columns = ", ".join(
        _neutral(name) if str(kind) == "VARCHAR" else quoted(name)
        for name, kind in zip(relation.columns, relation.types, strict=True)
    )
    with whole(path, mode=mode) as partial:
        relation.select(columns).to_csv(str(partial), header=True, sep=",")


def _neutral(name: str) -> str:
    cell = quoted(name)
    return (
        f"CASE WHEN regexp_matches({cell}, {text(_FORMULA)}) THEN chr(39) || {cell} "
        f"ELSE {cell} END AS {cell}"
    )
