"""The cohort: who is in it, and the gate that an empty one does not pass."""

from datetime import date
from typing import Any

from travel_perks.database import Connection, Relation
from travel_perks.errors import DataQualityError

SHOWN = 8


def describe_cohort(
    connection: Connection,
    *,
    users: Relation,
    sessions: Relation,
    features: Relation,
    start_date: date,
    min_sessions: int,
) -> dict[str, Any]:
    """Count the users of the source, of the cohort, and by their sessions since `start_date`.

    Returns JSON values: `users_in_source`, `users_in_cohort`, `start_date`, `min_sessions`
    and `users_by_sessions`, a list of [sessions, users] from the most sessions down.
    """
    sessions.create_view("cohort_sessions", replace=True)
    found = connection.execute(
        "SELECT n, count(*) FROM (SELECT count(*) AS n FROM cohort_sessions "
        "WHERE session_start >= $start_date::TIMESTAMP GROUP BY user_id) "
        "GROUP BY n ORDER BY n DESC",
        {"start_date": start_date},
    ).fetchall()
    return {
        "users_in_source": _count(users),
        "users_in_cohort": _count(features),
        "start_date": start_date.isoformat(),
        "min_sessions": min_sessions,
        "users_by_sessions": [list(row) for row in found],
    }


def require_cohort(cohort: dict[str, Any]) -> None:
    """Raise DataQualityError, saying who had how many sessions, when nobody is in the cohort."""
    if cohort["users_in_cohort"]:
        return
    known = [f"{users} had {sessions}" for sessions, users in cohort["users_by_sessions"][:SHOWN]]
    raise DataQualityError(
        f"No user has at least {cohort['min_sessions']} sessions on or after "
        f"{cohort['start_date']}: of {cohort['users_in_source']} users, "
        f"{', '.join(known) or 'none had any'}; check start_date, min_sessions and the sessions."
    )


def _count(relation: Relation) -> int:
    ((rows,),) = relation.aggregate("count(*)").fetchall()
    return int(rows)
