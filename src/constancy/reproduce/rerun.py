"""The pipeline of a commit, run again in a folder of its own up to the evaluation."""

import os
import sys
from pathlib import Path

from constancy.paths import PARAMS, PREPARED, RAW
from constancy.pipeline import run_dvc
from constancy.registry.lineage import THREADS_TAG, data_digests
from constancy.reproduce.data import restore, share_dvc
from constancy.reproduce.outcome import NotReproducibleError

_STORE = "sqlite:///mlflow.db"

# As if nothing had ever been run, of what is named only, and without a trace in the shared cache.
_REPRO = ("repro", "--single-item", "--force", "--no-run-cache", "--no-commit")


def rerun(tree: Path, project: Path, tags: dict[str, str]) -> None:
    """Make the data again, train and evaluate, in `tree`: the project at the version's commit.

    project: the user's, from which come DVC's cache, its remotes, and what of the source lies in no
    commit; tags: of the version's run. The image table comes from DVC, or else from the source; it
    and the prepared splits must be those of the version. What is tracked goes to a store in `tree`.

    Raises NotReproducibleError.
    """
    if not ((tree / PARAMS).is_file() and (tree / ".dvc").is_dir()):
        raise NotReproducibleError(f"Its commit has no {PARAMS} or no .dvc in this folder.")
    _stand_alone(tree / PARAMS, project)
    share_dvc(tree, project)
    variables = _variables(tree, tags)
    digest = tags.get(f"{RAW}.md5")
    if digest is None or not restore(tree, digest):
        _run(tree, variables, "fetch")
        _check(tree, tags, RAW, "the source has changed since")
    _run(tree, variables, "prepare")
    _check(tree, tags, PREPARED, "other libraries decode otherwise, or the source has changed")
    _run(tree, variables, "augment", "train", "evaluate")


def _stand_alone(params: Path, project: Path) -> None:
    """Have params.yaml name a store of its own, and the project's files where the commit has none.

    Neither changes what the stages make: `tracking` is read by none of them up to the evaluation,
    and files are told by their contents.
    """
    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.width = 1 << 20  # no line is broken anew
    values = yaml.load(params)
    values["tracking"]["uri"] = _STORE
    data, model = values["data"], values["model"]
    kind, colon, place = data["source"].partition(":")
    if kind != "torchvision":  # whose place is a name, as a folder in the project may have it
        data["source"] = f"{kind}{colon}{_found(place, params.parent, project)}"
    for section, key in ((data, "root"), (model, "weights")):
        if section.get(key):
            section[key] = _found(section[key], params.parent, project)
    yaml.dump(values, params)


def _found(place: str, tree: Path, project: Path) -> str:
    """The place as it is named, or the file or folder in the project that it means."""
    meant = project / Path(place).expanduser()
    missing = place and "://" not in place and not (tree / place).exists()
    return str(meant.absolute()) if missing and meant.exists() else place


def _variables(tree: Path, tags: dict[str, str]) -> dict[str, str]:
    """The environment of the stages: the commit's code, and as many threads as then."""
    path = os.pathsep.join(filter(None, [str(tree / "src"), os.environ.get("PYTHONPATH")]))
    threads = tags.get(THREADS_TAG)
    return {"PYTHONPATH": path} | ({"OMP_NUM_THREADS": threads} if threads else {})


def _run(tree: Path, variables: dict[str, str], *stages: str) -> None:
    # Not `constancy.dvc`, which the commit may not have; standard output is for the outcome.
    end = run_dvc(
        *_REPRO, *stages, module="dvc", folder=tree, output=sys.stderr, variables=variables
    )
    if end.code:
        reason = end.sentence or f"it ends with exit code {end.code}; see above"
        raise NotReproducibleError(f"Its pipeline cannot be run again: {reason}.")


def _check(tree: Path, tags: dict[str, str], path: Path, why: str) -> None:
    then, here = tags.get(f"{path}.md5"), data_digests(tree).get(str(path))
    if then not in (None, here):
        raise NotReproducibleError(f"Its data differ: {path} is {here}, not {then}: {why}.")
