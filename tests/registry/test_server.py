"""All of it against a real tracking server."""

import time

import pytest
from local_server import LocalServer
from tracked_project import Project, digits

from constancy.errors import UserError
from constancy.registry.store import answering, connect
from constancy.registry.tracking import create_run
from constancy.serving.load import find_model
from constancy.serving.predictor import Predictor


def test_a_team_server_keeps_runs_and_models_and_may_go_away(
    project: Project, server: LocalServer, capfd: pytest.CaptureFixture[str]
) -> None:
    project = project.with_tracking(uri=server.uri)
    tracking = project.settings.tracking
    capfd.readouterr()
    client = connect(tracking)
    run_id = create_run(client, project.settings)
    first = project.register(run_id=run_id)
    again = project.register(run_id=run_id)
    assert (first.version, first.alias) == (again.version, again.alias) == (1, "champion")
    assert capfd.readouterr() == ("", "")
    assert client.get_model_version_by_alias("constancy", "champion").run_id == run_id
    images = list(digits()[0][:3])
    assert len(Predictor(find_model("champion", tracking)).predict(images)) == 3

    server.stop()
    start = time.monotonic()
    with pytest.raises(UserError, match=f"{server.uri} does not answer"), answering(client):
        client.get_run(run_id)
    assert time.monotonic() - start < 8
    with pytest.raises(UserError, match=f"{server.uri} does not answer"):
        project.register(run_id=run_id)
