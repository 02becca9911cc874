"""What the stages find out beside the gold table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Findings:
    """Counts, receipts, check results and cohort of a run, as JSON values.

    `tables` (counts) and `receipts` are in the order of TABLES; `checks` are the results of
    the expectations.
    """

    tables: Sequence[Mapping[str, Any]]
    receipts: Sequence[Mapping[str, Any]]
    checks: Sequence[Mapping[str, Any]]
    cohort: Mapping[str, Any]
