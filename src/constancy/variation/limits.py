"""How severe a factor may get before it turns an image of a class into one of another."""

from constancy.errors import UserError, nearest
from constancy.settings.variation import Variation


def limits_of(variation: Variation, classes: list[str]) -> list[dict[str, float]]:
    """For each class, the highest severity of each factor: `variation.limits` in their order.

    Raises UserError for limits of a class that is none of `classes`.
    """
    for label in variation.limits:
        if label not in classes:
            raise UserError(
                f"variation.limits: there is no class '{label}': {nearest(label, classes)}"
            )
    return [
        variation.limits[label].model_dump() if label in variation.limits else {}
        for label in classes
    ]
