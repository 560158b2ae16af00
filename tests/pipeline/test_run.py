"""The whole pipeline on real digits, run as a user runs it."""

import json
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from images import encoded, image_folder
from mlflow import MlflowClient
from project import SMALL, Project, clone
from ruamel.yaml import YAML
from sklearn.datasets import load_digits

from constancy.models.disk import weights_digest
from constancy.settings.base import FACTORS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def test_the_committed_params_give_a_champion_that_holds_under_every_factor(
    finished_project: Project,
) -> None:
    metrics = finished_project.json("reports/metrics.json")
    assert metrics["clean"]["count"] >= 250
    assert metrics["clean"]["accuracy"] >= 0.99
    assert list(metrics["factors"]) == list(FACTORS)
    accuracies = [factor["accuracy"] for factor in metrics["factors"].values()]
    assert min(accuracies) >= 0.93
    assert sum(accuracies) / len(accuracies) >= 0.98
    assert metrics["combined"]["accuracy"] >= 0.85
    for factor in (*metrics["factors"].values(), metrics["combined"]):
        assert factor["accuracy"] == pytest.approx(sum(factor["severities"]) / 5)
    decision = finished_project.json("reports/decision.json")
    assert (decision["verdict"], decision["alias"], decision["version"]) == (
        "promoted",
        "champion",
        1,
    )
    assert decision["champion_before"] is None
    assert all(check["held"] for check in decision["floors"])


def test_a_run_ends_with_a_short_table(finished_project: Project) -> None:
    log = (finished_project.folder / "run.log").read_text()
    for name in ("clean", *FACTORS):
        assert re.search(rf"^{name} +[01]\.\d{{4}} ", log, re.MULTILINE), name
    assert "Verdict  promoted: constancy version 1, alias champion" in log
    assert "reports/report.html" in log
    assert "make ui" in log


def test_the_run_is_tracked_with_everything_that_it_made(finished_project: Project) -> None:
    client = MlflowClient(f"sqlite:///{finished_project.folder / 'mlflow.db'}")
    run = client.get_run(client.get_model_version("constancy", "1").run_id)
    metrics = finished_project.json("reports/metrics.json")
    assert run.info.status == "FINISHED"
    assert run.data.params["train.epochs"]
    assert run.data.metrics["clean/accuracy"] == metrics["clean"]["accuracy"]
    epochs = client.get_metric_history(run.info.run_id, "validation_score")
    assert len(epochs) == finished_project.json("reports/run.json")["epochs"]
    files = {file.path for file in client.list_artifacts(run.info.run_id)}
    made = {"report.html", "metrics.json", "decision.json", "plots", "predictions.npz"}
    assert made <= files
    assert run.inputs.dataset_inputs[0].dataset.digest.endswith(".dir")


def test_the_report_says_what_became_of_the_model(finished_project: Project) -> None:
    page = (finished_project.folder / "reports/report.html").read_text()
    assert "<strong>constancy 1, champion</strong> Promoted: " in page


def test_the_champion_is_compared_with_the_last_run(finished_project: Project) -> None:
    files = ("--json", "compared.json", "--html", "compared.html")
    done = finished_project.run("constancy", "compare", "champion", *files)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].split()[:4] == ["constancy", "1", "(champion)", "reports"]
    assert "both give the very same answers" in done.stdout
    assert re.fullmatch(r"clean .* \+0\.0000 .* level   p 1", lines[1])
    assert finished_project.json("compared.json")["broken"] == []
    assert (finished_project.folder / "compared.html").exists()
    missing = finished_project.run("constancy", "compare", "7")
    assert missing.returncode == 2
    assert "'7' is neither a folder, nor a run, nor a version" in missing.stderr


def test_a_second_run_does_nothing_and_says_so(finished_project: Project) -> None:
    done = finished_project.run("constancy", "run")
    assert done.returncode == 0
    assert "Nothing has changed: every stage is up to date." in done.stdout
    assert "Running stage" not in done.stdout
    assert "Verdict  promoted" in done.stdout


def test_status_shows_data_run_metrics_and_champion(finished_project: Project) -> None:
    done = finished_project.run("constancy", "status")
    assert done.returncode == 0
    assert re.search(r"^Data +digits: [\d,]+ train, .*; 10 classes$", done.stdout, re.MULTILINE)
    assert re.search(
        r"^Run +cnn, epoch \d+ of \d+ was best, validation score", done.stdout, re.MULTILINE
    )
    assert re.search(r"^Champion +constancy version 1$", done.stdout, re.MULTILINE)
    assert re.search(r"^clean +[01]\.\d{4}", done.stdout, re.MULTILINE)


def test_the_champion_classifies_files(finished_project: Project, tmp_path: Path) -> None:
    from PIL import Image

    digits = load_digits()
    files = []
    for number in range(20):
        files.append(tmp_path / f"{number}.png")
        Image.fromarray((digits.images[number] * 255 / 16).astype("uint8")).save(files[-1])
    (tmp_path / "bad.png").write_text("no image")
    names = [str(file) for file in files]
    done = finished_project.run("constancy", "predict", *names, str(tmp_path / "bad.png"))
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert [row[0] for row in rows] == names
    right = sum(int(row[1]) == label for row, label in zip(rows, digits.target[:20], strict=True))
    assert right >= 19
    assert all(0 < float(row[2]) <= 1 for row in rows)
    assert done.returncode == 2
    assert "bad.png" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_params_metrics_and_plots_are_dvcs(finished_project: Project) -> None:
    shown = finished_project.run("dvc", "metrics", "show").stdout
    assert "reports/metrics.json" in shown
    assert "worst_factor.accuracy" in shown
    plots = finished_project.run("dvc", "plots", "show", "--json")
    assert plots.returncode == 0, plots.stderr
    drawn = json.loads(plots.stdout)["data"]
    assert {"severity", "confusion", "reports/history.csv"} <= set(drawn)
    for plot, columns in (
        ("severity", (*FACTORS, "combined")),
        ("confusion", ("actual", "predicted")),
    ):
        assert all(f'"{column}"' in json.dumps(drawn[plot]) for column in columns)


def test_two_clones_give_the_same_weights_bit_for_bit(small_run: Project, tmp_path: Path) -> None:
    other = clone(tmp_path / "other")
    other.set(SMALL)
    empty = ("commit", "--quiet", "--allow-empty", "--message", "Another commit")
    subprocess.run(["git", *empty], cwd=other.folder, check=True)
    done = other.run("dvc", "repro")
    assert done.returncode == 0, done.stdout + done.stderr
    folders = [project.folder / "models/candidate" for project in (small_run, other)]
    assert weights_digest(folders[0]) == weights_digest(folders[1])
    ours, theirs = outputs(small_run), outputs(other)
    assert len(theirs) == 16
    assert ours == theirs


def outputs(project: Project) -> dict[str, str]:
    """The hash of each output, as dvc.lock records it."""
    stages = YAML(typ="safe").load((project.folder / "dvc.lock").read_text())["stages"]
    return {out["path"]: out["md5"] for stage in stages.values() for out in stage["outs"]}


def test_only_what_changed_runs_again(small_project: Project) -> None:
    small_project.set({"evaluate.examples": 3})
    done = small_project.run("constancy", "run")
    assert done.returncode == 0, done.stderr
    assert re.findall(r"Running stage '(\w+)'", done.stdout) == ["evaluate", "register"]
    assert small_project.json("reports/decision.json")["version"] == 1  # the same model


def test_an_experiment_needs_no_edit(small_project: Project) -> None:
    done = small_project.run(
        "dvc", "exp", "run", "-S", "model.name=mlp", "-S", "train.epochs=1", "--name", "dense"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert small_project.json("reports/run.json")["network"] == "mlp"
    listed = subprocess.run(
        small_project.arguments("dvc", "exp", "list", "--name-only"),
        cwd=small_project.folder,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "dense" in listed.stdout


@pytest.fixture
def pets(small_project: Project) -> tuple[Project, Path]:
    """A project of a folder outside what DVC watches, with the two stages that read images."""
    file = small_project.folder / "dvc.yaml"
    stages = YAML(typ="safe").load(file.read_text())["stages"]
    YAML().dump({"stages": {name: stages[name] for name in ("fetch", "prepare")}}, file)
    small_project.set({"data.source": "folder:pets"})
    return small_project, image_folder(small_project.folder / "pets", {"cat": 30, "dog": 30})


def test_new_images_in_a_folder_are_noticed(pets: tuple[Project, Path]) -> None:
    project, images = pets
    first = project.run("constancy", "run")
    assert first.returncode == 0, first.stdout + first.stderr
    assert project.json("reports/fetch.json")["images"] == 60
    again = project.run("constancy", "run")
    assert "Nothing has changed" in again.stdout
    (images / "cat" / "new.png").write_bytes(encoded(999))
    second = project.run("constancy", "run")
    assert second.returncode == 0, second.stdout + second.stderr
    assert "folder:pets has changed: fetching it anew" in second.stdout
    assert project.json("reports/data.json")["images"] == 61


def test_a_source_that_was_mended_after_an_error_is_noticed(pets: tuple[Project, Path]) -> None:
    project, images = pets
    (aside := project.folder / "aside").mkdir()
    for dog in sorted((images / "dog").iterdir())[2:]:
        dog.rename(aside / dog.name)
    first = project.run("constancy", "run")
    assert first.returncode == 2, first.stdout + first.stderr
    assert "'dog' has 2 of the 10 images" in first.stderr.splitlines()[-1]
    for dog in aside.iterdir():
        dog.rename(images / "dog" / dog.name)
    second = project.run("constancy", "run")
    assert second.returncode == 0, second.stdout + second.stderr
    assert "folder:pets has changed: fetching it anew" in second.stdout
    assert project.json("reports/data.json")["images"] == 60


def test_a_source_that_changes_after_dvc_repro_is_noticed(pets: tuple[Project, Path]) -> None:
    project, images = pets
    first = project.run("dvc", "repro")
    assert first.returncode == 0, first.stdout + first.stderr
    (images / "cat" / "new.png").write_bytes(encoded(999))
    second = project.run("constancy", "run")
    assert second.returncode == 0, second.stdout + second.stderr
    assert "folder:pets has changed: fetching it anew" in second.stdout
    assert project.json("reports/data.json")["images"] == 61


@contextmanager
def training(project: Project) -> Iterator["subprocess.Popen[str]"]:
    """`constancy run` in the middle of a long training; it is ended with the block."""
    project.set({"train.epochs": 10_000, "train.patience": 10_000})
    shutil.rmtree(project.folder / ".constancy" / "training")
    with subprocess.Popen(
        project.arguments("constancy", "run"),
        cwd=project.folder,
        env=project.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            while not list(project.folder.glob(".constancy/training/*/last.ckpt")):
                assert process.poll() is None, process.communicate()
                time.sleep(0.1)
            yield process
        finally:
            process.terminate()


def processes_in(folder: Path) -> list[str]:
    """The command lines of all processes that work in a folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # another user's, or it has ended
            if (process / "cwd").readlink() == folder:
                found.append((process / "cmdline").read_text())
    return found


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_to_end_ends_the_stage_too(small_project: Project, number: int) -> None:
    with training(small_project) as process:
        assert any("pipelines/train.py" in each for each in processes_in(small_project.folder))
        process.send_signal(number)
        _, told = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert "BrokenPipeError" not in told
    if number == signal.SIGTERM:
        assert "Traceback" not in told
    assert processes_in(small_project.folder) == []


def test_a_second_run_meanwhile_says_who_is_at_work(small_project: Project) -> None:
    with training(small_project):
        second = small_project.run("constancy", "run")
    assert second.returncode == 2
    sentence = r"constancy: process (\d+) is running this pipeline already: wait .*\n"
    assert re.fullmatch(sentence, second.stderr), second.stderr


def test_two_processes_train_one_model_in_one_run(small_project: Project) -> None:
    small_project.set(
        {"train.accelerator": "cpu", "train.devices": 2, "train.strategy": "ddp", "train.epochs": 1}
    )
    store = f"sqlite:///{small_project.folder / 'mlflow.db'}"
    before = len(MlflowClient(store).search_runs(["1"]))
    done = small_project.run("dvc", "repro", "train")
    assert done.returncode == 0, done.stdout + done.stderr
    assert small_project.json("reports/run.json")["epochs"] == 1
    assert len(MlflowClient(store).search_runs(["1"])) == before + 1
    assert weights_digest(small_project.folder / "models/candidate")
