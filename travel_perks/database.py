"""The DuckDB connection that every relational step runs on."""

import tempfile
import uuid
from pathlib import Path
from typing import Any

import duckdb

from travel_perks.files import make_folder

Relation = duckdb.DuckDBPyRelation
Connection = duckdb.DuckDBPyConnection


def connect(*, threads: int = 1, memory_limit: str = "4GB", spill: str | None = None) -> Connection:
    """Open an in-memory database that reaches no network and spills to `spill`.

    Time is UTC whatever the machine says. Row order is kept, because source lines are
    counted by it. What exceeds `memory_limit` goes to a folder of this connection below `spill`,
    or below the system's temporary folder.
    """
    # Process ids would not do: jobs on two machines may share the folder.
    folder = Path(spill or tempfile.gettempdir()) / f"travel_perks-{uuid.uuid4().hex}"
    make_folder(folder.parent)
    connection = duckdb.connect(
        config={
            "threads": threads,
            "memory_limit": memory_limit,
            "temp_directory": str(folder),
            "preserve_insertion_order": True,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
    )
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def spill_folder(connection: Connection) -> Path:
    """Return the folder that `connect` was told to spill to."""
    (folder,) = single_row(connection, "SELECT current_setting('temp_directory')")
    return Path(folder).parent


def single_row(connection: Connection, query: str) -> tuple[Any, ...]:
    """Return the one row that `query` gives, and leave no result open on the connection."""
    (row,) = connection.execute(query).fetchall()
    return tuple(row)


def quoted(name: str) -> str:
    """Quote a column name or another identifier for SQL."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """Quote a text literal for SQL."""
    return "'" + value.replace("'", "''") + "'"
