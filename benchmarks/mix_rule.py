"""Whether other numbers would do better in the adaptive mix: each of them lower and higher.

    python benchmarks/mix_rule.py [SEEDS]

The digits, as benchmarks/mix.py trains them; means over three seeds go to
reports/benchmarks/mix-rule.json.
"""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

from mix import arguments, record_means, score, settings_of
from stages import prepare

from constancy.training import mix

RULES: dict[str, dict[str, float]] = {
    "as it is": {},
    "untouched 5 %": {"UNTOUCHED_SHARE": 0.05},
    "untouched 30 %": {"UNTOUCHED_SHARE": 0.3},
    "no floor": {"FLOOR": 0.0},
    "floor 30 %": {"FLOOR": 0.3},
    "smoothing .1": {"SMOOTHING": 0.1},
    "not smoothed": {"SMOOTHING": 1.0},
}


def run(seeds: int) -> Iterator[tuple[str, dict[str, float]]]:
    """The scores of each rule and seed."""
    for seed in range(seeds):
        settings = settings_of(arguments([]), seed, "adaptive")
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            prepare(settings, folder)
            for rule, numbers in RULES.items():
                with patch.dict(vars(mix), numbers):
                    scores = score(settings, folder)
                yield rule, scores


if __name__ == "__main__":
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    record_means("mix-rule", run(seeds), {"seeds": seeds})
