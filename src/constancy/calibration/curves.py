"""How often a network is right at each severity of a factor, and how sure that is."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import binomtest, norm

from constancy.settings.base import SEVERITIES

CONFIDENCE = 0.95
_Z = float(norm.ppf((1 + CONFIDENCE) / 2))


@dataclass(frozen=True, eq=False)
class Curve:
    """Right or wrong on the same n images, untouched and at each severity.

    hits: bool, 6 x n: severities 0 (untouched) to 5.
    """

    hits: np.ndarray

    @property
    def accuracies(self) -> list[float]:
        """Of severities 0 to 5."""
        return [float(each.mean()) for each in self.hits]

    def interval(self, severity: int) -> tuple[float, float]:
        """The interval of an accuracy, by Wilson's score (1927)."""
        own = self.hits[severity]
        found = binomtest(int(own.sum()), len(own)).proportion_ci(CONFIDENCE, method="wilson")
        return float(found.low), float(found.high)

    def half_width(self, one: int, other: int) -> float:
        """Half the width of the interval of the difference between two severities' accuracies.

        Pairs of the same images: only those count that are right at one of the two alone (as in
        McNemar's test; a half is added to each kind after Agresti and Min 2005).
        """
        lost = int((self.hits[one] & ~self.hits[other]).sum()) + 0.5
        won = int((~self.hits[one] & self.hits[other]).sum()) + 0.5
        count = self.hits.shape[1] + 2
        variance = (lost + won - (lost - won) ** 2 / count) / count**2
        return _Z * float(np.sqrt(variance))

    @property
    def cost(self) -> float:
        """How much accuracy the strongest severity takes."""
        return self.accuracies[0] - self.accuracies[-1]

    def falling(self) -> np.ndarray:
        """The falling curve nearest to the accuracies, in least squares: float64, 6."""
        from sklearn.isotonic import IsotonicRegression

        severities = np.array([0, *SEVERITIES], float)
        fitted: np.ndarray = IsotonicRegression(increasing=False).fit_transform(
            severities, np.array(self.accuracies)
        )
        return fitted
