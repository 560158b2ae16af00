"""Beyond the five severities: to look at, never for training copies or suites."""

import math

from constancy.settings.base import Section
from constancy.variation.factors import MAX_SEVERITY


def going_on(strengths: Section, severity: float) -> Section:
    """A factor's strengths with what `severity`, above 5, would be in the place of severity 5.

    Each strength goes on as it went from 4 to 5, but no farther than the settings allow it: no lamp
    leaves more than all light missing.
    """
    more = severity - MAX_SEVERITY
    bounds = type(strengths).model_json_schema()["properties"]
    farther = {}
    for key, steps in strengths.model_dump().items():
        allowed = bounds[key]["items"]
        value = steps[-1] + more * (steps[-1] - steps[-2])
        least, most = allowed.get("minimum", -math.inf), allowed.get("maximum", math.inf)
        farther[key] = [*steps[:-1], min(max(value, least), most)]
    return strengths.model_copy(update=farther)
