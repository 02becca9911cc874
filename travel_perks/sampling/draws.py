"""Random numbers for the sample, the same on every machine and with every NumPy.

NumPy keeps the raw bits of PCG64 and of SeedSequence across versions, but not what its
distributions make of them. So every draw here is plain arithmetic on the raw bits.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

# A quantile function as (share, value) knots, the first share 0 and the last 1.
Curve = Sequence[tuple[float, float]]

_HEX_PAIRS = np.frombuffer("".join(f"{byte:02x}" for byte in range(256)).encode(), dtype="V2")
_MOST_EVENTS = 60


class Draws:
    """One stream of random numbers; `stage` names it, so that stages do not shift each other."""

    def __init__(self, seed: int, stage: str):
        sequence = np.random.SeedSequence(seed, spawn_key=tuple(stage.encode()))
        self._bits = np.random.PCG64(sequence)

    def uniform(self, size: int) -> Floats:
        """Floats in [0, 1), 53 bits each."""
        raw = self._bits.random_raw(size)
        return np.asarray(raw >> np.uint64(11), dtype=np.float64) * 2.0**-53

    def chance(self, probability: float | Floats, size: int) -> Flags:
        """True with the given probability; below 0 is never, above 1 is always."""
        return self.uniform(size) < probability

    def weighted(self, weights: Sequence[float], size: int) -> Ints:
        """Indexes into `weights`, each as often as its weight says."""
        bounds = np.cumsum(np.asarray(weights, dtype=np.float64))
        drawn = np.searchsorted(bounds, self.uniform(size) * bounds[-1], side="right")
        index: Ints = np.minimum(drawn, len(bounds) - 1)
        return index

    def curve(self, knots: Curve, size: int) -> Floats:
        """Values whose quantile function runs straight from knot to knot."""
        shares, values = zip(*knots, strict=True)
        drawn: Floats = np.interp(self.uniform(size), shares, values)
        return drawn

    def poisson(self, mean: Floats) -> Ints:
        """Poisson counts, one a mean, by inverting the distribution function (at most 60)."""
        uniform = self.uniform(len(mean))
        counts = np.zeros(len(mean), dtype=np.int64)
        term = np.exp(-mean)
        reached = term.copy()
        for events in range(1, _MOST_EVENTS + 1):
            counts += uniform >= reached
            term = term * mean / events
            reached += term
        return counts

    def spread(self, rows: int, size: int) -> Ints:
        """`size` <= `rows` distinct row numbers, ascending, one from each of equal strata."""
        bounds = np.arange(size + 1, dtype=np.int64) * rows // max(size, 1)
        width = np.diff(bounds)
        return bounds[:-1] + (self.uniform(size) * width).astype(np.int64)

    def hexadecimals(self, size: int) -> bytes:
        """`size` random names of 32 hexadecimal digits, one after the other."""
        raw = self._bits.random_raw(2 * size).astype("<u8")
        return _HEX_PAIRS[raw.view(np.uint8)].tobytes()
