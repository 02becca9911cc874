"""Write the three artefacts, each whole or not at all, for its owner and group to read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from travel_perks.database import Relation
from travel_perks.files import PRIVATE_FILE, whole
from travel_perks.gold import perks_of
from travel_perks.perks import Perks
from travel_perks.table_files import write_csv


@dataclass(frozen=True)
class Findings:
    """What the stages found out beside the gold table, as JSON values.

    `tables` (counts) and `receipts` are in the order of TABLES; `checks` are the results of
    the expectations.
    """

    tables: Sequence[Mapping[str, Any]]
    receipts: Sequence[Mapping[str, Any]]
    checks: Sequence[Mapping[str, Any]]
    cohort: Mapping[str, Any]


def write_gold(gold: Relation, path: str | Path) -> None:
    """Write the gold CSV, sorted by `user_id`."""
    write_csv(gold.order("user_id"), path, mode=PRIVATE_FILE)


def write_perks(gold: Relation, path: str | Path) -> None:
    """Write `user_id,perk` of the gold table, sorted by `user_id`."""
    write_csv(perks_of(gold), path, mode=PRIVATE_FILE)


def write_report(
    gold: Relation,
    findings: Findings,
    *,
    perks: Perks,
    settings: Mapping[str, Any],
    path: str | Path,
) -> None:
    """Write the report; `settings` are the result settings that it may name."""
    from travel_perks.report import build_report
    from travel_perks.report_facts import gather_facts

    facts = gather_facts(gold.order("user_id").df(), findings, perks=perks, settings=settings)
    with whole(path, mode=PRIVATE_FILE) as partial:
        partial.write_bytes(build_report(facts))
