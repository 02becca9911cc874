"""The report, page after page, and its two pages about the result: headline and clusters."""

from collections.abc import Callable, Mapping
from copy import copy

import pandas as pd
from reportlab.graphics.shapes import Drawing
from reportlab.lib.colors import HexColor
from reportlab.platypus import Flowable, KeepTogether

from travel_perks.report import words
from travel_perks.report.charts import draw_offers, draw_profile
from travel_perks.report.clusters import ClusterProfile, profile_clusters, what_marks
from travel_perks.report.facts import ReportFacts
from travel_perks.report.layout import (
    LEAD,
    TEXT_WIDTH,
    TITLE,
    data_table,
    figures,
    gap,
    heading,
    text,
    title,
)
from travel_perks.report.method import method_page
from travel_perks.report.offers import count_offers, how_sure, what_stands_out
from travel_perks.report.palette import EVIDENCE_COLOURS
from travel_perks.report.quality import quality_page

EVIDENCE_MEANING = {
    "strong": "The best perk beats the runner-up with a probability of at least 0.95.",
    "fair": "It does so with a probability of at least 0.80.",
    "weak": "It does so with a probability below 0.80.",
    "none": "No behaviour was seen that tells the perks apart.",
}


def report_story(facts: ReportFacts) -> Callable[[], list[Flowable]]:
    """Count and draw everything once; return what makes the flowables, as often as asked."""
    offers = count_offers(facts.gold, facts.perk_names)
    offer_charts = draw_offers(offers, facts.perk_names, TEXT_WIDTH)
    profile = profile_clusters(facts.gold, list(facts.perk_names))
    profile_charts = draw_profile(profile, TEXT_WIDTH)
    # A flowable remembers where it was set: each story takes fresh copies of the charts.
    return lambda: [
        *headline_page(facts, offers, list(map(copy, offer_charts))),
        *clusters_page(facts, profile, list(map(copy, profile_charts))),
        *quality_page(facts),
        *method_page(facts),
    ]


def headline_page(
    facts: ReportFacts, offers: pd.DataFrame, charts: list[Drawing]
) -> list[Flowable]:
    """Who gets which perk, and how sure that is."""
    users = int(offers["users"].sum())
    sure = int(offers["strong"].sum() + offers["fair"].sum())
    given = int((offers["users"] > 0).sum())
    return [
        text(f"{words.customers(users)} {'gets' if users == 1 else 'get'} an offer", TITLE),
        text(what_stands_out(offers, facts.perk_names), LEAD),
        gap(4),
        figures(
            [
                (
                    words.share(users, facts.cohort.users_in_source),
                    f"of the {words.count(facts.cohort.users_in_source)} users in the source "
                    "are active enough to be in the cohort",
                ),
                (f"{given} of {len(offers)}", "perks are given to at least one customer"),
                (words.share(sure, users), "of the offers have strong or fair evidence"),
            ]
        ),
        *heading("Customers per perk"),
        *charts,
        KeepTogether([gap(6), _offers_table(offers, facts.perk_names)]),
        KeepTogether(
            [*heading("How sure is this?"), text(how_sure(offers)), _evidence_table(offers)]
        ),
    ]


def clusters_page(
    facts: ReportFacts, profile: ClusterProfile, charts: list[Drawing]
) -> list[Flowable]:
    """What marks each cluster."""
    return [
        *title("What marks each cluster"),
        text(
            "Clusters group customers who behave alike. They describe; they do not decide the "
            "perk, which follows from each customer's own behaviour. A number in the chart is the "
            "cluster's mean. A colour says how far that lies from the cohort's mean, in standard "
            "deviations (sd) of the cohort."
        ),
        gap(4),
        *charts,
        gap(8),
        _clusters_table(profile, facts.perk_names),
    ]


def _offers_table(offers: pd.DataFrame, perk_names: Mapping[str, str]) -> Flowable:
    total = int(offers["users"].sum())
    rows = [
        [
            perk_names[str(perk)],
            words.count(int(counts["users"])),
            words.share(int(counts["users"]), total),
            words.share(int(counts["strong"] + counts["fair"]), int(counts["users"])),
        ]
        for perk, counts in offers.iterrows()
    ]
    header = ["Perk", "Customers", "Share", "Strong or fair evidence"]
    return data_table(header, rows, [46, 16, 14, 24], numeric=[1, 2, 3])


def _evidence_table(offers: pd.DataFrame) -> Flowable:
    total = int(offers["users"].sum())
    rows = [
        [
            "",
            words.sentence_case(evidence),
            meaning,
            words.count(int(offers[evidence].sum())),
            words.share(int(offers[evidence].sum()), total),
        ]
        for evidence, meaning in EVIDENCE_MEANING.items()
    ]
    swatches = [
        ("BACKGROUND", (0, row), (0, row), HexColor(EVIDENCE_COLOURS[evidence]))
        for row, evidence in enumerate(EVIDENCE_MEANING, start=1)
    ]
    header = ["", "Evidence", "Meaning", "Customers", "Share"]
    return data_table(header, rows, [2, 12, 56, 16, 14], numeric=[3, 4], extra=swatches)


def _clusters_table(profile: ClusterProfile, perk_names: Mapping[str, str]) -> Flowable:
    total = int(profile.sizes.sum())
    rows = []
    for place, (cluster, size) in enumerate(profile.sizes.items()):
        perk, users = profile.perks.iloc[place]
        rows.append(
            [
                str(cluster),
                words.count(int(size)),
                words.share(int(size), total),
                perk_names[perk],
                words.share(int(users), int(size)),
                what_marks(profile.distances.iloc[place]),
            ]
        )
    header = ["Cluster", "Customers", "Share", "Most frequent perk", "Its share", "What marks it"]
    return data_table(header, rows, [9, 12, 8, 21, 9, 41], numeric=[1, 2, 4])
