"""How a behaviour's rate is spread among users, and what that makes of one user's few trips.

A rate of one of one is noise, so each is shrunk towards the cohort by empirical Bayes
(beta-binomial for shares, gamma-Poisson for counts; Casella, The American Statistician 39, 1985)
and measured in standard deviations of the fitted prior. A behaviour in which users do not differ
has a narrow prior, all its rates shrink to the mean, and it speaks for no one.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from travel_perks.errors import ConfigurationError
from travel_perks.recommending.perks import Count, Share

Floats = NDArray[np.float64]

# The prior's strength, in units of the mean exposure. The upper end stands for "no difference
# between users that their trips could show".
WEAKEST, STRONGEST = 1e-3, 1e3


@dataclass(frozen=True)
class Prior:
    """A beta (share) or gamma (count) prior of a behaviour's rate.

    `strength` is the exposure that the prior weighs as much as: trials, or units of `per`.
    """

    mean: float
    strength: float
    sd: float


def counted(features: pd.DataFrame, behaviour: Share | Count) -> tuple[Floats, Floats]:
    """A behaviour's numerator and exposure per user; events without exposure do not count."""
    exposure = features[behaviour.exposure].to_numpy(np.float64)
    return np.where(exposure > 0, features[behaviour.of].to_numpy(np.float64), 0.0), exposure


def fit_prior(behaviour: Share | Count, features: pd.DataFrame) -> Prior:
    """The prior of a behaviour by maximum marginal likelihood over the users with exposure.

    Users who do not differ give the strongest prior; a rate that is 0 (or 1) for all, or not
    seen at all, gives it too, around a mean just inside the range. Raises ConfigurationError
    when the behaviour is declared a share and exceeds 1.
    """
    of, exposure = counted(features, behaviour)
    counts = pd.DataFrame({"k": of, "n": exposure})[exposure > 0].groupby(["k", "n"]).size()
    k, n, users = counts.reset_index().to_numpy(np.float64).T
    share = behaviour.family == "share"
    if share and (k > n).any():
        raise ConfigurationError(
            f"The perks file is wrong at behaviours > {behaviour.name} > family: "
            f"{behaviour.of} exceeds {behaviour.exposure} for {users[k > n].sum():.0f} users, "
            "so it is no share; use the family count."
        )
    events, total = float((users * k).sum()), float((users * n).sum())
    mean_exposure = total / float(users.sum()) if total else 1.0
    mean, strength = (events + 0.5) / (total + 1.0), STRONGEST * mean_exposure
    if events > 0 and not (share and events == total):
        bounds = (float(np.log(WEAKEST * mean_exposure)), float(np.log(strength)))
        loss = _share_loss(k, n, users) if share else _count_loss(k, n, users)
        centre = float(np.log(mean / (1 - mean)) if share else np.log(mean))
        place, log_strength = _minimise(loss, centre, bounds)
        mean = 1 / (1 + float(np.exp(-place))) if share else float(np.exp(place))
        strength = float(np.exp(log_strength))
    sd = (mean * (1 - mean) / (strength + 1)) ** 0.5 if share else (mean / strength) ** 0.5
    return Prior(mean, strength, sd)


def _share_loss(k: Floats, n: Floats, users: Floats) -> Callable[[Floats], float]:
    """Minus the mean log likelihood of the mean's log odds and the strength's log."""
    from scipy.stats import betabinom  # here: scoring, which does not need it, starts sooner

    def loss(point: Floats) -> float:
        strength = np.exp(point[1])
        successes = strength / (1 + np.exp(-point[0]))
        likelihood = betabinom.logpmf(k, n, successes, strength - successes)
        return -float((users * likelihood).sum() / users.sum())

    return loss


def _count_loss(k: Floats, n: Floats, users: Floats) -> Callable[[Floats], float]:
    """Minus the mean log likelihood of the mean's log and the strength's log."""
    from scipy.stats import nbinom

    def loss(point: Floats) -> float:
        mean, strength = np.exp(point)
        likelihood = nbinom.logpmf(k, mean * strength, strength / (strength + n))
        return -float((users * likelihood).sum() / users.sum())

    return loss


def _minimise(
    loss: Callable[[Floats], float], centre: float, bounds: tuple[float, float]
) -> tuple[float, float]:
    """Where the loss is least: near `centre`, and the log strength within `bounds`.

    The likelihood is flat where users hardly differ, so the search starts from the best of a grid
    and needs no gradient.
    """
    from scipy.optimize import minimize

    starts = [np.array([centre, log_strength]) for log_strength in np.linspace(*bounds, 13)]
    best = minimize(
        loss,
        min(starts, key=loss),
        method="Nelder-Mead",
        bounds=[(centre - 5, centre + 5), bounds],
        options={"xatol": 1e-6, "fatol": 1e-12, "maxiter": 400},
    ).x
    return float(best[0]), float(best[1])


def standardise(
    features: pd.DataFrame, behaviour: Share | Count, prior: Prior
) -> tuple[Floats, Floats]:
    """Each user's posterior mean and variance of the rate, in the prior's standard deviations.

    A user without exposure is the cohort's mean exactly: (0, 1). Only elementwise arithmetic, so
    that a user's numbers do not depend on who is scored along.
    """
    k, n = counted(features, behaviour)
    weight = n + prior.strength
    deviation = (k - n * prior.mean) / weight
    rate = (k + prior.mean * prior.strength) / weight
    share = behaviour.family == "share"
    variance = rate * (1 - rate) / (weight + 1) if share else rate / weight
    return deviation / prior.sd, variance / prior.sd**2
