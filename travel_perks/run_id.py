"""The run id: the text that names a run and all its files."""

import re
from datetime import UTC, datetime

from travel_perks.errors import UsageError

PATTERN = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"


def check_run_id(run_id: str) -> str:
    """Return `run_id`; raises UsageError when it cannot name files safely."""
    if not is_run_id(run_id):
        raise UsageError(
            f"The run id {run_id!r} cannot be used: take 1 to 64 letters, digits, '.', '_' "
            "or '-', beginning with a letter or digit, without '..'."
        )
    return run_id


def is_run_id(text: str) -> bool:
    """Tell whether `text` can name a run."""
    return bool(re.fullmatch(PATTERN, text)) and ".." not in text


def run_id_of_now(now: datetime | None = None) -> str:
    """Return the UTC time as a run id, such as 20251021T030000Z."""
    return (now or datetime.now(UTC)).astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
