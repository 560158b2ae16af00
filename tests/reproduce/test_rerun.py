"""What a rerun reads that lies in no commit."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from constancy.reproduce.rerun import _stand_alone


@pytest.mark.parametrize(
    ("source", "place"),
    [
        ("folder:photos", "folder:{project}/photos"),
        ("folder:elsewhere", "folder:elsewhere"),
        ("archive:https://localhost/photos", "archive:https://localhost/photos"),
        ("torchvision:photos", "torchvision:photos"),
        ("digits", "digits"),
    ],
)
def test_places_of_the_project_are_named_as_such(
    tmp_path: Path, params: dict[str, Any], source: str, place: str
) -> None:
    tree, project = tmp_path / "tree", tmp_path / "project"
    tree.mkdir()
    (project / "photos").mkdir(parents=True)
    params["data"]["source"] = source
    (tree / "params.yaml").write_text(yaml.safe_dump(params))
    _stand_alone(tree / "params.yaml", project)
    alone = yaml.safe_load((tree / "params.yaml").read_text())
    assert alone["data"]["source"] == place.format(project=project)
    assert alone["tracking"]["uri"] == "sqlite:///mlflow.db"
