"""Priors: recovered where users differ, flat where they do not, and what they make of a rate."""

import math

import numpy as np
import pandas as pd
import pytest

from tests.generators import features_table
from travel_perks.errors import ConfigurationError
from travel_perks.recommending.perks import Count, Share
from travel_perks.recommending.priors import STRONGEST, Prior, fit_prior, standardise

CANCELS = Share(
    name="cancels", family="share", of="n_cancelled_trips", out_of="n_trips", says="{of}"
)
BAGS = Count(name="bags", family="count", of="checked_bags", per="seats", says="{of}")


def trips(cancelled: list[int], booked: list[int]) -> pd.DataFrame:
    return features_table(list(range(len(booked))), n_cancelled_trips=cancelled, n_trips=booked)


def bags(checked: list[int], seats: list[int]) -> pd.DataFrame:
    return features_table(list(range(len(seats))), checked_bags=checked, seats=seats)


def test_a_beta_prior_is_recovered() -> None:
    random = np.random.default_rng(1)
    booked = random.integers(1, 9, 20_000)
    cancelled = random.binomial(booked, random.beta(2, 6, 20_000))
    prior = fit_prior(CANCELS, trips(cancelled.tolist(), booked.tolist()))
    assert prior.mean == pytest.approx(0.25, abs=0.01)
    assert prior.strength == pytest.approx(8, rel=0.1)
    assert prior.sd == pytest.approx(math.sqrt(0.25 * 0.75 / 9), rel=0.05)


def test_a_gamma_prior_is_recovered() -> None:
    random = np.random.default_rng(2)
    seats = random.integers(1, 9, 20_000)
    checked = random.poisson(seats * random.gamma(3, 1 / 5, 20_000))
    prior = fit_prior(BAGS, bags(checked.tolist(), seats.tolist()))
    assert prior.mean == pytest.approx(0.6, abs=0.01)
    assert prior.strength == pytest.approx(5, rel=0.1)
    assert prior.sd == pytest.approx(math.sqrt(3) / 5, rel=0.05)


def test_users_who_do_not_differ_are_all_shrunk_to_the_mean() -> None:
    """Equal rates vary less than chance would: no user may stand out."""
    table = trips([1, 2, 3] * 50, [2, 4, 6] * 50)
    deviation, _ = standardise(table, CANCELS, fit_prior(CANCELS, table))
    assert np.abs(deviation).max() < 0.01
    assert fit_prior(CANCELS, table).strength == pytest.approx(STRONGEST * 4, rel=0.01)


@pytest.mark.parametrize(
    ("behaviour", "table"),
    [
        (CANCELS, trips([0, 0, 0], [1, 2, 3])),
        (CANCELS, trips([1, 2, 3], [1, 2, 3])),
        (CANCELS, trips([0, 0], [0, 0])),
        (CANCELS, trips([1], [2])),
        (CANCELS, trips([0, 10**9], [10**9, 10**9])),
        (BAGS, bags([0, 0, 0], [1, 2, 3])),
        (BAGS, bags([0, 0], [0, 0])),
        (BAGS, bags([3], [2])),
        (BAGS, bags([10**12, 0, 1], [1, 10**6, 1])),
        (BAGS, bags([5, 5], [0, 1])),
    ],
)
@pytest.mark.filterwarnings("error")
def test_a_poor_cohort_gives_plain_numbers(behaviour: Share | Count, table: pd.DataFrame) -> None:
    prior = fit_prior(behaviour, table)
    deviation, variance = standardise(table, behaviour, prior)
    assert all(math.isfinite(value) for value in (prior.mean, prior.strength, prior.sd))
    assert prior.sd > 0
    assert np.isfinite(deviation).all()
    assert (np.isfinite(variance) & (variance > 0)).all()


def test_the_posterior_is_the_conjugate_one() -> None:
    """Beta(2, 6) and 3 of 4 make Beta(5, 7); gamma(3, 5) and 4 of 2 make gamma(7, 7)."""
    beta = Prior(mean=0.25, strength=8.0, sd=math.sqrt(0.25 * 0.75 / 9))
    deviation, variance = standardise(trips([3], [4]), CANCELS, beta)
    assert deviation[0] == pytest.approx((5 / 12 - 0.25) / beta.sd)
    assert variance[0] == pytest.approx(5 * 7 / (12**2 * 13) / beta.sd**2)
    gamma = Prior(mean=0.6, strength=5.0, sd=math.sqrt(3) / 5)
    deviation, variance = standardise(bags([4], [2]), BAGS, gamma)
    assert deviation[0] == pytest.approx((1 - 0.6) / gamma.sd)
    assert variance[0] == pytest.approx(7 / 7**2 / gamma.sd**2)


def test_a_user_without_exposure_is_exactly_the_cohort() -> None:
    table = trips([0, 1, 0, 3], [0, 3, 2, 3])
    deviation, variance = standardise(table, CANCELS, fit_prior(CANCELS, table))
    assert deviation[0] == 0.0
    assert variance[0] == pytest.approx(1.0)


def test_events_without_exposure_do_not_count() -> None:
    with_events, without = bags([7, 1, 0], [0, 1, 2]), bags([0, 1, 0], [0, 1, 2])
    assert fit_prior(BAGS, with_events) == fit_prior(BAGS, without)
    assert standardise(with_events, BAGS, fit_prior(BAGS, without))[0][0] == 0.0


def test_more_trips_at_the_same_rate_stand_out_more() -> None:
    prior = Prior(mean=0.25, strength=8.0, sd=0.14)
    deviation, variance = standardise(trips([1, 2, 4], [1, 2, 4]), CANCELS, prior)
    assert (np.diff(deviation) > 0).all()
    assert (np.diff(variance) < 0).all()


def test_a_share_above_one_is_refused() -> None:
    share = Share(name="bags", family="share", of="checked_bags", out_of="seats", says="{of}")
    with pytest.raises(ConfigurationError, match=r"behaviours > bags > family: .* for 2 users"):
        fit_prior(share, bags([2, 3, 1], [1, 1, 1]))
