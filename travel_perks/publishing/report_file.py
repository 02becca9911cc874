"""Make the report from what the stages left."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from travel_perks.checking.expectations import CheckResult
from travel_perks.database import Relation
from travel_perks.files import PRIVATE_FILE, whole
from travel_perks.publishing.findings import Findings
from travel_perks.recommending.perks import Perks
from travel_perks.report import build_report
from travel_perks.report.facts import CohortFacts, ReportFacts, SourceFacts
from travel_perks.sealing.manifest import library_versions


def write_report(
    gold: Relation,
    findings: Findings,
    *,
    perks: Perks,
    settings: Mapping[str, Any],
    path: str | Path,
) -> None:
    """Write the report, whole or not at all, for owner and group to read.

    `settings` are the result settings that it may name.
    """
    facts = gather_facts(gold.order("user_id").df(), findings, perks=perks, settings=settings)
    with whole(path, mode=PRIVATE_FILE) as partial:
        partial.write_bytes(build_report(facts))


def gather_facts(
    gold: pd.DataFrame, findings: Findings, *, perks: Perks, settings: Mapping[str, Any]
) -> ReportFacts:
    """Return the report's facts from the gold table, sorted by `user_id`, and the findings."""
    return ReportFacts(
        gold=gold,
        perk_names={perk.id: perk.name for perk in perks.perks},
        sources=[
            SourceFacts(
                table=counts["table"],
                sha256=receipt["received_sha256"],
                bytes=receipt["received_bytes"],
                rows_read=counts["read"],
                rows_kept=counts["kept"],
                rows_merged=counts["merged"],
                rows_rejected=counts["rejected"],
                rows_ignored=counts["ignored"],
                rejected_by_rule=counts["rejected_by_rule"],
                changed_by_rule=counts["changed_by_rule"],
            )
            for counts, receipt in zip(findings.tables, findings.receipts, strict=True)
        ],
        checks=[CheckResult(**found) for found in findings.checks],
        settings={name: str(value) for name, value in settings.items()},
        versions=library_versions(),
        cohort=CohortFacts(
            users_in_source=findings.cohort["users_in_source"],
            users_in_cohort=findings.cohort["users_in_cohort"],
            start_date=findings.cohort["start_date"],
            min_sessions=findings.cohort["min_sessions"],
        ),
    )
