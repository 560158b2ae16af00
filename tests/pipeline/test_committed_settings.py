"""The whole pipeline with the committed settings, run as a user runs it, and what it leaves."""

import json
import re
from pathlib import Path

import pytest
from mlflow import MlflowClient
from project import Project
from sklearn.datasets import load_digits

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
    trained = finished_project.json("reports/run.json")
    for name in ("validation_score", "rate", "mix_occlusion"):
        assert len(client.get_metric_history(run.info.run_id, name)) == trained["epochs"], name
    assert run.data.metrics["images_per_second"] > 0
    assert run.data.tags["choices.precision"] == trained["choices"]["precision"]
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
