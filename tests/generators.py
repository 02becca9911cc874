"""Made-up cohorts for the tests: customers with a planted favourite perk, as a features table."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from travel_perks.recommending.model import CLUSTER_FEATURES
from travel_perks.recommending.perks import COUNT_COLUMNS

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PERK_IDS = (
    "free_checked_bag",
    "no_cancellation_fees",
    "exclusive_discounts",
    "one_night_free_hotel_with_flight",
    "free_hotel_meal",
)


def planted_cohort(
    users: int,
    seed: int,
    effect: float = 1.0,
    shares: tuple[float, ...] = (0.2, 0.2, 0.2, 0.2, 0.2),
) -> tuple[pd.DataFrame, Ints]:
    """A features table, and each user's favourite as an index into `PERK_IDS`.

    Users have 7 sessions or more, 8.5 on average, and book about half of them. A favourite
    multiplies the odds of its habit by exp(effect); everything else is alike for all.
    """
    random = np.random.default_rng(seed)
    favourite = random.choice(len(shares), users, p=shares)

    def boosted(perk: int, share: float) -> Floats:
        odds = share / (1 - share) * np.where(favourite == perk, np.exp(effect), 1.0)
        return odds / (1 + odds)

    visits = 7 + random.poisson(1.5, users)
    bookings = random.binomial(visits, random.beta(5, 6, users))
    cancelled = random.binomial(bookings, boosted(1, 0.1))
    travelled = bookings - cancelled
    bundles = random.binomial(travelled, boosted(3, 0.5))
    hotel_only = random.binomial(travelled - bundles, boosted(4, 0.4))
    flights, stays = travelled - hotel_only, bundles + hotel_only
    seats = flights + random.binomial(flights, 0.2)
    bags_per_seat = 0.5 * np.where(favourite == 0, np.exp(0.8 * effect), 1.0)
    nights_more = 2.5 * np.where(favourite == 4, np.exp(0.5 * effect), 1.0)
    nights = stays + random.poisson(stays * nights_more)
    counts = {
        "n_visits": visits,
        "n_sessions": visits + cancelled,
        "n_bookings": bookings,
        "n_offer_bookings": random.binomial(bookings, boosted(2, 0.27)),
        "n_trips": bookings,
        "n_cancelled_trips": cancelled,
        "n_cancellations": cancelled,
        "n_travelled_trips": travelled,
        "n_flights": flights,
        "n_hotels": stays,
        "n_bundles": bundles,
        "n_hotel_only": hotel_only,
        "checked_bags": random.poisson(seats * bags_per_seat),
        "seats": seats,
        "total_nights": nights,
        "n_known_stays": stays,
    }
    ids = random.permutation(np.arange(10_000, 10_000 + users))
    cohort = features_table(ids.tolist(), **counts)
    for name in ("mean_page_clicks", "mean_lead_days", "mean_distance_km"):
        cohort[name] = random.lognormal(2, 0.5, users)
    cohort["booking_rate"] = bookings / visits
    cohort["mean_nights"] = cohort["total_nights"] / cohort["n_known_stays"].where(stays > 0)
    return cohort, favourite


def features_table(user_ids: list[int], **counts: list[int] | Ints) -> pd.DataFrame:
    """A features table of the given counts; the other counts are 0, the features unknown."""
    table = pd.DataFrame({"user_id": user_ids})
    for name in COUNT_COLUMNS:
        table[name] = counts.get(name, np.zeros(len(user_ids), dtype=np.int64))
    for name in CLUSTER_FEATURES:
        table[name] = np.nan
    return table
