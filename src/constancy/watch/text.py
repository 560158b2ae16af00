"""What a watch tells in the terminal: the table, and a sentence for each alarm."""

from constancy.watch.drift import FEWEST, Finding
from constancy.watch.measures import LABELS
from constancy.watch.outcome import ALARM, TOO_FEW, Outcome
from constancy.watch.regions import Region

_MIDDLE = (0.4, 0.6)  # where a median is nothing to speak of: then the spread has changed
_LEAST_P = 0.0001


def describe(outcome: Outcome) -> str:
    """All of it, to print."""
    lines = [_counts(outcome)]
    if outcome.findings:
        lines += ["", *table(outcome), ""]
    lines += [*sentences(outcome), _verdict(outcome)]
    return "\n".join(lines)


def table(outcome: Outcome) -> list[str]:
    """A line for each measure: its medians, where production's lies, the statistic, the verdict."""
    lines = [
        f"{'axis':22} {'measure':11} {'production':>10} {'reference':>10} {'above':>7} "
        f"{'statistic':>10} {'p':>8}"
    ]
    for each in outcome.findings:
        name = each.measure.name
        places = f"{'':10} {'':10} {'':7}"
        if each.median is not None and each.usual is not None and each.above is not None:
            places = f"{each.median:10.4f} {each.usual:10.4f} {100 * each.above:5.1f} %"
        statistic = f"{'PSI' if name == LABELS else 'D'} {each.value:.3f}"
        p = f"<{_LEAST_P}" if each.p < _LEAST_P else f"{each.p:.4f}"
        alarm = "  ALARM" if each.alarm else ""
        lines.append(
            f"{each.measure.axis:22} {name:11} {places} {statistic:>10} {p:>8}{alarm}".rstrip()
        )
    return lines


def sentences(outcome: Outcome) -> list[str]:
    """What is otherwise than it was, and what the suites say of that: a line for each alarm."""
    lines = [_sentence(each, outcome) for each in outcome.alarmed]
    if outcome.silent:
        lines.append(f"What the suites say of that is not known: {outcome.silent}")
    return lines


def _counts(outcome: Outcome) -> str:
    production = outcome.production
    parts = [f"{len(production):,} images"]
    if production.repeated:
        parts.append(f"{production.repeated:,} more are repeated and count once")
    if production.unreadable:
        parts.append(f"{len(production.unreadable):,} cannot be read")
    return "; ".join(parts)


def _verdict(outcome: Outcome) -> str:
    if outcome.verdict == TOO_FEW:
        return f"No verdict: fewer than {FEWEST} images are too few for one."
    if outcome.verdict == ALARM:
        return f"Alarm: {', '.join(each.measure.name for each in outcome.alarmed)}."
    return "No alarm."


def _sentence(found: Finding, outcome: Outcome) -> str:
    measure = found.measure
    if measure.name == LABELS:
        label, usual, now = outcome.label_shares()[0]
        return f"'{label}' is answered for {now:.0%} of the images, against {usual:.0%} before"
    assert found.above is not None
    against = "held-out" if measure.held_out else "training"
    who = "the model is" if measure.name == "confidence" else "images are"
    if _MIDDLE[0] <= found.above <= _MIDDLE[1]:
        what = f"{measure.name} is spread otherwise than in {against} images"
    else:
        higher = found.above > _MIDDLE[1]
        share = found.above if higher else 1 - found.above
        than = "on " if measure.name == "confidence" else ""
        what = f"{who} {measure.high if higher else measure.low} than {than}{_percent(share)} {against} images"
    region = outcome.regions.get(measure.name)
    return what + (f"; {_accuracy(region)}" if region else "")


def _percent(share: float) -> str:
    """Whole percent; 100 only for all."""
    return "all" if share == 1 else f"{min(99, round(100 * share))} % of"


def _accuracy(region: Region) -> str:
    place = f"severity {region.severity}" + (f", {region.direction}" if region.direction else "")
    if region.beyond:
        return (
            f"that is beyond anything in the suites of {region.factor}; accuracy at the nearest "
            f"({place}) was {region.accuracy:.2f}"
        )
    return f"accuracy at that {region.factor} ({place}) was {region.accuracy:.2f}"
