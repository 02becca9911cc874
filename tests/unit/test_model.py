"""The fitted model: the same bits whatever the order, whole on any cohort, clusters in order."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_limits

from tests.generators import features_table, planted_cohort
from travel_perks.recommending.model import (
    CLUSTER_FEATURES,
    Model,
    affinities,
    coordinates,
    fit,
    nearest,
    sample_rows,
)
from travel_perks.recommending.perks import load_perks
from travel_perks.recommending.score import score

SHIPPED = (Path(__file__).parents[2] / "config" / "perks.yaml").read_text("utf-8")
PERKS = load_perks(SHIPPED)


def test_json_round_trip_is_exact() -> None:
    model = fit(planted_cohort(500, seed=1)[0], PERKS, clusters=4, seed=1)
    assert Model.from_json(model.to_json()) == model
    assert Model.from_json(model.to_json()).to_json() == model.to_json()


def test_row_order_changes_no_bit() -> None:
    cohort, _ = planted_cohort(3000, seed=2)
    shuffled = cohort.sample(frac=1, random_state=7)
    texts = [
        fit(rows, PERKS, clusters=5, seed=1, sample_users=1000).to_json()
        for rows in (cohort, shuffled)
    ]
    assert texts[0] == texts[1]


def test_threads_change_no_bit() -> None:
    cohort, _ = planted_cohort(5000, seed=3)
    texts = set()
    for threads in (1, 2, 5):
        with threadpool_limits(threads):
            texts.add(fit(cohort, PERKS, clusters=5, seed=1).to_json())
    assert len(texts) == 1


def test_the_sample_is_fair_and_independent_of_order() -> None:
    ids = np.arange(-500, 19_500)
    drawn = ids[sample_rows(ids, 1, 5000)]
    assert len(set(drawn)) == 5000
    assert set(ids[::-1][sample_rows(ids[::-1].copy(), 1, 5000)]) == set(drawn)
    assert set(ids[sample_rows(ids, 1, 4000)]) < set(drawn)
    again = ids[sample_rows(ids, 2, 5000)]
    # A quarter of a quarter falls to both seeds, and a quarter to each part of the ids.
    assert len(set(drawn) & set(again)) == pytest.approx(1250, abs=150)
    for part in (drawn < 9500, drawn % 2 == 0):
        assert part.sum() == pytest.approx(2500, abs=150)
    assert sample_rows(ids, 1, 10**6).tolist() == list(range(20_000))


def test_the_seed_draws_the_sample() -> None:
    cohort, _ = planted_cohort(2000, seed=4)
    first, again, other = (
        fit(cohort, PERKS, clusters=3, seed=seed, sample_users=300) for seed in (1, 1, 2)
    )
    assert first == again
    assert first.centres != other.centres
    assert first.priors == other.priors, "priors are fitted on the whole cohort"


def test_clusters_are_numbered_by_size() -> None:
    cohort, _ = planted_cohort(3000, seed=5)
    model = fit(cohort, PERKS, clusters=6, seed=1)
    sizes = score(cohort, model, PERKS)["cluster"].value_counts().sort_index()
    assert sizes.index.tolist() == [1, 2, 3, 4, 5, 6]
    assert all(larger >= smaller for larger, smaller in pairwise(sizes))


def test_equal_users_share_a_cluster_and_make_no_other() -> None:
    cohort = features_table([1, 2, 3, 4], n_bookings=[1, 1, 1, 3], n_offer_bookings=[0, 0, 0, 3])
    model = fit(cohort, PERKS, clusters=5, seed=1)
    assert score(cohort, model, PERKS)["cluster"].tolist() == [1, 1, 1, 2]


@pytest.mark.parametrize("spend", [1e12, np.inf])
def test_an_outlier_decides_no_cluster(spend: float) -> None:
    cohort, _ = planted_cohort(2000, seed=6)
    cohort["hotel_spend_usd"] = np.random.default_rng(1).lognormal(6, 1, 2000)
    before = fit(cohort, PERKS, clusters=4, seed=1)
    cohort.loc[10, "hotel_spend_usd"] = spend
    after = fit(cohort, PERKS, clusters=4, seed=1)
    assert after.axes["hotel_spend_usd"].spread == pytest.approx(
        before.axes["hotel_spend_usd"].spread, rel=0.05
    )


def test_no_unit_dominates_and_the_unknown_is_average() -> None:
    cohort, _ = planted_cohort(1000, seed=7)
    model = fit(cohort, PERKS, clusters=3, seed=1)
    in_metres = cohort.assign(mean_distance_km=cohort["mean_distance_km"] * 1000)
    assert np.allclose(fit(in_metres, PERKS, clusters=3, seed=1).centres, model.centres, atol=1e-6)
    inputs = pd.DataFrame({name: [np.nan, -1e9, 1e9] for name in CLUSTER_FEATURES})
    axes = {name: model.axes[name] for name in CLUSTER_FEATURES}
    assert coordinates(inputs, axes)[:, 0].tolist() == [0.0, -3.0, 3.0]


def test_nearest_takes_the_first_of_equals() -> None:
    points = np.array([[0.0, 0.0], [2.0, 0.1], [-3.0, 0.0]])
    assert nearest(points, [[1.0, 0.0], [-1.0, 0.0]]).tolist() == [0, 0, 1]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "cohort",
    [
        pytest.param(features_table([1], n_bookings=[2], n_trips=[2]), id="one user"),
        pytest.param(features_table([1]), id="one user who did nothing"),
        pytest.param(features_table([3, 1, 2]), id="no trips at all"),
        pytest.param(
            features_table([1, 2, 3], n_trips=[2, 2, 2], n_cancelled_trips=[1, 1, 1]),
            id="no variance",
        ),
        pytest.param(
            features_table([1, 2], checked_bags=[10**15, 1], seats=[1, 10**15]), id="huge counts"
        ),
    ],
)
def test_a_poor_cohort_is_fitted_and_scored(cohort: pd.DataFrame) -> None:
    model = fit(cohort, PERKS, clusters=5, seed=1)
    scored = score(cohort, Model.from_json(model.to_json()), PERKS)
    assert len(scored) == len(cohort)
    assert scored.notna().all(axis=None)
    assert np.isfinite(scored.select_dtypes("number").to_numpy()).all()


def test_only_the_proportions_of_weights_count_and_an_edited_one_does() -> None:
    cohort, _ = planted_cohort(500, seed=8)
    priors = fit(cohort, PERKS, clusters=2, seed=1).priors

    def meal(weights: str) -> pd.Series:
        old = "{hotel_only_rate: 1, nights_per_trip: 1}"
        assert old in SHIPPED
        perks = load_perks(SHIPPED.replace(old, weights))
        return affinities(cohort, perks, priors)["free_hotel_meal"]

    shipped = meal("{hotel_only_rate: 1, nights_per_trip: 1}")
    assert np.allclose(meal("{hotel_only_rate: 4, nights_per_trip: 4}"), shipped, atol=1e-6)
    assert (meal("{hotel_only_rate: 1, nights_per_trip: 3}") - shipped).abs().max() > 0.1
    assert np.allclose(meal("{hotel_only_rate: -1, nights_per_trip: -1}"), -shipped, atol=1e-6)
