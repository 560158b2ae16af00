"""Whatever a source holds: each case ends as it is stated, in no traceback, and within its folder."""

import importlib
import os
import re
import stat
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hostile_archives import ARCHIVES
from hostile_case import Case, Outcome, Quadrants, good, healthy
from hostile_folders import FOLDERS
from hostile_images import IMAGES
from hostile_manifests import MANIFESTS
from nobody import as_nobody
from preparation import data_settings
from ruamel.yaml import YAML

from constancy.data.prepare import Images, read_images
from constancy.data.sources import open_source
from constancy.data.table import write_table
from constancy.errors import UserError
from constancy.settings.data import Data

PROJECT = Path(__file__).parents[3]
CASES = [*IMAGES, *FOLDERS, *ARCHIVES, *MANIFESTS]


@pytest.fixture(scope="module")
def knobs() -> dict:
    """The committed params.yaml, which takes longer to read than most cases take."""
    return YAML(typ="safe", pure=True).load((PROJECT / "params.yaml").read_text())


def test_there_are_enough_cases_and_no_two_of_one_name() -> None:
    assert len(CASES) == len({case.name for case in CASES}) >= 70


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_case_ends_as_stated(
    case: Case, tmp_path: Path, knobs: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, place = tmp_path / "a/b/project", tmp_path / "a/b/input"
    project.mkdir(parents=True)
    place.mkdir()
    for folder in (tmp_path, tmp_path / "a", tmp_path / "a/b"):
        (folder / "decoy.png").write_bytes(good())  # what "../" leads to
    for constant, value in case.limits.items():
        module, _, name = constant.rpartition(".")
        monkeypatch.setattr(importlib.import_module(f"constancy.data.{module}"), name, value)
    source = case.build(place)
    monkeypatch.chdir(project)
    before = state(tmp_path, without=project)

    data = settings(knobs, f"{case.kind}:{source}")
    outcome = case.outcome
    if outcome.refused:
        with pytest.raises(UserError, match=outcome.refused) as told:
            read(data, project)
        assert str(told.value).isprintable()
        assert len(str(told.value)) < 1000
    else:
        images, skipped = read(data, project)
        assert skipped == outcome.skipped
        assert_kept_and_flagged(images, outcome)
        assert_shown(images, outcome)

    assert state(tmp_path, without=project) == before
    written = {path.relative_to(project).parts[0] for path in project.rglob("*") if path.is_file()}
    assert written <= {"raw", "decoded.bin"}


def test_what_may_not_be_read_is_quarantined_but_a_folder_stops_it(
    tmp_path: Path, params: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in (tmp_path, *list(tmp_path.parents)[:-2]):
        folder.chmod(folder.stat().st_mode | stat.S_IXOTH | stat.S_IROTH)
    root = tmp_path / "pets"
    for path, data in healthy().items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
    (root / "cat" / "0.png").chmod(0)
    monkeypatch.chdir(tmp_path)
    data = settings(params, "folder:pets")

    def one_is_not_read() -> None:
        with open_source(data) as source:
            problems = [sample.problem for sample in source.samples if sample.problem]
        assert problems == ["permission denied"]

    def a_folder_is_not_read() -> None:
        with pytest.raises(UserError, match=r"/owl cannot be read \(permission denied\)"):
            open_source(data).__enter__()

    assert as_nobody(one_is_not_read) == 0
    (root / "owl").mkdir(mode=0)
    assert as_nobody(a_folder_is_not_read) == 0


def settings(params: dict, source: str) -> Data:
    changes = {"quality__unreadable__at_most": 1.0, "quality__small_class__minimum": 2}
    return data_settings(params, source=source, **changes)


def read(data: Data, project: Path) -> tuple[Images, dict[str, int]]:
    """What the stages fetch and prepare do."""
    with open_source(data) as source:
        count = write_table(source.samples, project / "raw")
        assert source.total in (count, None)
    images = read_images(project / "raw", data, project / "decoded.bin")
    assert len(images.table) == count
    return images, dict(source.skipped)


def assert_kept_and_flagged(images: Images, outcome: Outcome) -> None:
    facts, found = images.table.facts, images.found
    paths, labels = facts["path"].to_pylist(), facts["label"].to_pylist()
    remaining = Counter((paths[row], labels[row]) for row in np.flatnonzero(found.kept))
    expected = [(path, path.split("/")[0]) for path in healthy() if path not in outcome.without]
    assert remaining == Counter(expected) + Counter(outcome.kept)
    flags = sorted((paths[f.row], f.check, f.reason) for f in found.flags if f.row is not None)
    assert [flag[:2] for flag in flags] == sorted(flag[:2] for flag in outcome.flagged)
    for (path, _, reason), (_, _, pattern) in zip(flags, sorted(outcome.flagged), strict=True):
        assert re.search(pattern, reason), (path, reason)


def assert_shown(images: Images, outcome: Outcome) -> None:
    paths = images.table.facts["path"].to_pylist()
    for path, (quadrants, within) in outcome.shows.items():
        [array] = images.table.pixels(np.array([paths.index(path)]))
        assert far(array, quadrants) <= within, array[[5, 5, 10, 10], [3, 12, 3, 12]]


def far(array: np.ndarray, quadrants: Quadrants) -> int:
    """The greatest difference in the middle of any quadrant."""
    middles = array[[5, 5, 10, 10], [4, 11, 4, 11]].astype(int)
    return int(np.abs(middles - np.array(quadrants)).max())


def state(root: Path, without: Path) -> dict[str, object]:
    """Everything below `root`: kind, time of the last change, and contents."""
    found: dict[str, object] = {}
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if Path(folder, name) != without]
        for name in (*folders, *files):
            path = os.path.join(folder, name)  # noqa: PTH118  # names that are no text too
            try:
                facts = os.lstat(path)
            except OSError:  # a path too long for any call to the system
                continue
            contents: object = None
            if stat.S_ISLNK(facts.st_mode):
                contents = os.readlink(path)  # noqa: PTH115
            elif stat.S_ISREG(facts.st_mode) and facts.st_size < 2**24:
                contents = Path(path).read_bytes()
            found[path] = (facts.st_mode, facts.st_mtime_ns, facts.st_size, contents)
    return found
