"""The checks of the pipeline: the declared expectations on the profiles and the gold table."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from travel_perks.checking.expectations import CheckResult, load_suites, profile_table, validate
from travel_perks.recommending.perks import Perks
from travel_perks.running.job import LOGGER
from travel_perks.tables import TABLES


def check_sources(
    *, profiles: Sequence[Mapping[str, Any]], expectations: str, max_reject_share: float
) -> list[CheckResult]:
    """Check the profile of each table, in the order of TABLES, and log what failed."""
    suites = load_suites(expectations, TABLES)
    findings = []
    for table, profile in zip(TABLES, profiles, strict=True):
        findings += validate(
            profile_table(profile),
            suites[table],
            suite_name=table,
            parameters={"max_reject_share": max_reject_share},
        )
    log_failed(findings)
    return findings


def check_gold(
    gold: pd.DataFrame, *, expectations: str, perks: Perks, users_in_cohort: int
) -> list[CheckResult]:
    """Check the gold table, one row a user of the cohort, and log what failed."""
    suite = load_suites(expectations, ["gold"])["gold"]
    findings = validate(
        gold,
        suite,
        suite_name="gold",
        parameters={"perk_ids": perks.ids, "n_cohort": users_in_cohort},
    )
    log_failed(findings)
    return findings


def log_failed(findings: Sequence[CheckResult]) -> None:
    """Log each failed expectation: name, column, observed value and count, never a row."""
    for found in findings:
        if not found.success:
            LOGGER.error(
                "expectation failed",
                extra={
                    "suite": found.suite,
                    "expectation": found.expectation,
                    "column": found.column,
                    "expected": found.expected,
                    "observed": found.observed,
                    "rows_failed": found.rows_failed,
                },
            )
