"""The cohort and its behavioural features, one row a user (data definitions: docs/data.md)."""

from collections.abc import Mapping
from datetime import date, datetime
from importlib import resources
from typing import Any

from travel_perks.database import Connection, Relation

FEATURES = (
    "n_sessions",
    "mean_page_clicks",
    "mean_session_seconds",
    "n_trips",
    "booking_rate",
    "n_cancellations",
    "cancellation_rate",
    "n_flights",
    "n_hotels",
    "bundle_rate",
    "discount_offer_rate",
    "discount_booking_rate",
    "mean_discount",
    "checked_bags",
    "bags_per_seat",
    "mean_base_fare_usd",
    "mean_distance_km",
    "mean_lead_days",
    "weekend_rate",
    "total_nights",
    "mean_nights",
    "mean_rooms",
    "mean_hotel_per_room_usd",
    "hotel_spend_usd",
    "flight_spend_usd",
    "months_since_sign_up",
)


def latest_day(sessions_profile: Mapping[str, Any]) -> date:
    """Return the last day on which a session starts, from the profile of the sessions."""
    return datetime.fromisoformat(sessions_profile["latest_session_start"]).date()


def features(
    connection: Connection,
    tables: Mapping[str, Relation],
    *,
    start_date: date,
    min_sessions: int,
    latest_day: date,
) -> Relation:
    """Compute the features of every user with enough sessions, sorted by `user_id`.

    `tables` are the four cleaned tables; `latest_day` is the last day on which any session
    starts. The result has `user_id`, the published FEATURES in order, and the counts that
    shares are made of. A mean or share over nothing is NULL.
    """
    for name, table in tables.items():
        table.create_view(name, replace=True)
    connection.execute(
        "CREATE OR REPLACE TEMP MACRO share(part, whole) AS "
        "CASE WHEN whole > 0 THEN part::DOUBLE / whole END"
    )
    query = resources.files("travel_perks").joinpath("sql/features.sql").read_text("utf-8")
    return connection.sql(
        query,
        params={
            "start_date": start_date,
            "min_sessions": min_sessions,
            "latest_day": latest_day,
        },
    )
