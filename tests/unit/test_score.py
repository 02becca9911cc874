"""Scored users: the right perk more often than raw rates, bit-equal by shard, honest in words."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy.stats import beta, gamma, norm

from tests.generators import PERK_IDS, features_table, planted_cohort
from travel_perks.recommending.model import Model, fit
from travel_perks.recommending.perks import load_perks
from travel_perks.recommending.priors import Prior
from travel_perks.recommending.score import NOTHING_AGAINST, NOTHING_SEEN, score

SHIPPED = (Path(__file__).parents[2] / "config" / "perks.yaml").read_text("utf-8")
PERKS = load_perks(SHIPPED)
COLUMNS = [
    "user_id",
    "cluster",
    "perk",
    "perk_affinity",
    "runner_up_perk",
    "margin",
    "evidence",
    "reason",
    *(f"affinity_{perk}" for perk in PERK_IDS),
]

# Two perks over one behaviour each, with priors chosen by hand.
PAIR = load_perks("""
behaviours:
  - {name: cancels, family: share, of: n_cancelled_trips, out_of: n_trips,
     says: "{of} of {out_of} {out_of:trip|trips} cancelled"}
  - {name: bags, family: count, of: checked_bags, per: seats, among: flyers,
     says: "{rate:.1f} bags a seat"}
perks:
  - {id: refund, name: Refund, weights: {cancels: 1}, outcome: cancels}
  - {id: bag, name: Bag, weights: {bags: 1}, outcome: bags}
""")


def pair_model(quantiles: list[float] | None = None) -> Model:
    blank = fit(features_table([1]), PAIR, clusters=1, seed=1)
    quantiles = quantiles or [0.0] * 71 + [0.5] * 20 + [1.0] * 10
    return Model(
        priors={"cancels": Prior(0.5, 2.0, (1 / 12) ** 0.5), "bags": Prior(1.0, 1.0, 1.0)},
        quantiles={"cancels": quantiles, "bags": quantiles},
        axes=blank.axes,
        centres=blank.centres,
    )


def pair_scores(
    cancelled: int, booked: int, bags: int = 0, seats: int = 0, model: Model | None = None
) -> pd.Series:
    user = features_table(
        [1], n_cancelled_trips=[cancelled], n_trips=[booked], checked_bags=[bags], seats=[seats]
    )
    return score(user, model or pair_model(), PAIR).iloc[0]


def right(chosen: NDArray[np.int64] | pd.Series, favourite: NDArray[np.int64]) -> float:
    return float(np.mean(np.asarray(chosen) == np.array(PERK_IDS)[favourite]))


@pytest.mark.parametrize(
    ("effect", "shares"),
    [
        (1.0, (0.2, 0.2, 0.2, 0.2, 0.2)),
        (1.8, (0.2, 0.2, 0.2, 0.2, 0.2)),
        (1.0, (0.25, 0.0, 0.25, 0.25, 0.25)),
    ],
)
def test_the_planted_favourite_is_found_more_often_than_by_raw_rates(
    effect: float, shares: tuple[float, ...]
) -> None:
    cohort, favourite = planted_cohort(10_000, seed=11, effect=effect, shares=shares)
    scored = score(cohort, fit(cohort, PERKS, clusters=5, seed=1), PERKS)
    in_order = scored.set_index("user_id").loc[cohort["user_id"]]
    rates = pd.DataFrame(
        {
            perk.id: sum(
                (rate - rate.mean()) / rate.std() * perk.weights[each.name]
                for each in PERKS.behaviours
                if each.name in perk.weights
                for rate in [cohort[each.of] / cohort[each.exposure].where(lambda n: n > 0)]
            )
            for perk in PERKS.perks
        }
    ).fillna(0.0)
    majority = np.bincount(favourite).max() / len(favourite)
    assert right(in_order["perk"], favourite) > right(rates.idxmax(axis=1), favourite) + 0.005
    assert right(in_order["perk"], favourite) > 1.5 * majority


def test_stronger_evidence_is_more_often_right() -> None:
    cohort, favourite = planted_cohort(20_000, seed=12, effect=1.8)
    scored = score(cohort, fit(cohort, PERKS, clusters=5, seed=1), PERKS)
    truth = pd.Series(np.array(PERK_IDS)[favourite], index=cohort["user_id"])
    hit = scored["perk"] == truth.loc[scored["user_id"]].to_numpy()
    rates = hit.groupby(scored["evidence"]).mean()
    assert rates["none"] < rates["weak"] < rates["fair"] < rates["strong"]
    assert rates["fair"] > 0.8
    assert rates["strong"] > 0.95


def test_columns_order_and_what_they_say_of_each_other() -> None:
    cohort, _ = planted_cohort(1000, seed=13)
    scored = score(cohort, fit(cohort, PERKS, clusters=3, seed=1), PERKS)
    assert scored.columns.tolist() == COLUMNS
    assert scored["user_id"].is_monotonic_increasing
    affinity = scored[COLUMNS[8:]]
    values = affinity.to_numpy(np.float64)
    top = np.sort(values, axis=1)[:, ::-1]
    assert scored["perk_affinity"].tolist() == top[:, 0].tolist()
    assert scored["margin"].tolist() == np.round(top[:, 0] - top[:, 1], 6).tolist()
    assert (affinity.idxmax(axis=1) == "affinity_" + scored["perk"]).all()
    assert (scored["perk"] != scored["runner_up_perk"]).all()
    assert (np.round(values, 6) == values).all()
    assert scored["cluster"].dtype == np.int64


def test_a_part_of_the_users_in_any_order_gives_the_same_rows() -> None:
    cohort, _ = planted_cohort(2000, seed=14)
    model = fit(cohort, PERKS, clusters=5, seed=1)
    whole = score(cohort, model, PERKS)
    parts = [
        score(cohort[cohort["user_id"] % 3 == shard].iloc[::-1], model, PERKS) for shard in range(3)
    ]
    alone = [score(cohort.iloc[[row]], model, PERKS) for row in range(40)]
    gathered = pd.concat(parts).sort_values("user_id", ignore_index=True)
    pd.testing.assert_frame_equal(gathered, whole, check_exact=True)
    some = whole[whole["user_id"].isin(cohort["user_id"].iloc[:40])].reset_index(drop=True)
    singles = pd.concat(alone).sort_values("user_id", ignore_index=True)
    pd.testing.assert_frame_equal(singles, some, check_exact=True)


def test_an_empty_shard_has_the_same_columns() -> None:
    cohort, _ = planted_cohort(50, seed=15)
    model = fit(cohort, PERKS, clusters=2, seed=1)
    empty, whole = score(cohort.iloc[:0], model, PERKS), score(cohort, model, PERKS)
    assert len(empty) == 0
    assert empty.dtypes.to_dict() == whole.dtypes.to_dict()


def test_a_tie_goes_to_the_first_in_the_file() -> None:
    assert pair_scores(0, 0)["perk"] == "refund"
    turned = PAIR.model_copy(update={"perks": PAIR.perks[::-1]})
    blank = features_table([1])
    assert score(blank, fit(blank, turned, clusters=1, seed=1), turned)["perk"].tolist() == ["bag"]


def test_a_sixth_perk_needs_no_code() -> None:
    perks = load_perks(
        f"{SHIPPED}  - {{id: suite, name: Suite, weights: {{nights_per_trip: 1, "
        "bags_per_seat: -1}, outcome: nights_per_trip}\n"
    )
    cohort, _ = planted_cohort(2000, seed=16)
    scored = score(cohort, fit(cohort, perks, clusters=3, seed=1), perks)
    assert scored.columns[-1] == "affinity_suite"
    assert (scored["perk"] == "suite").sum() > 50


def test_evidence_is_the_probability_of_beating_the_runner_up() -> None:
    """Against the conjugate posteriors: Beta(1 + k, 1 + n - k) and gamma(1 + bags, 1 + seats)."""
    cancelled, booked, bags, seats = np.meshgrid([0, 1, 4, 9], [9, 30], [0, 1, 3, 8], [1, 2, 6, 20])
    users = features_table(
        list(range(cancelled.size)),
        n_cancelled_trips=cancelled.ravel(),
        n_trips=booked.ravel(),
        checked_bags=bags.ravel(),
        seats=seats.ravel(),
    )
    k, n, b, s = (users[each] for each in ("n_cancelled_trips", "n_trips", "checked_bags", "seats"))
    share, rate = beta(1 + k, 1 + n - k), gamma(1 + b, scale=1 / (1 + s))
    gap = np.abs((share.mean() - 0.5) * 12**0.5 - (rate.mean() - 1))
    probability = norm.cdf(gap / np.sqrt(share.var() * 12 + rate.var()))
    expected = np.where(probability >= 0.95, "strong", np.where(probability >= 0.8, "fair", "weak"))
    assert set(expected) == {"strong", "fair", "weak"}
    assert score(users, pair_model(), PAIR)["evidence"].tolist() == expected.tolist()


def test_perks_of_the_same_behaviours_never_beat_each_other() -> None:
    twins = PAIR.model_copy(
        update={"perks": (PAIR.perks[0], PAIR.perks[0].model_copy(update={"id": "twin"}))}
    )
    user = features_table([1], n_cancelled_trips=[30], n_trips=[30])
    scored = score(user, fit(user, twins, clusters=1, seed=1), twins).iloc[0]
    assert (scored["perk"], scored["runner_up_perk"]) == ("refund", "twin")
    assert (scored["margin"], scored["evidence"]) == (0.0, "weak")


EVEN = [step / 100 for step in range(101)]
MOSTLY_ALL = [0.0] * 10 + [1.0] * 91


@pytest.mark.parametrize(
    ("numbers", "quantiles", "perk", "expected"),
    [
        ((2, 2, 0, 1), None, "refund", "2 of 2 trips cancelled, more than 90% of users"),
        ((1, 1, 0, 1), None, "refund", "1 of 1 trip cancelled, more than 90% of users"),
        ((0, 1, 3, 2), None, "bag", "1.5 bags a seat, more than 99% of flyers"),
        ((0, 1, 0, 5), None, "refund", "closest fit: 0 of 1 trip cancelled, like most users"),
        ((5, 9, 0, 1), EVEN, "refund", "5 of 9 trips cancelled, more than 55% of users"),
        (
            (2, 4, 0, 1),
            EVEN,
            "refund",
            "closest fit: 2 of 4 trips cancelled, about average for users",
        ),
        ((3, 5, 0, 1), MOSTLY_ALL, "refund", "3 of 5 trips cancelled, less than 90% of users"),
        ((0, 3, 0, 0), None, "bag", NOTHING_AGAINST),
        ((0, 0, 0, 0), None, "refund", NOTHING_SEEN),
    ],
)
def test_reasons(
    numbers: tuple[int, int, int, int], quantiles: list[float] | None, perk: str, expected: str
) -> None:
    user = pair_scores(*numbers, model=pair_model(quantiles))
    assert (user["perk"], user["reason"]) == (perk, expected)


def test_nothing_seen_is_no_evidence() -> None:
    assert pair_scores(0, 0)["evidence"] == "none"
    assert pair_scores(0, 1)["evidence"] == "weak"


def test_the_reason_is_the_loudest_of_the_behaviours_that_were_seen() -> None:
    both = load_perks("""
behaviours:
  - {name: cancels, family: share, of: n_cancelled_trips, out_of: n_trips, says: "{of} cancelled"}
  - {name: bags, family: count, of: checked_bags, per: seats, says: "{of} bags"}
  - {name: weekends, family: share, of: n_weekend_trips, out_of: n_timed_trips, says: "{of} ends"}
perks:
  - {id: both, name: Both, weights: {cancels: 1, bags: -1, weekends: 0}, outcome: cancels}
  - {id: weekend, name: Weekend, weights: {weekends: 1}, outcome: weekends}
""")
    cohort = features_table(
        [1, 2, 3, 4, 5],
        n_cancelled_trips=[4, 0, 1, 0, 0],
        n_trips=[4, 0, 4, 0, 0],
        checked_bags=[9, 0, 60, 24, 24],
        seats=[9, 9, 9, 9, 9],
        n_weekend_trips=[0, 0, 0, 0, 9],
        n_timed_trips=[0, 0, 0, 9, 9],
    )
    reasons = score(cohort, fit(cohort, both, clusters=1, seed=1), both)["reason"].tolist()
    assert reasons[0].startswith("4 cancelled, more than ")
    assert reasons[1].startswith("0 bags, "), "its trips were never seen"
    assert reasons[3].startswith("closest fit: 24 bags, "), "a weight of 0 says nothing"
    assert reasons[4].startswith("9 ends, ")
    assert reasons[2] == NOTHING_AGAINST, "for weekends, of which nothing is known"


def test_reasons_claim_no_more_than_is_so() -> None:
    cohort, _ = planted_cohort(5000, seed=17)
    scored = score(cohort, fit(cohort, PERKS, clusters=2, seed=1), PERKS)
    cohort = cohort.sort_values("user_id", ignore_index=True)
    rates = cohort["checked_bags"] / cohort["seats"].where(cohort["seats"] > 0)
    claims = scored["reason"].str.extract(r"checked bags a seat flown, more than (\d+)% of flyers")[
        0
    ]
    claimed = claims.dropna().astype(int)
    below = [(rates.dropna() < rate).mean() for rate in rates[claimed.index]]
    assert len(claimed) > 500
    assert (np.array(below) >= claimed.to_numpy() / 100).all()
    assert (np.array(below) <= claimed.to_numpy() / 100 + 0.011).all()


def test_reasons_are_one_safe_line() -> None:
    cohort, _ = planted_cohort(3000, seed=18)
    reasons = score(cohort, fit(cohort, PERKS, clusters=2, seed=1), PERKS)["reason"]
    assert reasons.str.match(r"^[a-z0-9][^\n\r\t\"]*$").all()
    assert not reasons.str.contains(r"\b1 (?:trips|bookings)\b|nan|None").any()
