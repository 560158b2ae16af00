"""What a severity of a factor means, in words and units."""

from constancy.settings.base import Section
from constancy.variation.factors import pieces_of, strength_of


def strength_lines(
    strengths: Section, factor: str, direction: str, severity: float, *, grey: bool
) -> list[str]:
    """A few short lines. strengths: of this factor; grey: light has no colour to change."""

    def at(key: str) -> str:
        return f"{strength_of(strengths, key, severity):.3g}"

    match factor:
        case "viewpoint":
            return [f"{at('tilt')}\u00b0, roll \u2264 {at('roll')}\u00b0"]
        case "illumination":
            exposure = f"gamma {'1/' if direction == 'lighter' else ''}{at('gamma')}"
            light = f"shade {at('shade')}, {at('uneven')} stops"
            return [exposure, light, *([] if grey else [f"\u2264 {at('mired')} mired"])]
        case "scale":
            return [f"size {at(direction)}"]
        case "deformation":
            return [f"{at('rms')} % of the side"]
        case "clutter":
            pieces = pieces_of(strength_of(strengths, "patches", severity))
            return [f"{pieces} piece{'s' if pieces > 1 else ''}"]
    return [f"{100 * strength_of(strengths, 'area', severity):.3g} % of the area"]
