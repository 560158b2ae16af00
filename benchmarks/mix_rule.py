"""How the numbers of the adaptive mix were chosen: each of them lower and higher.

    python benchmarks/mix_rule.py [SEEDS]

The digits, as benchmarks/mix.py trains them; means over three seeds go to
reports/benchmarks/mix-rule.json.
"""

import json
import sys
import tempfile
from pathlib import Path
from unittest.mock import patch

import numpy as np
from measure import REPORTS
from mix import arguments, score, settings_of
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


def main(seeds: int) -> None:
    chosen = arguments([])
    found: dict[str, list[dict[str, float]]] = {name: [] for name in RULES}
    for seed in range(seeds):
        settings = settings_of(chosen, seed, "adaptive")
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            prepare(settings, folder)
            for rule, numbers in RULES.items():
                with patch.dict(vars(mix), numbers):
                    found[rule].append(score(settings, folder))
                print(f"{rule:16}", found[rule][-1])
    means = {
        rule: {key: round(float(np.mean([run[key] for run in runs])), 4) for key in runs[0]}
        for rule, runs in found.items()
    }
    REPORTS.mkdir(parents=True, exist_ok=True)
    (REPORTS / "mix-rule.json").write_text(
        json.dumps({"seeds": seeds, "rules": means}, indent=2) + "\n"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
