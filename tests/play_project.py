"""A project to play with: prepared digits, a suite, a champion and a challenger."""

from contextlib import chdir
from pathlib import Path
from typing import Any

from project import REPOSITORY
from ruamel.yaml import YAML
from scored_project import write_project
from tracked_project import empty_store, project_in, scores, write_model

from constancy.files import write_json
from constancy.models.disk import load_card
from constancy.paths import CANDIDATE, METRICS
from constancy.settings import load_settings

OCCLUSION = [0.98, 0.97, 0.96, 0.93, 0.8]
"""The champion's accuracies under occlusion: the last is below the floor."""


def judged_scores() -> dict[str, Any]:
    """The contents of the champion's metrics.json."""
    metrics = scores()
    metrics["factors"]["occlusion"]["severities"] = OCCLUSION
    return metrics


def write_play_project(folder: Path) -> None:
    """A whole project under `folder`; its champion knows the digits, its challenger none of them."""
    write_project(folder, size=16, suite_images=20, epochs=3)
    yaml = YAML()
    values = yaml.load(REPOSITORY / "params.yaml")
    values["promotion"]["require_gain"] = True  # so that what is only as good becomes challenger
    values["variation"]["limits"] = {"6": {"viewpoint": 3}}
    yaml.dump(values, folder / "params.yaml")
    store = empty_store(folder)
    with chdir(folder):
        plain = YAML(typ="safe", pure=True).load(Path("params.yaml"))
        kept = store.rename(store.with_name("store.db"))
        project = project_in(folder, plain, kept)
        assert project.settings == load_settings()
        write_json(METRICS, judged_scores())
        assert project.judge(CANDIDATE).alias == "champion"
        challenger = write_model(folder / "other", 1, load_card(CANDIDATE))
        assert project.judge(challenger).alias == "challenger"
