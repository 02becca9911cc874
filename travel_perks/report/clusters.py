"""What marks each cluster: its mean features, and how far they lie from the cohort's."""

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from travel_perks.report import words

# A distance, in standard deviations, that a reader should hear about.
NOTABLE = 0.25
MOST_NOTABLE = 3


@dataclass(frozen=True)
class ShownFeature:
    """A feature that the report shows: a heading of up to two short lines, and words for it."""

    name: str
    heading: str
    more: str
    less: str
    as_text: Callable[[float], str] = words.measure


SHOWN_FEATURES = (
    ShownFeature("n_sessions", "Sessions", "more sessions", "fewer sessions"),
    ShownFeature("n_trips", "Trips\nbooked", "more trips", "fewer trips"),
    ShownFeature(
        "cancellation_rate",
        "Trips\ncancelled",
        "more cancellations",
        "fewer cancellations",
        words.percent,
    ),
    ShownFeature(
        "bundle_rate",
        "Flight\nand hotel",
        "more trips with flight and hotel",
        "fewer trips with flight and hotel",
        words.percent,
    ),
    ShownFeature(
        "discount_booking_rate",
        "Booked\non offer",
        "more bookings on offer",
        "fewer bookings on offer",
        words.percent,
    ),
    ShownFeature("bags_per_seat", "Bags\nper seat", "more bags per seat", "fewer bags per seat"),
    ShownFeature("mean_base_fare_usd", "Fare\nUSD", "higher fares", "lower fares"),
    ShownFeature("mean_distance_km", "Distance\nkm", "longer flights", "shorter flights"),
    ShownFeature("mean_lead_days", "Days\nahead", "earlier bookings", "later bookings"),
    ShownFeature(
        "weekend_rate",
        "Weekend\nstarts",
        "more weekend departures",
        "fewer weekend departures",
        words.percent,
    ),
    ShownFeature("mean_nights", "Nights\na stay", "longer stays", "shorter stays"),
    ShownFeature("hotel_spend_usd", "Hotels\nUSD", "higher hotel spend", "lower hotel spend"),
)


@dataclass(frozen=True, eq=False)
class ClusterProfile:
    """The clusters beside the cohort; every table has the cluster as its index, ascending.

    `sizes` are users. `means` and `distances` have one column a shown feature; a distance is
    (cluster mean - cohort mean) / cohort standard deviation, empty where nobody has a value
    and 0 where everybody has the same. `perks` has the most frequent perk's id and its users.
    """

    sizes: "pd.Series[int]"
    means: pd.DataFrame
    distances: pd.DataFrame
    perks: pd.DataFrame


def profile_clusters(gold: pd.DataFrame, perk_order: list[str]) -> ClusterProfile:
    """Profile the clusters of the gold table; ties between perks go to the configured order."""
    names = [feature.name for feature in SHOWN_FEATURES]
    features = gold[names].astype("float64")
    means = features.groupby(gold["cluster"]).mean()
    spread = features.std(ddof=0)
    distances = (means - features.mean()) / spread.where(spread > 0, 1.0)
    by_perk = (
        gold.groupby(["cluster", "perk"], observed=True)
        .size()
        .unstack(fill_value=0)
        .reindex(columns=perk_order, fill_value=0)
    )
    perks = pd.DataFrame({"perk": by_perk.idxmax(axis=1), "users": by_perk.max(axis=1)})
    return ClusterProfile(by_perk.sum(axis=1), means, distances, perks)


def what_marks(distances: pd.Series) -> str:
    """Say in a sentence where a cluster lies furthest from the cohort (one row of `distances`)."""
    notable = distances[distances.abs() >= NOTABLE]
    strongest = notable.abs().sort_values(ascending=False, kind="stable").index[:MOST_NOTABLE]
    said = [
        f"{feature.more if notable[name] > 0 else feature.less} ({words.distance(notable[name])})"
        for name in strongest
        for feature in SHOWN_FEATURES
        if feature.name == name
    ]
    if not said:
        return "Much like the cohort as a whole."
    return f"{words.sentence_case(words.listed(said))}."
