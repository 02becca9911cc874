"""The page about the making: method, settings, inputs and versions."""

from reportlab.platypus import Flowable

from travel_perks.report import words
from travel_perks.report.facts import CohortFacts, ReportFacts
from travel_perks.report.layout import CELL_MONO, data_table, heading, text, title


def method_page(facts: ReportFacts) -> list[Flowable]:
    """How the result was made, and everything needed to make it again."""
    return [
        *title("How it was made"),
        *(text(sentence) for sentence in _method(facts.cohort)),
        *heading("Settings that decide the result"),
        data_table(
            ["Setting", "Value"],
            [[name, facts.settings[name]] for name in sorted(facts.settings)],
            [30, 70],
        ),
        *heading("Inputs as received"),
        data_table(
            ["Table", "SHA-256", "Bytes"],
            [
                [source.table, text(source.sha256, CELL_MONO), words.count(source.bytes)]
                for source in facts.sources
            ],
            [20, 62, 18],
            numeric=[2],
        ),
        *heading("Versions"),
        text(", ".join(f"{name} {facts.versions[name]}" for name in sorted(facts.versions))),
    ]


def _method(cohort: CohortFacts) -> list[str]:
    return [
        f"The cohort is every user with at least {cohort.min_sessions} sessions that start on or "
        f"after {cohort.start_date} (UTC): {words.count(cohort.users_in_cohort)} of "
        f"{words.count(cohort.users_in_source)} users. Their behaviour is counted over these "
        "sessions and the trips booked in them. Age, gender, family and home country play no part.",
        "A user's affinity to a perk weighs the rates of the behaviours that speak for it. Each "
        "rate is shrunk towards the cohort's: the less was seen of the user, the more so. Rates "
        "are scaled by how much users differ in them, so that perks compare.",
        "The published perk is the one with the user's best affinity; of equals, the one that is "
        "configured first.",
        "Evidence is the probability that the user's best perk truly beats the runner-up: strong "
        "from 0.95, fair from 0.80, weak below; none when no such behaviour was seen.",
        "Clusters come from k-means on scaled affinities and features, so that no unit dominates. "
        "They describe segments and decide no perk.",
    ]
