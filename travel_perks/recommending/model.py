"""What is learned from the cohort: priors, comparisons for the reasons, and clusters.

`fit` makes a `Model` from the features table. It runs once, on the whole cohort; scoring then
needs the model and one user's row.
"""

import json
import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from travel_perks.recommending.perks import Perks
from travel_perks.recommending.priors import Floats, Prior, counted, fit_prior, standardise

# What the clusters see beside the affinities: how eagerly users book, how early, how far, how
# long and what they spend. The rates that the affinities are made of are left out.
CLUSTER_FEATURES = (
    "booking_rate",
    "mean_page_clicks",
    "mean_lead_days",
    "mean_distance_km",
    "mean_nights",
    "mean_hotel_per_room_usd",
    "hotel_spend_usd",
    "flight_spend_usd",
)
CLIP = 3.0  # spreads from the centre: no outlier decides a cluster
DECIMALS = 6  # of affinities and coordinates, so that a last bit never breaks a tie


@dataclass(frozen=True)
class Axis:
    """The scale of one coordinate of the clusters: which value is 0, and how much is 1."""

    centre: float
    spread: float


@dataclass(frozen=True)
class Model:
    """Everything that scoring a user needs, in plain numbers.

    `priors` and `quantiles` by behaviour: the quantiles are the 0, 1, .. 100 % of the raw rate
    among users with exposure, empty when there are none. `axes` by coordinate, in the order of
    the numbers of each of `centres`; the first centre is cluster 1.
    """

    priors: dict[str, Prior]
    quantiles: dict[str, list[float]]
    axes: dict[str, Axis]
    centres: list[list[float]]

    def to_json(self) -> str:
        """The model as JSON text: floats in shortest round-trip form, same model same bytes."""
        return json.dumps(asdict(self), indent=1, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "Model":
        """The model that `to_json` wrote, equal to the last bit."""
        content: dict[str, Any] = json.loads(text)
        return cls(
            priors={name: Prior(**prior) for name, prior in content["priors"].items()},
            quantiles=content["quantiles"],
            axes={name: Axis(**axis) for name, axis in content["axes"].items()},
            centres=content["centres"],
        )


def fit(
    features: pd.DataFrame, perks: Perks, *, clusters: int, seed: int, sample_users: int = 50_000
) -> Model:
    """The model of a cohort of one user or more.

    `features` holds one row a user: the counts and features of the internal table, in any row
    order. Clusters are fitted on at most `sample_users` users, drawn by `seed`, and are fewer
    than `clusters` when fewer users differ. Raises ConfigurationError when a behaviour that is
    declared a share exceeds 1.
    """
    features = features.sort_values("user_id", ignore_index=True)
    priors = {each.name: fit_prior(each, features) for each in perks.behaviours}
    quantiles = {each.name: _rate_quantiles(*counted(features, each)) for each in perks.behaviours}
    inputs = cluster_inputs(features, affinities(features, perks, priors))
    axes = {str(name): _axis(inputs[name].to_numpy(np.float64)) for name in inputs}
    sample = sample_rows(features["user_id"].to_numpy(np.int64), seed, sample_users)
    centres = _centres(coordinates(inputs.iloc[sample], axes), clusters, seed)
    return Model(priors, quantiles, axes, centres)


def affinities(features: pd.DataFrame, perks: Perks, priors: dict[str, Prior]) -> pd.DataFrame:
    """How far each perk's behaviours stand out, one row a user, one column a perk's id.

    The weighted sum of the behaviours' standardised rates over the length of the weights, so
    that a perk gains nothing from the number or the size of its weights. 0 is the cohort.
    """
    z = {each.name: standardise(features, each, priors[each.name])[0] for each in perks.behaviours}
    columns = {}
    for perk, weights in unit_weights(perks).items():
        total = np.zeros(len(features))
        for name, weight in weights.items():
            total += weight * z[name]
        columns[perk] = np.round(total, DECIMALS) + 0.0  # + 0.0: no negative zero
    return pd.DataFrame(columns)


def unit_weights(perks: Perks) -> dict[str, dict[str, float]]:
    """The behaviours' weights of each perk, scaled so that their squares sum to 1."""
    return {
        perk.id: {name: w / math.hypot(*perk.weights.values()) for name, w in perk.weights.items()}
        for perk in perks.perks
    }


def cluster_inputs(features: pd.DataFrame, affinity: pd.DataFrame) -> pd.DataFrame:
    """What the clusters are made from: the affinities, then `CLUSTER_FEATURES`; NaN is unknown."""
    return pd.concat([affinity.add_prefix("affinity_"), features[list(CLUSTER_FEATURES)]], axis=1)


def coordinates(inputs: pd.DataFrame, axes: dict[str, Axis]) -> Floats:
    """The users' places (users x axes): scaled, unknown at the centre, clipped at `CLIP`."""
    places = np.empty((len(inputs), len(axes)))
    for column, (name, axis) in enumerate(axes.items()):
        scaled = (inputs[name].to_numpy(np.float64) - axis.centre) / axis.spread
        places[:, column] = np.clip(np.nan_to_num(scaled, nan=0.0), -CLIP, CLIP)
    return places.round(DECIMALS)


def nearest(points: Floats, centres: list[list[float]]) -> NDArray[np.int64]:
    """The index of each point's nearest centre; the first of equals.

    Sums one coordinate after the other: a matrix product's last bits depend on the batch.
    """
    distances = np.zeros((len(points), len(centres)))
    for index, centre in enumerate(centres):
        for column, value in enumerate(centre):
            distances[:, index] += (points[:, column] - value) ** 2
    indices: NDArray[np.int64] = distances.argmin(axis=1).astype(np.int64)
    return indices


def sample_rows(user_ids: NDArray[np.int64], seed: int, size: int) -> NDArray[np.int64]:
    """The rows of `size` users drawn by `seed`, ascending; the same users whatever their order.

    Drawn are the smallest hashes of id and seed, by splitmix64 (Steele, Lea and Flood, OOPSLA
    2014), which gives no two users the same hash.
    """
    with np.errstate(over="ignore"):
        mixed = user_ids.view(np.uint64) + np.uint64(seed % 2**64) * np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        mixed = mixed ^ (mixed >> np.uint64(31))
    return np.sort(np.argsort(mixed, kind="stable")[:size])


def _rate_quantiles(of: Floats, exposure: Floats) -> list[float]:
    """The 0..100 % quantiles of the raw rate; observed values, not points between them."""
    exposed = exposure > 0
    if not exposed.any():
        return []
    rates = of[exposed] / exposure[exposed]
    quantiles: list[float] = np.quantile(
        rates, np.arange(101) / 100, method="inverted_cdf"
    ).tolist()
    return quantiles


def _axis(values: Floats) -> Axis:
    """Mean and standard deviation between the 1 % and 99 % quantiles, where no outlier reaches."""
    known = values[np.isfinite(values)]
    if not known.size:
        return Axis(0.0, 1.0)
    held = np.clip(known, *np.quantile(known, [0.01, 0.99], method="inverted_cdf"))
    spread = float(held.std())
    centre = float(held.mean())
    # A spread within rounding of zero is no spread: scaling by it would blow up the rounding.
    return Axis(centre, spread if spread > 1e-9 * abs(centre) else 1.0)


def _centres(points: Floats, clusters: int, seed: int) -> list[list[float]]:
    """The k-means centres, the one of most points first, ties by coordinates.

    One thread: the last bits of scikit-learn's centres depend on the number of threads.
    """
    # Imported here: it takes longer than scoring, which does not need it.
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits

    distinct = len(np.unique(points, axis=0))
    kmeans = KMeans(min(clusters, distinct), n_init=10, random_state=seed)
    with threadpool_limits(1):
        kmeans.fit(points)
    centres: list[list[float]] = kmeans.cluster_centers_.tolist()
    sizes = np.bincount(nearest(points, centres), minlength=len(centres))
    order = sorted(range(len(centres)), key=lambda index: (-sizes[index], centres[index]))
    return [centres[index] for index in order if sizes[index]]
