"""Training metrics, under a real Trainer."""

from line import STEPS, fit
from tracked_project import Project, runs

from constancy.registry.run import tracked_run
from constancy.registry.store import connect


def test_metrics_of_every_epoch_are_in_the_run(project: Project, patient: None) -> None:
    with tracked_run(project.settings, "key") as run:
        assert fit(run.logger) == 3
    (found,) = runs(project)
    history = connect(project.settings.tracking).get_metric_history(found.info.run_id, "train_loss")
    assert [point.step for point in history] == [STEPS - 1, 2 * STEPS - 1, 3 * STEPS - 1]
    assert history[0].value > history[-1].value
    assert "rate" not in found.data.params
