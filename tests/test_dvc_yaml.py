"""What dvc.yaml says of each stage is what the stage's code does."""

from pathlib import Path
from typing import Any

import pytest
from project import REPOSITORY
from ruamel.yaml import YAML

from constancy.code import PACKAGE, own_files
from constancy.registry.package import serving_code

PIPELINES = ("dvc.yaml", "pipelines/why-convolution/dvc.yaml")
STAGES: dict[str, Any] = {
    name: stage
    for file in PIPELINES
    for name, stage in YAML(typ="safe").load((REPOSITORY / file).read_text())["stages"].items()
}

# How a stage works, not what it makes; and settings, which reach it as params.
PLUMBING = (
    "addresses",
    "errors",
    "files",
    "locks",
    "parallel",
    "paths",
    "progress",
    "stage",
    "settings",
)
# What training tells of itself, and where it keeps its state, changes nothing of what it makes.
BESIDE = ("registry", "addresses", "code")


def names(files: list[Path]) -> set[str]:
    modules = [path.relative_to(PACKAGE) for path in files if path.name != "__init__.py"]
    return {
        path.as_posix() for path in modules if path.parts[0].removesuffix(".py") not in PLUMBING
    }


def named(stage: str) -> list[str]:
    prefix = "src/constancy/"
    return [dep.removeprefix(prefix) for dep in STAGES[stage]["deps"] if dep.startswith(prefix)]


def covers(dep: str, file: str) -> bool:
    return file == dep or file.startswith(f"{dep}/")


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_names_all_code_of_ours_that_decides_what_it_makes(stage: str) -> None:
    code = names(own_files(REPOSITORY / STAGES[stage]["cmd"].removeprefix("python ")))
    if stage == "train":
        code = {file for file in code if not file.startswith(BESIDE)}
    if stage == "register":
        code |= names(serving_code())
    deps = named(stage)
    assert {file for file in code if not any(covers(dep, file) for dep in deps)} == set()
    texts = [dep for dep in deps if not dep.endswith((".css", ".j2"))]
    assert [dep for dep in texts if not any(covers(dep, file) for file in code)] == []


@pytest.mark.parametrize("stage", STAGES)
def test_everything_that_a_stage_names_is_there(stage: str) -> None:
    made = {next(iter(out)) if isinstance(out, dict) else out
            for each in STAGES.values() for kind in ("outs", "metrics", "plots")
            for out in each.get(kind, [])}  # fmt: skip
    for dep in STAGES[stage]["deps"]:
        inside = any(covers(out, dep) for out in made)
        assert inside or (REPOSITORY / dep).exists(), dep


def test_what_hangs_on_libraries_is_made_anew_with_others() -> None:
    for stage in ("fetch", "prepare", "augment", "train", "evaluate"):
        assert "requirements.lock" in STAGES[stage]["deps"]


def test_pages_hang_on_their_templates() -> None:
    for stage, template in (("prepare", "data/report.html.j2"), ("evaluate", "evaluation")):
        assert {template, "page.css"} <= set(named(stage))
