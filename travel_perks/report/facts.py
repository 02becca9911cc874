"""What the report is told: plain, counted values, with nothing about the run or the machine."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import pandas as pd

# From no behaviour seen to a best perk that almost surely beats the runner-up.
EVIDENCE = ("none", "weak", "fair", "strong")


class Check(Protocol):
    """The result of one expectation, as far as the report shows it."""

    @property
    def suite(self) -> str:
        """The suite that declares the expectation."""

    @property
    def expectation(self) -> str:
        """The expectation's name."""

    @property
    def column(self) -> str | None:
        """The column it looks at; none for a whole table."""

    @property
    def success(self) -> bool:
        """Whether the data met it."""

    @property
    def observed(self) -> object:
        """What was found instead, when known."""

    @property
    def rows_failed(self) -> int | None:
        """How many rows failed it, when it is about rows."""


@dataclass(frozen=True)
class SourceFacts:
    """One source table: the file as received, and what became of its rows.

    Raises `ValueError` when the rows do not add up: read = kept + merged + rejected + ignored.
    """

    table: str
    sha256: str
    bytes: int
    rows_read: int
    rows_kept: int
    rows_merged: int
    rows_rejected: int
    rows_ignored: int
    rejected_by_rule: Mapping[str, int]
    changed_by_rule: Mapping[str, int]

    def __post_init__(self) -> None:
        """Refuse counts that lose or invent rows."""
        found = self.rows_kept + self.rows_merged + self.rows_rejected + self.rows_ignored
        if found != self.rows_read:
            raise ValueError(
                f"{self.table}: {self.rows_read} rows were read, but {found} are accounted for"
            )


@dataclass(frozen=True)
class CohortFacts:
    """Who is in the cohort: `min_sessions` or more sessions on or after `start_date`."""

    users_in_source: int
    users_in_cohort: int
    start_date: str
    min_sessions: int


@dataclass(frozen=True, eq=False)
class ReportFacts:
    """Everything that the report shows.

    `gold` has one row a cohort user: user_id, the features, cluster, perk, perk_affinity,
    runner_up_perk, margin, evidence (one of `EVIDENCE`) and reason. `perk_names` maps a perk's
    id to its name, in the configured order. `settings` are the result settings as text; they
    must name no path and no URL, since the report is the same wherever its inputs came from.

    Raises `ValueError` when the parts contradict each other.
    """

    gold: pd.DataFrame
    perk_names: Mapping[str, str]
    sources: Sequence[SourceFacts]
    checks: Sequence[Check]
    settings: Mapping[str, str]
    versions: Mapping[str, str]
    cohort: CohortFacts

    def __post_init__(self) -> None:
        """Refuse facts that would make the report contradict itself or the gold table."""
        if len(self.gold) != self.cohort.users_in_cohort:
            raise ValueError(
                f"the gold table has {len(self.gold)} users, "
                f"the cohort {self.cohort.users_in_cohort}"
            )
        _refuse_unknown(self.gold["perk"], self.perk_names, "perk")
        _refuse_unknown(self.gold["evidence"], EVIDENCE, "evidence")


def _refuse_unknown(found: pd.Series, known: Mapping[str, str] | Sequence[str], what: str) -> None:
    unknown = sorted(str(value) for value in found.unique() if value not in known)
    if unknown:
        raise ValueError(f"the gold table has an unknown {what}: {', '.join(unknown)}")
