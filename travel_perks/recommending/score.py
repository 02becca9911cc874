"""What the model makes of each user: cluster, perk, runner-up, how sure, and why.

A user's row depends on that user and the model alone, so that users can be scored a shard a job:
only elementwise arithmetic is used, whose bits do not depend on who is scored along.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr

from travel_perks.recommending.model import (
    DECIMALS,
    Model,
    affinities,
    cluster_inputs,
    coordinates,
    nearest,
    unit_weights,
)
from travel_perks.recommending.perks import Count, Perks, Share, render
from travel_perks.recommending.priors import Floats, counted, standardise

Ints = NDArray[np.int64]

# How probable it must be that the best perk's true affinity exceeds the runner-up's.
STRONG = 0.95
FAIR = 0.80

NOTHING_SEEN = "nothing seen yet that shows a favourite"
NOTHING_AGAINST = "closest fit, with nothing seen for or against it yet"


def score(features: pd.DataFrame, model: Model, perks: Perks) -> pd.DataFrame:
    """One row a user of `features`, sorted by user id.

    Columns: `user_id`; `cluster` (1 ..); `perk`, the one of greatest affinity (of equals the
    first in the perks file), and `perk_affinity`; `runner_up_perk`, and the `margin` to it;
    `evidence`; `reason`; then `affinity_<perk id>` for every perk. Affinities are in standard
    deviations between users, 0 being the cohort's mean, rounded to six decimals.

    Evidence is `none` for a user without exposure in any behaviour of any perk. Else it follows
    the posterior probability, by a normal approximation, that the perk's affinity exceeds the
    runner-up's: `strong` from `STRONG`, `fair` from `FAIR`, `weak` below.
    """
    features = features.sort_values("user_id", ignore_index=True)
    affinity = affinities(features, perks, model.priors)
    values = affinity.to_numpy(np.float64)
    ranking = np.argsort(-values, axis=1, kind="stable")
    best, second = ranking[:, 0], ranking[:, 1]
    rows = np.arange(len(features))
    margin = np.round(values[rows, best] - values[rows, second], DECIMALS)
    inputs = cluster_inputs(features, affinity)
    known = _known(features, perks)
    ids = np.array(perks.ids, dtype=object)
    scored = pd.DataFrame(
        {
            "user_id": features["user_id"],
            "cluster": nearest(coordinates(inputs, model.axes), model.centres) + 1,
            "perk": ids[best],
            "perk_affinity": values[rows, best],
            "runner_up_perk": ids[second],
            "margin": margin,
            "evidence": _evidence(
                margin, _gap_variance(features, model, perks, best, second), known
            ),
            "reason": _reasons(
                features, model, perks, best=best, affinity=values[rows, best], known=known
            ),
        }
    ).astype({"perk": "str", "runner_up_perk": "str", "evidence": "str", "reason": "str"})
    return pd.concat([scored, affinity.add_prefix("affinity_")], axis=1)


def _known(features: pd.DataFrame, perks: Perks) -> NDArray[np.bool_]:
    """Which users have exposure in a behaviour that any perk weighs."""
    weighed = {name for perk in perks.perks for name, weight in perk.weights.items() if weight}
    exposures = [each.exposure for each in perks.behaviours if each.name in weighed]
    return (features[exposures] > 0).any(axis=1).to_numpy(np.bool_)


def _gap_variance(
    features: pd.DataFrame, model: Model, perks: Perks, best: Ints, second: Ints
) -> Floats:
    """The posterior variance of the best perk's affinity minus the runner-up's.

    A behaviour that both weigh counts by the difference of its weights. Behaviours are taken as
    independent of each other.
    """
    weights = unit_weights(perks)
    variance = np.zeros(len(features))
    for behaviour in perks.behaviours:
        of_perk = np.array([weights[perk].get(behaviour.name, 0.0) for perk in perks.ids])
        contrast = of_perk[best] - of_perk[second]
        _, spread = standardise(features, behaviour, model.priors[behaviour.name])
        variance += contrast * contrast * spread
    return variance


def _evidence(margin: Floats, variance: Floats, known: NDArray[np.bool_]) -> NDArray[np.object_]:
    # Perks of equal weights have no variance between them and no margin either: weak.
    deviations = margin / np.sqrt(np.where(variance > 0, variance, 1.0))
    probability = ndtr(deviations)
    levels = np.select(
        [~known, probability >= STRONG, probability >= FAIR], ["none", "strong", "fair"], "weak"
    )
    return levels.astype(object)


def _reasons(
    features: pd.DataFrame,
    model: Model,
    perks: Perks,
    *,
    best: Ints,
    affinity: Floats,
    known: NDArray[np.bool_],
) -> NDArray[np.object_]:
    """Why each user has their best perk: its behaviour that speaks the most for it, in words."""
    reasons = np.full(len(features), NOTHING_SEEN, dtype=object)
    behaviours = {each.name: each for each in perks.behaviours}
    for index, weights in enumerate(unit_weights(perks).values()):
        chosen = np.flatnonzero((best == index) & known)
        users, names = features.iloc[chosen], [name for name in weights if weights[name]]
        speaks = np.column_stack(
            [_speaks(users, behaviours[name], weights[name], model) for name in names]
        )
        loudest = speaks.argmax(axis=1)
        for place, name in enumerate(names):
            told = loudest == place
            reasons[chosen[told]] = _told(
                users[told], behaviours[name], model.quantiles[name], affinity[chosen[told]] > 0
            )
    return reasons


def _speaks(users: pd.DataFrame, behaviour: Share | Count, weight: float, model: Model) -> Floats:
    """What a behaviour adds to a perk's affinity; last of all where it was never seen."""
    deviation, _ = standardise(users, behaviour, model.priors[behaviour.name])
    return np.where(users[behaviour.exposure] > 0, weight * deviation, -np.inf)


def _told(
    users: pd.DataFrame,
    behaviour: Share | Count,
    quantiles: list[float],
    stands_out: NDArray[np.bool_],
) -> list[str]:
    """The reason of each of `users`; each distinct combination of numbers is put to words once."""
    of, exposure = counted(users, behaviour)
    words: dict[tuple[float, float, bool], str] = {}
    told = []
    for key in zip(of.tolist(), exposure.tolist(), stands_out.tolist(), strict=True):
        if key not in words:
            words[key] = _clause(behaviour, quantiles, *key)
        told.append(words[key])
    return told


def _clause(
    behaviour: Share | Count, quantiles: list[float], of: float, exposure: float, stands_out: bool
) -> str:
    """One user's numbers in words, beside those of the others."""
    if exposure == 0:
        return NOTHING_AGAINST
    fact = render(behaviour, of, exposure)
    told = f"{fact}, {_comparison(of / exposure, quantiles)} {behaviour.among}"
    return told if stands_out else f"closest fit: {told}"


def _comparison(rate: float, quantiles: list[float]) -> str:
    """How a rate stands to those of the cohort, never claiming more than is so.

    With observed values as quantiles, at least p % are below a rate that exceeds the p quantile.
    """
    first = int(np.searchsorted(quantiles, rate, side="left"))
    last = int(np.searchsorted(quantiles, rate, side="right"))
    below, above = first - 1, 100 - last
    if below >= 50:
        return f"more than {min(below, 99)}% of"
    if above >= 50:
        return f"less than {min(above, 99)}% of"
    if last - first > 50:
        return "like most"
    return "about average for"
