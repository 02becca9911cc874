"""The PDF report for the head of marketing: facts in, bytes out."""

from travel_perks.report.facts import Check, CohortFacts, ReportFacts, SourceFacts
from travel_perks.report.layout import render_pdf
from travel_perks.report.pages import report_story

__all__ = ["Check", "CohortFacts", "ReportFacts", "SourceFacts", "build_report"]


def build_report(facts: ReportFacts) -> bytes:
    """Return the report as a PDF of four or more A4 pages.

    A pure function: equal facts give equal bytes, whatever the day, the folder, the
    machine's locale and the hash seed. Every font is embedded and every chart is vector.
    Needs one pass over `facts.gold`; no file is written.
    """
    return render_pdf(report_story(facts))
