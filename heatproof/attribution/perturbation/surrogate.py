"""LIME's local model: a weighted ridge regression on what was switched on and off.

As the `lime` package fits it (`lime_base.py`), in closed form and for several targets at once.
"""

import numpy as np


def draw(samples: int, segments: int, seed: int) -> np.ndarray:
    """Draw which segments are on, float32 (samples, segments), 0 or 1; all are in the first sample.

    Bit for bit what the `lime` package draws from the same seed.
    """
    drawn = np.random.RandomState(seed % 2**32).randint(0, 2, samples * segments)
    drawn = drawn.reshape(samples, segments).astype(np.float32)
    drawn[0] = 1
    return drawn


def proximity(samples: np.ndarray, width: float) -> np.ndarray:
    """Return each sample's weight, float64 (samples,): 1 where every segment is on.

    The kernel is sqrt(exp(-d² / width²)) of the cosine distance d to the sample that is all ones,
    which is 1 - sqrt(share of segments that are on).
    """
    distance = 1 - np.sqrt(samples.mean(axis=1, dtype=np.float64))
    return np.sqrt(np.exp(-(distance**2) / width**2))


class Regression:
    """A weighted ridge regression on one set of samples, for any values of them.

    What does not depend on the values is computed once: images of as many segments share it.

    Args:
        samples: float (samples, segments), 0 or 1.
        weights: float64 (samples,), not negative.
        ridge: how much the coefficients' squares cost, above 0; the intercept's is free.
    """

    def __init__(self, samples: np.ndarray, weights: np.ndarray, ridge: float) -> None:
        from scipy.linalg import cho_factor

        self.samples, self._weights = samples, weights
        self._shares = weights / weights.sum()
        self._on = samples - self._shares @ samples
        self._weighed = (self._on * weights[:, None]).T
        self._factor = cho_factor(self._weighed @ self._on + ridge * np.eye(samples.shape[1]))

    def fit(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Fit values by a sum over the segments that are on, and an intercept.

        Args:
            values: float (samples, targets), the network's outputs.

        Returns:
            coefficients, float64 (segments, targets), and the weighted share of the values'
            variance that they explain (R²), float64 (targets,): at most 1, NaN where the values do
            not vary.
        """
        from scipy.linalg import cho_solve

        # From the first sample's: values that do not vary become zeros, and not rounding errors.
        values = values.astype(np.float64) - values[0]
        values -= self._shares @ values
        coefficients = cho_solve(self._factor, self._weighed @ values)
        spread = self._weights @ values**2
        left = self._weights @ (values - self._on @ coefficients) ** 2
        unexplained = np.divide(left, spread, out=np.full(left.shape, np.nan), where=spread > 0)
        return coefficients, 1 - unexplained
