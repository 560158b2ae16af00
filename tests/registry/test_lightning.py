"""Live training metrics, under a real Trainer."""

import warnings
from pathlib import Path

import pytest
import torch
from pytorch_lightning import LightningModule, Trainer
from torch.utils.data import DataLoader
from tracked_project import Project

from constancy.registry.lightning import RunLogger, lightning_logger
from constancy.registry.store import connect
from constancy.registry.tracking import start_run


class Line(LightningModule):
    def __init__(self, rate: float = 0.1) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.weight = torch.nn.Linear(1, 1)

    def training_step(self, batch: torch.Tensor) -> torch.Tensor:
        loss = (self.weight(batch) - batch).square().mean()
        self.log("train_loss", loss, on_step=False, on_epoch=True)
        return loss

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), 0.1)


def fit(logger: RunLogger | None, folder: Path) -> int:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        trainer = Trainer(
            accelerator="cpu",
            max_epochs=3,
            logger=logger or False,
            default_root_dir=folder,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
        trainer.fit(Line(), DataLoader(torch.ones(4, 1), batch_size=2))
    return trainer.current_epoch


def test_metrics_of_every_epoch_are_in_the_run_which_stays_open(project: Project) -> None:
    tracking = project.settings.tracking
    run_id = start_run(project.settings)
    fit(lightning_logger(tracking, run_id), Path.cwd())
    client = connect(tracking)
    history = client.get_metric_history(run_id, "train_loss")
    assert [point.step for point in history] == [1, 3, 5]
    assert history[0].value > history[-1].value
    run = client.get_run(run_id)
    assert run.info.status == "RUNNING"
    assert "rate" not in run.data.params


def test_a_server_that_goes_away_costs_one_warning_and_no_training(
    project: Project, nobody: str, capfd: pytest.CaptureFixture[str]
) -> None:
    from mlflow import MlflowClient

    capfd.readouterr()
    assert fit(RunLogger(MlflowClient(nobody), "f" * 32), Path.cwd()) == 3
    lines = [line for line in capfd.readouterr().err.splitlines() if line.startswith("warning")]
    assert len(lines) == 1
    assert lines[0].endswith("training goes on, its further metrics are not tracked")


def test_there_is_no_logger_without_a_run_or_a_store(
    project: Project, nobody: str, capfd: pytest.CaptureFixture[str]
) -> None:
    tracking = project.with_tracking(uri=nobody).settings.tracking
    assert lightning_logger(tracking, None) is None
    assert capfd.readouterr().err == ""
    assert lightning_logger(tracking, "f" * 32) is None
    assert capfd.readouterr().err.count("\n") == 1
