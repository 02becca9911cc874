"""The gold table: what is known of each user of the cohort, and the perk that follows."""

from travel_perks.database import Relation, quoted
from travel_perks.recommending.features import FEATURES

REASONS = ("perk_affinity", "runner_up_perk", "margin", "evidence", "reason")
GOLD_COLUMNS = ("user_id", *FEATURES, "cluster", "perk", *REASONS)


def gold(features: Relation, scored: Relation) -> Relation:
    """Join features and scores: GOLD_COLUMNS, one row a user, sorted by `user_id`."""
    columns = ", ".join(quoted(name) for name in GOLD_COLUMNS)
    chosen = scored.select("user_id", "cluster", "perk", *REASONS)
    return features.join(chosen, "user_id").select(columns).order("user_id")


def perks_of(gold_table: Relation) -> Relation:
    """Return `user_id` and `perk` of the gold table, sorted by `user_id`."""
    return gold_table.select("user_id", "perk").order("user_id")


def count_perks(perks: Relation) -> dict[str, int]:
    """Count the users of each perk, the most frequent first."""
    counted = perks.aggregate("perk, count(*) AS users", "perk").order("users DESC, perk")
    return dict(counted.fetchall())
