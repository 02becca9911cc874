"""The page about the data: rows in and out, why rows were rejected or changed, checks."""

from collections.abc import Mapping, Sequence

from reportlab.platypus import Flowable

from travel_perks.report import words
from travel_perks.report.facts import Check, ReportFacts, SourceFacts
from travel_perks.report.layout import data_table, heading, text, title


def quality_page(facts: ReportFacts) -> list[Flowable]:
    """What the sources held, what became of it, and what the checks found."""
    return [
        *title("Data quality"),
        text(
            "Every row that was read is accounted for: it was kept, merged with an equal row, "
            "rejected, or ignored because no session names its trip."
        ),
        _rows_table(facts.sources),
        *heading("Why rows were rejected"),
        _rules_table(
            {source.table: source.rejected_by_rule for source in facts.sources},
            otherwise="No row was rejected.",
        ),
        *heading("What was changed in rows that were kept"),
        _rules_table(
            {source.table: source.changed_by_rule for source in facts.sources},
            otherwise="Nothing was changed.",
        ),
        *heading("Checks"),
        *_checks(facts.checks),
    ]


def _rows_table(sources: Sequence[SourceFacts]) -> Flowable:
    rows = [
        [
            source.table,
            words.count(source.rows_read),
            words.count(source.rows_kept),
            words.count(source.rows_merged),
            words.count(source.rows_rejected),
            words.count(source.rows_ignored),
            words.share(source.rows_rejected, source.rows_read),
        ]
        for source in sources
    ]
    header = ["Table", "Rows read", "Kept", "Merged", "Rejected", "Ignored", "Rejected share"]
    return data_table(header, rows, [16, 15, 15, 12, 14, 14, 14], numeric=range(1, 7))


def _rules_table(counts: Mapping[str, Mapping[str, int]], otherwise: str) -> Flowable:
    """Rows by table and rule, the most frequent rule of a table first."""
    rows = [
        [table, words.sentence_case(words.plain(rule)), words.count(number)]
        for table, by_rule in counts.items()
        for rule, number in sorted(by_rule.items(), key=lambda item: (-item[1], item[0]))
        if number
    ]
    if not rows:
        return text(otherwise)
    return data_table(["Table", "Rule", "Rows"], rows, [16, 68, 16], numeric=[2])


def _checks(checks: Sequence[Check]) -> list[Flowable]:
    if not checks:
        return [text("No check was declared.")]
    failed = [check for check in checks if not check.success]
    verdict = (
        f"{words.count(len(failed))} of {words.count(len(checks))} checks failed."
        if failed
        else f"All {words.count(len(checks))} checks passed."
    )
    return [text(verdict), _suites_table(checks), *(_failed_table(failed) if failed else [])]


def _suites_table(checks: Sequence[Check]) -> Flowable:
    rows = []
    for suite in dict.fromkeys(check.suite for check in checks):
        results = [check.success for check in checks if check.suite == suite]
        passed = sum(results)
        rows.append(
            [words.plain(suite), *map(words.count, (len(results), passed, len(results) - passed))]
        )
    return data_table(
        ["Suite", "Checks", "Passed", "Failed"], rows, [52, 16, 16, 16], numeric=[1, 2, 3]
    )


def _failed_table(failed: Sequence[Check]) -> list[Flowable]:
    rows = [
        [
            words.plain(check.suite),
            words.plain(check.expectation),
            check.column or words.ABSENT,
            _observed(check.observed),
            words.ABSENT if check.rows_failed is None else words.count(check.rows_failed),
        ]
        for check in failed
    ]
    header = ["Suite", "Expectation", "Column", "Observed", "Rows failed"]
    return [
        *heading("Failed checks"),
        data_table(header, rows, [16, 30, 20, 22, 12], numeric=[4]),
    ]


def _observed(observed: object) -> str:
    return words.ABSENT if observed is None else words.shortened(str(observed))
