"""The report PDF: its numbers are those of the facts, its bytes depend on nothing else."""

import io
import itertools
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import pypdfium2
import pytest
from pypdf import PdfReader
from pypdf.generic import StreamObject
from reportlab.pdfbase.pdfmetrics import stringWidth

from travel_perks.checking.expectations import CheckResult
from travel_perks.recommending.features import FEATURES
from travel_perks.report import CohortFacts, ReportFacts, SourceFacts, build_report, words
from travel_perks.report.charts import BAR_LABEL_WIDTH, MOST_LABEL_LINES, label_lines
from travel_perks.report.clusters import SHOWN_FEATURES, profile_clusters, what_marks
from travel_perks.report.facts import EVIDENCE
from travel_perks.report.fonts import REGULAR
from travel_perks.report.offers import count_offers, how_sure, what_stands_out
from travel_perks.report.pages import EVIDENCE_MEANING
from travel_perks.report.sheet import TEXT_SIZE

ROOT = Path(__file__).resolve().parents[2]
PERKS = {
    "free_checked_bag": "Free checked bag",
    "no_cancellation_fees": "No cancellation fees",
    "exclusive_discounts": "Exclusive discounts",
    "one_night_free_hotel_with_flight": "One night free hotel with flight",
    "free_hotel_meal": "Free hotel meal",
}
LONG_PERKS = PERKS | {
    f"perk_{number}": f"Perk {number}: lounge <access> & fast track for two on every return flight"
    for number in range(6, 11)
}
SOURCES = (
    SourceFacts(
        table="users",
        sha256="0123456789abcdef" * 4,
        bytes=98_765_432,
        rows_read=1_020_926,
        rows_kept=1_020_000,
        rows_merged=526,
        rows_rejected=400,
        rows_ignored=0,
        rejected_by_rule={"required_empty": 299, "conflicting_key": 101},
        changed_by_rule={"unreadable_birthdate": 7_654},
    ),
    SourceFacts(
        table="hotels",
        sha256="fedcba9876543210" * 4,
        bytes=1_234,
        rows_read=50,
        rows_kept=44,
        rows_merged=0,
        rows_rejected=0,
        rows_ignored=6,
        rejected_by_rule={},
        changed_by_rule={},
    ),
)


def make_gold(users: int = 200, clusters: int = 4, perks: dict[str, str] = PERKS) -> pd.DataFrame:
    """A gold table with every perk, cluster and kind of evidence, and some empty rates."""
    draw = np.random.default_rng(7)
    gold = pd.DataFrame({"user_id": np.arange(1, users + 1)})
    for name in FEATURES:
        gold[name] = np.round(draw.gamma(2.0, 2.0, users), 3)
    gold.loc[gold.index % 5 == 4, ["mean_nights", "bundle_rate"]] = np.nan
    gold["cluster"] = gold.index % clusters + 1
    gold["perk"] = draw.choice(list(perks), users)
    gold["perk_affinity"] = 1.25
    gold["runner_up_perk"] = next(iter(perks))
    gold["margin"] = 0.5
    gold["evidence"] = draw.choice(list(EVIDENCE), users, p=[0.1, 0.5, 0.25, 0.15])
    gold["reason"] = "more than 80% of users"
    return gold


def make_check(**changes: Any) -> CheckResult:
    passed = CheckResult(
        suite="gold",
        expectation="n_trips between 0 and 400",
        column="n_trips",
        success=True,
        expected="between 0 and 400",
        observed=None,
        rows_failed=0,
    )
    return replace(passed, **changes)


def make_facts(gold: pd.DataFrame | None = None, **changes: Any) -> ReportFacts:
    gold = make_gold() if gold is None else gold
    facts: dict[str, Any] = {
        "gold": gold,
        "perk_names": PERKS,
        "sources": SOURCES,
        "checks": [make_check(), make_check(), make_check(suite="users", column="birthdate")],
        "settings": {"seed": "20230104", "clusters": "4", "max_reject_share": "0.01"},
        "versions": {"travel_perks": "0.1.0", "reportlab": "5.1.0"},
        "cohort": CohortFacts(1_020_000, len(gold), "2023-01-04", 7),
    }
    return ReportFacts(**facts | changes)


def pages_of(pdf: bytes) -> list[str]:
    """The text of each page, every run of white space as one space."""
    reader = PdfReader(io.BytesIO(pdf))
    return [re.sub(r"\s+", " ", page.extract_text()) for page in reader.pages]


def text_of(pdf: bytes) -> str:
    return " ".join(pages_of(pdf))


@pytest.fixture(scope="module")
def report() -> bytes:
    return build_report(make_facts())


# What it says


def test_headline_numbers_are_those_of_the_gold_table(report: bytes) -> None:
    gold, page = make_gold(), pages_of(report)[0]
    assert "200 customers get an offer" in page
    for perk, name in PERKS.items():
        given = gold[gold["perk"] == perk]
        sure = given["evidence"].isin(["fair", "strong"]).mean()
        share = len(given) / len(gold)
        assert f"{name} {len(given)} {share:.1%} {sure:.1%}" in page
        assert f"{len(given)} ({share:.1%})" in page
    for evidence in EVIDENCE:
        number = int((gold["evidence"] == evidence).sum())
        meaning = EVIDENCE_MEANING[evidence]
        row = f"{evidence.capitalize()} {meaning} {number} {number / len(gold):.1%}"
        assert row in page


def test_cluster_numbers_are_those_of_the_gold_table(report: bytes) -> None:
    gold, page = make_gold(), pages_of(report)[1]
    for cluster, members in gold.groupby("cluster"):
        counts = members["perk"].value_counts().reindex(list(PERKS))
        top = f"{PERKS[str(counts.idxmax())]} {counts.max() / len(members):.1%}"
        assert f"{cluster} {len(members)} {len(members) / len(gold):.1%} {top}" in page
        assert words.measure(float(members["mean_nights"].mean())) in page
        assert words.percent(float(members["bundle_rate"].mean())) in page
    assert "They describe; they do not decide the perk" in page


def test_data_page_accounts_for_every_row(report: bytes) -> None:
    page = pages_of(report)[2]
    assert "users 1,020,926 1,020,000 526 400 0 <0.1%" in page
    assert "hotels 50 44 0 0 6 0.0%" in page
    assert "users Required empty 299 users Conflicting key 101" in page
    assert "users Unreadable birthdate 7,654" in page
    assert "All 3 checks passed." in page
    assert "gold 2 2 0 users 1 1 0" in page


def test_last_page_tells_how_to_make_it_again(report: bytes) -> None:
    page = pages_of(report)[-1]
    assert "at least 7 sessions that start on or after 2023-01-04" in page
    assert "clusters 4 max_reject_share 0.01 seed 20230104" in page
    assert "reportlab 5.1.0, travel_perks 0.1.0" in page
    for source in SOURCES:
        assert f"{source.table} {source.sha256} {source.bytes:,}" in page


def test_pages_are_numbered(report: bytes) -> None:
    pages = pages_of(report)
    assert len(pages) == 4
    for number, page in enumerate(pages, start=1):
        assert f"Page {number} of 4" in page


def test_failed_checks_are_listed() -> None:
    failed = make_check(
        column="hotel_spend_usd", success=False, observed="-3.5 to 900", rows_failed=12_345
    )
    whole = make_check(suite="users", column=None, success=False, observed="0 rows", rows_failed=1)
    text = text_of(build_report(make_facts(checks=[make_check(), failed, whole])))
    assert "2 of 3 checks failed." in text
    assert "gold 2 1 1 users 1 0 1" in text
    assert "hotel_spend_usd -3.5 to 900 12,345" in text


def test_what_stands_out_names_most_least_and_nobody() -> None:
    gold = pd.DataFrame({"perk": list("aaabbcc"), "evidence": ["weak"] * 7})
    names = {"a": "Bag", "b": "Meal", "c": "Night", "d": "Lounge"}
    assert what_stands_out(count_offers(gold, names), names) == (
        "Bag is given most often, to 3 customers (42.9%). "
        "Meal and Night are given least often, to 2 customers (28.6%) each. "
        "Nobody gets Lounge."
    )


def test_how_sure_owns_up_to_guesses() -> None:
    gold = pd.DataFrame(
        {"perk": ["a"] * 10, "evidence": ["none"] * 2 + ["weak"] * 5 + ["fair"] * 2 + ["strong"]}
    )
    said = how_sure(count_offers(gold, {"a": "Bag"}))
    assert "strong for 1 customer (10.0%) and fair for 2 customers (20.0%)" in said
    assert "For 7 customers (70.0%) the perk is a best guess" in said
    assert "2 customers showed no behaviour" in said


def test_a_cluster_is_told_by_its_distance_in_standard_deviations() -> None:
    gold = make_gold(users=4, clusters=2)
    for feature in SHOWN_FEATURES:
        gold[feature.name] = 3.0
    gold["mean_nights"] = [2.0, 6.0, 4.0, np.nan]  # mean 4, standard deviation (8 / 3) ** 0.5
    gold["hotel_spend_usd"] = [0.0, 8.0, 0.0, 8.0]
    profile = profile_clusters(gold, list(PERKS))
    first, second = (profile.distances.iloc[place] for place in range(2))
    assert first["mean_nights"] == pytest.approx(-1 / (8 / 3) ** 0.5)
    assert first["n_sessions"] == 0
    assert what_marks(second) == (
        "Longer stays (+1.2\N{NO-BREAK SPACE}sd) and higher hotel spend (+1.0\N{NO-BREAK SPACE}sd)."
    )
    assert what_marks(first * 0.1) == "Much like the cohort as a whole."


@pytest.mark.parametrize(
    ("part", "whole", "said"),
    [
        (0, 9, "0.0%"),
        (1, 1_020_926, "<0.1%"),
        (1_020_925, 1_020_926, ">99.9%"),
        (9, 9, "100.0%"),
        (1, 3, "33.3%"),
        (0, 0, words.ABSENT),
    ],
)
def test_a_share_never_rounds_to_nothing_or_all(part: int, whole: int, said: str) -> None:
    assert words.share(part, whole) == said


def test_evidence_is_told_with_the_thresholds_that_decide_it() -> None:
    from travel_perks.recommending.score import FAIR, STRONG

    assert f"at least {STRONG:.2f}" in EVIDENCE_MEANING["strong"]
    assert f"at least {FAIR:.2f}" in EVIDENCE_MEANING["fair"]
    page = pages_of(build_report(make_facts()))[-1]
    assert f"strong from {STRONG:.2f}, fair from {FAIR:.2f}" in page


def test_every_shown_feature_is_published() -> None:
    assert {feature.name for feature in SHOWN_FEATURES} <= set(FEATURES)


# How it is made


def fonts_of(pdf: bytes) -> Iterator[dict[str, Any]]:
    for page in PdfReader(io.BytesIO(pdf)).pages:
        for font in page["/Resources"]["/Font"].values():  # type: ignore[index]
            yield font.get_object()


def test_every_font_is_embedded(report: bytes) -> None:
    names = set()
    for font in fonts_of(report):
        names.add(str(font["/BaseFont"]).split("+")[-1])
        assert "/FontFile2" in font["/FontDescriptor"]
    assert names == {"DejaVuSans", "DejaVuSans-Bold", "DejaVuSansMono"}


def test_charts_are_vector(report: bytes) -> None:
    assert not any(page.images for page in PdfReader(io.BytesIO(report)).pages)


def test_nothing_tells_of_the_machine_or_the_day(report: bytes) -> None:
    text = text_of(report)
    assert set(re.findall(r"\d{4}-\d\d-\d\d", text)) == {"2023-01-04"}
    assert not re.search(r"(^|\s)(~?/\w|[A-Z]:\\|\w+://)", text)
    reader = PdfReader(io.BytesIO(report))
    assert reader.metadata is not None
    assert reader.metadata.creation_date is not None
    assert reader.metadata.creation_date.year == 2000
    objects = [reader.get_object(number) for number in range(1, len(reader.xref[0]) + 1)]
    streams = [each.get_data() for each in objects if isinstance(each, StreamObject)]
    assert streams
    whole = report + b"".join(streams)
    for place in (str(ROOT), mpl.get_data_path(), str(Path.home())):
        assert place.encode() not in whole


def test_equal_facts_make_equal_bytes(report: bytes) -> None:
    reordered = make_facts(
        settings=dict(reversed(list(make_facts().settings.items()))),
        sources=[
            replace(each, rejected_by_rule=dict(reversed(list(each.rejected_by_rule.items()))))
            for each in SOURCES
        ],
    )
    assert build_report(reordered) == report


@pytest.mark.parametrize(
    "environment",
    [
        {"PYTHONHASHSEED": "1", "TZ": "Asia/Tokyo", "LC_ALL": "C"},
        {"PYTHONHASHSEED": "77", "TZ": "America/New_York", "LC_ALL": "de_DE.UTF-8"},
    ],
)
def test_no_environment_has_a_say(
    report: bytes, tmp_path: Path, environment: dict[str, str]
) -> None:
    (tmp_path / "matplotlibrc").write_text("svg.fonttype: path\nsavefig.bbox: tight\n")
    program = (
        "import sys; from tests.unit.test_report import build_report, make_facts; "
        "sys.stdout.buffer.write(build_report(make_facts()))"
    )
    made = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=os.environ | environment | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        check=True,
    )
    assert made.stdout == report


# Whatever the facts


def many_rules() -> ReportFacts:
    rules = {f"rule_number_{number}_of_a_long_list": number for number in range(1, 31)}
    rejected = sum(rules.values())
    source = replace(
        SOURCES[0],
        rows_kept=SOURCES[0].rows_read - rejected,
        rows_merged=0,
        rows_rejected=rejected,
        rejected_by_rule=rules,
        changed_by_rule=rules,
    )
    failed = make_check(success=False, observed="long " * 100, rows_failed=1_020_926)
    return make_facts(sources=[source] * 4, checks=[failed] * 20)


def nothing_to_tell() -> ReportFacts:
    return make_facts(sources=[SOURCES[1]], checks=[], settings={})


def no_features() -> ReportFacts:
    gold = make_gold()
    gold[list(FEATURES)] = np.nan
    return make_facts(gold)


def everybody_in_the_largest_export() -> ReportFacts:
    gold = make_gold().sample(1_020_926, replace=True, random_state=1, ignore_index=True)
    return make_facts(gold, cohort=CohortFacts(1_020_926, 1_020_926, "2023-01-04", 7))


CASES = {
    "usual": make_facts,
    "one user": lambda: make_facts(make_gold(users=1, clusters=1)),
    "one cluster": lambda: make_facts(make_gold(clusters=1)),
    "45 clusters": lambda: make_facts(make_gold(clusters=45)),
    "unused perk": lambda: make_facts(perk_names=PERKS | {"lounge": "Lounge"}),
    "one perk": lambda: make_facts(make_gold(perks={"a": "Bag"}), perk_names={"a": "Bag"}),
    "long names": lambda: make_facts(make_gold(perks=LONG_PERKS), perk_names=LONG_PERKS),
    "no features": no_features,
    "many rules": many_rules,
    "nothing to tell": nothing_to_tell,
    "largest export": everybody_in_the_largest_export,
}


@pytest.mark.parametrize("case", CASES)
def test_text_stays_on_the_page_and_apart(case: str) -> None:
    document = pypdfium2.PdfDocument(build_report(CASES[case]()))
    assert len(document) >= 4
    for page in document:
        text = page.get_textpage()
        places = [text.get_rect(number) for number in range(text.count_rects())]
        width, height = page.get_size()
        for left, bottom, right, top in places:
            assert 50 <= left <= right <= width - 50
            assert 30 <= bottom <= top <= height - 40
        for one, other in itertools.combinations(places, 2):
            across = min(one[2], other[2]) - max(one[0], other[0])
            upright = min(one[3], other[3]) - max(one[1], other[1])
            assert across < 1 or upright < 1, text.get_text_bounded(*one)


@pytest.mark.parametrize(
    "name", ["FREE CHECKED BAG WITH WOW", "W" * 90, "a perk for travellers " * 20, *PERKS.values()]
)
def test_a_label_stays_beside_its_bar(name: str) -> None:
    lines = label_lines(name)
    assert 1 <= len(lines) <= MOST_LABEL_LINES
    assert max(stringWidth(line, REGULAR, TEXT_SIZE) for line in lines) <= BAR_LABEL_WIDTH


def test_large_counts_have_thousands_separators() -> None:
    page = pages_of(build_report(everybody_in_the_largest_export()))[0]
    assert "1,020,926 customers get an offer" in page


def test_an_unused_perk_is_shown_with_nobody() -> None:
    page = pages_of(build_report(CASES["unused perk"]()))[0]
    assert f"Lounge 0 0.0% {words.ABSENT}" in page
    assert "Nobody gets Lounge." in page


def test_a_name_is_text_and_no_markup() -> None:
    names = PERKS | {"free_hotel_meal": "<b>Meal</b> & $1 off $2"}
    page = pages_of(build_report(make_facts(perk_names=names)))[0]
    assert page.count("<b>Meal</b> & $1 off $2") >= 2


def test_no_rejected_row_is_said_in_words() -> None:
    text = text_of(build_report(nothing_to_tell()))
    assert "No row was rejected." in text
    assert "Nothing was changed." in text
    assert "No check was declared." in text


def test_facts_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(ValueError, match="users: 1020926 rows were read, but 1020925"):
        replace(SOURCES[0], rows_merged=525)
    with pytest.raises(ValueError, match="200 users, the cohort 199"):
        make_facts(cohort=CohortFacts(500, 199, "2023-01-04", 7))
    with pytest.raises(ValueError, match="unknown perk: free_hotel_meal"):
        make_facts(perk_names={perk: PERKS[perk] for perk in list(PERKS)[:-1]})
    with pytest.raises(ValueError, match="unknown evidence: certain"):
        make_facts(make_gold().assign(evidence="certain"))
