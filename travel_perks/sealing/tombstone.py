"""What stays of a deleted run, so that its id is never used again."""

import time
from pathlib import Path
from typing import Any

from travel_perks.errors import SealedError
from travel_perks.files import read_json, write_json
from travel_perks.layout import Layout
from travel_perks.running.runlog import timestamp

FIELDS = ("deleted", "started", "users")


def bury(layout: Layout, *, started: str | None, users: int | None) -> None:
    """Mark the run as deleted, unless it is: when, when it had started, how many users."""
    if not Path(layout.tombstone).exists():
        marked = {"deleted": timestamp(time.time()), "started": started, "users": users}
        write_json(layout.tombstone, {"run_id": layout.run_id, **marked})


def read_tombstone(layout: Layout) -> dict[str, Any] | None:
    """Return FIELDS of a deleted run, None for another; a damaged mark has empty fields."""
    try:
        content = read_json(layout.tombstone)
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        content = {}
    fields = content if isinstance(content, dict) else {}
    return {name: fields.get(name) for name in FIELDS}


def require_not_deleted(layout: Layout) -> None:
    """Raise SealedError when the run was deleted."""
    if Path(layout.tombstone).exists():
        raise SealedError(
            f"The run {layout.run_id} was deleted and its id is not used again; nothing was "
            "touched; choose a new run id."
        )
