"""Write the two published tables, each whole or not at all, for owner and group to read."""

from pathlib import Path

from travel_perks.database import Relation
from travel_perks.files import PRIVATE_FILE
from travel_perks.publishing.table_files import write_csv
from travel_perks.recommending.gold import perks_of


def write_gold(gold: Relation, path: str | Path) -> None:
    """Write the gold CSV, sorted by `user_id`."""
    write_csv(gold.order("user_id"), path, mode=PRIVATE_FILE)


def write_perks(gold: Relation, path: str | Path) -> None:
    """Write `user_id,perk` of the gold table, sorted by `user_id`."""
    write_csv(perks_of(gold), path, mode=PRIVATE_FILE)
