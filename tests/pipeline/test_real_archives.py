"""Archives of real images, as their authors published them, taken to a decision by settings alone."""

from collections import Counter
from pathlib import Path

import pytest
from project import REPOSITORY, SMALL, clone

from constancy.data.sources import open_source
from constancy.settings.data import Data

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

SHARED = REPOSITORY.parent / "shared" / "data"


def archive(name: str) -> Path:
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"the archive {name} is not on this machine")
    return path


def test_photographs_run_to_a_decision_without_an_edit(tmp_path: Path) -> None:
    path = archive("sign-digits.tar.gz")
    project = clone(tmp_path / "project")
    overrides = SMALL | {
        "data.source": f"archive:{path}",
        "data.sha256": "35d4bacd93cc0b718f568d4b793a033ab8cba7a0b26e9f208f679656c1f9e8bb",
        "data.image.color": "rgb",
    }
    options = [word for key, value in overrides.items() for word in ("-S", f"{key}={value}")]
    done = project.run("dvc", "exp", "run", *options, "--name", "signs")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "signs" in project.run("dvc", "exp", "list", "--name-only").stdout
    assert project.json("reports/data.json")["images"] == 2062
    assert list(project.json("reports/data.json")["classes"]) == [str(n) for n in range(10)]
    decision = project.json("reports/decision.json")
    assert decision["verdict"] == "refused"  # two epochs of a tiny network hold no floor
    assert decision["alias"] is None
    assert (project.folder / "reports/report.html").stat().st_size < 8_000_000


def test_an_archives_own_splits_are_kept(params: dict) -> None:
    path = archive("fashion-mnist.tar.gz")
    data = Data.model_validate(params["data"] | {"source": f"archive:{path}"})
    with open_source(data) as source:
        counts = Counter((sample.split, sample.label) for sample in source.samples)
    assert counts == {
        (split, str(label)): count
        for split, count in (("train", 6000), ("test", 1000))
        for label in range(10)
    }
