"""A user's mistake, through the real pipeline: one sentence, exit code 2, last good outputs kept."""

import hashlib
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from images import image_folder
from project import Project

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

OUTPUTS = ("data", "models", "reports")


def state(project: Project) -> dict[str, str]:
    """Every output of the project with its hash."""
    return {
        str(path.relative_to(project.folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for name in OUTPUTS
        for path in sorted((project.folder / name).rglob("*"))
        if path.is_file()
    }


def assert_refused(project: Project, message: str, *command: str) -> None:
    before = state(project)
    assert len(before) > 20
    done = project.run(*(command or ("constancy", "run")))
    assert done.returncode == 2, done.stdout + done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("constancy: ")
    assert message in last
    assert state(project) == before


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("folder:nowhere", "data.source: there is no folder at nowhere"),
        ("archive:nowhere.zip", "data.source: there is no file at nowhere.zip"),
        ("folder:texts", "texts holds no images in class folders"),
        ("archive:params.yaml", "params.yaml cannot be read as a tar or zip archive"),
    ],
)
def test_a_source_that_cannot_be_used(small_project: Project, source: str, message: str) -> None:
    folder = small_project.folder
    (folder / "texts" / "cat").mkdir(parents=True)
    (folder / "texts" / "cat" / "1.txt").write_text("x")
    small_project.set({"data.source": source})
    assert_refused(small_project, message)


def test_a_class_with_one_image(small_project: Project) -> None:
    """Only preparation can know: the image table is new by then, all that follows as it was."""
    image_folder(small_project.folder / "lonely", {"cat": 20, "dog": 20, "owl": 1})
    small_project.set({"data.source": "folder:lonely"})
    assert small_project.run("dvc", "repro", "fetch").returncode == 0
    assert_refused(small_project, "class 'owl' has 1 of the 10 images")


def test_an_archive_with_a_wrong_hash(small_project: Project) -> None:
    image_folder(small_project.folder / "pets", {"cat": 20, "dog": 20})
    shutil.make_archive(str(small_project.folder / "pets"), "zip", small_project.folder / "pets")
    small_project.set({"data.source": "archive:pets.zip", "data.sha256": "f" * 64})
    assert_refused(small_project, "data.sha256: pets.zip has the hash")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "    occlusion: 1",
            "    ocluson: 1",
            "unknown key 'variation.copies.ocluson': did you mean",
        ),
        (
            "[5, 10, 15, 20, 30]",
            "[-5, 10, 15, 20, 30]",
            "tilt, value 1: should be greater than 0, not -5",
        ),
        ("kernel: 3", "kernels: 3", "unknown key 'model.cnn.kernels': did you mean 'kernel'?"),
        (
            "{floor: 0.97",
            "{floor: 97",
            "promotion.checks.clean.floor: should be less than or equal to 1",
        ),
    ],
)
def test_a_wrong_key_or_value_is_told_before_any_stage_starts(
    small_project: Project, old: str, new: str, message: str
) -> None:
    path = small_project.folder / "params.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    assert_refused(small_project, message)
    assert_refused(small_project, message, "python", "pipelines/evaluate.py")


def test_the_uis_port_is_taken(small_project: Project) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert_refused(small_project, f"port {port} ", "constancy", "ui", "--port", str(port))


def test_a_run_outside_a_project(tmp_path: Path) -> None:
    done = Project(tmp_path).run("constancy", "run")
    assert done.returncode == 2
    assert done.stderr == ("constancy: params.yaml is missing: run this in the project's folder\n")


NAMESPACE = ["unshare", "--mount", "--map-root-user"]


def in_a_namespace(project: Project, script: str) -> "subprocess.CompletedProcess[str]":
    """Run a shell script as root of a mount namespace of its own, which ends with it."""
    return subprocess.run(
        [*NAMESPACE, "sh", "-ec", script],
        cwd=project.folder,
        env=project.environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture
def namespaces() -> None:
    if shutil.which("unshare") is None:
        pytest.skip("unshare is missing: mount namespaces cannot be made")
    if subprocess.run([*NAMESPACE, "true"], capture_output=True, check=False).returncode:
        pytest.skip("mount namespaces are not allowed here")


@pytest.mark.usefixtures("namespaces")
@pytest.mark.parametrize(
    ("stage", "folder"),
    [
        ("fetch", "data"),
        ("prepare", "data"),
        ("augment", "data"),
        ("train", "models"),
        ("evaluate", "reports"),
    ],
)
def test_a_full_disk_in_the_middle_of_a_stage(
    small_project: Project, stage: str, folder: str
) -> None:
    """On a real file system that has room for the last good outputs and for 100 KB more."""
    root = small_project.folder
    before = state(small_project)
    files = (path for path in (root / folder).rglob("*") if path.is_file())
    size = sum(-(-path.stat().st_size // 4096) * 4096 for path in files)  # in whole pages
    done = in_a_namespace(
        small_project,
        f"""
        mkdir full
        mount -t tmpfs -o size={size + 100_000} tmpfs full
        cp -a {folder}/. full/
        mount --bind full {folder}
        code=0
        {sys.executable} pipelines/{stage}.py || code=$?
        umount {folder}
        rm -rf after && cp -a full after
        exit $code
        """,
    )
    assert done.returncode == 2, done.stdout + done.stderr
    assert "disk is full: free some space and run again" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    after = {
        f"{folder}/{path.relative_to(root / 'after')}": hashlib.sha256(
            path.read_bytes()
        ).hexdigest()
        for path in (root / "after").rglob("*")
        if path.is_file()
    }
    assert after == {name: value for name, value in before.items() if name.startswith(f"{folder}/")}


@pytest.mark.usefixtures("namespaces")
@pytest.mark.parametrize("room", [0, 16_384])
def test_a_full_disk_in_the_middle_of_the_registration(small_project: Project, room: int) -> None:
    """The database has room for so many bytes more, and stays whole."""
    root = small_project.folder
    before = state(small_project)
    size = -(-(root / "mlflow.db").stat().st_size // 4096) * 4096
    done = in_a_namespace(
        small_project,
        f"""
        mkdir full
        mount -t tmpfs -o size={size + 4096 + room} tmpfs full
        cp mlflow.db full/
        code=0
        MLFLOW_TRACKING_URI=sqlite:///full/mlflow.db {sys.executable} pipelines/register.py || code=$?
        cp full/mlflow.db mlflow.db
        exit $code
        """,
    )
    assert done.returncode == 2, done.stdout + done.stderr
    last = done.stderr.splitlines()[-1]
    assert last.endswith("/full/mlflow.db: the disk is full: free some space and run again")
    assert "Traceback" not in done.stderr
    assert state(small_project) == before
    with closing(sqlite3.connect(root / "mlflow.db")) as database:
        assert database.execute("pragma integrity_check").fetchone() == ("ok",)
    assert small_project.run("python", "pipelines/register.py").returncode == 0


@pytest.mark.usefixtures("namespaces")
@pytest.mark.parametrize(("stage", "folder"), [("fetch", "data"), ("register", "reports")])
def test_no_permission_to_write(small_project: Project, stage: str, folder: str) -> None:
    before = state(small_project)
    done = in_a_namespace(
        small_project,
        f"""
        mount --bind {folder} {folder}
        mount -o remount,ro,bind {folder}
        {sys.executable} pipelines/{stage}.py
        """,
    )
    assert done.returncode == 2, done.stdout + done.stderr
    assert "read-only: make it writable and run again" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert state(small_project) == before


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_a_folder_that_is_not_mine(small_project: Project) -> None:
    (small_project.folder / "data").chmod(0o500)
    small_project.set({"data.source": "folder:texts"})
    image_folder(small_project.folder / "texts", {"cat": 20, "dog": 20})
    assert_refused(small_project, "permission denied: make it writable and run again")
