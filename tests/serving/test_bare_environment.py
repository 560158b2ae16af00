"""The registered model where its pip requirements are all that is installed: MLflow loads it, and
MLflow's own command serves it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from local_server import LocalServer, free_port
from project import REPOSITORY
from scoring_server import ask, records, text
from tracked_project import Project, png

TEN = [str(digit) for digit in range(10)]

LOAD = """
import importlib.util, sys
from pathlib import Path
assert importlib.util.find_spec("constancy") is None and importlib.util.find_spec("dvc") is None
import mlflow, pandas
model = mlflow.pyfunc.load_model("models:/constancy@champion")
images = [file.read_bytes() for file in sorted(Path(sys.argv[1]).glob("*.png"))]
print(*model.predict(pandas.DataFrame({"image": images}))["label"])
"""


@pytest.fixture
def bare(champion: Project) -> dict[str, str]:
    """The variables of such an environment, made in the project's folder; python is on its path."""
    (requirements,) = Path.cwd().glob("mlartifacts/models/*/artifacts/requirements.txt")
    place, uv = Path("bare").resolve(), Path(sys.executable).with_name("uv")
    # The lock names what the requirements need in their turn, which is here already.
    lock = REPOSITORY / "requirements.lock"
    for command in (
        [uv, "venv", "--quiet", place],
        [uv, "pip", "install", "--quiet", "--python", place, "-r", requirements, "-c", lock],
    ):
        subprocess.run(command, check=True, timeout=240)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    path = f"{place / 'bin'}{os.pathsep}/usr/bin{os.pathsep}/bin"
    return kept | {"PATH": path, "MLFLOW_TRACKING_URI": f"sqlite:///{Path('mlflow.db').resolve()}"}


@pytest.mark.slow
def test_mlflow_loads_and_serves_the_champion_by_itself(
    champion: Project, bare: dict[str, str], ten_digits: list[np.ndarray], tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for digit, image in enumerate(ten_digits):
        (elsewhere / f"{digit}.png").write_bytes(png(image))
    python = str(Path("bare/bin/python").absolute())
    loaded = subprocess.run(
        [python, "-c", LOAD, "."],
        cwd=elsewhere,
        env=bare,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert loaded.returncode == 0, loaded.stderr
    assert loaded.stdout.split() == TEN

    (example,) = Path.cwd().glob("mlartifacts/models/*/artifacts/serving_input_example.json")
    port = free_port()
    command = [
        *(python, "-m", "mlflow", "models", "serve", "--model-uri", "models:/constancy@champion"),
        *("--env-manager", "local", "--host", "127.0.0.1", "--port", str(port)),
    ]
    server = LocalServer(command, port=port, folder=elsewhere, variables=bare)
    try:
        server.wait()
        split = {"columns": ["image"], "data": [[text(image)] for image in ten_digits]}
        for body in (records(ten_digits), {"dataframe_split": split}):
            predictions = ask(server, body).json()["predictions"]
            assert [each["label"] for each in predictions] == TEN
            assert set(predictions[0]) == {"label", "probability", "probabilities"}
            assert set(predictions[0]["probabilities"]) == set(TEN)
        answer = ask(server, json.loads(example.read_text()))
        assert len(answer.json()["predictions"]) == 2
        broken = {"dataframe_records": [{"image": text(ten_digits[0])}, {"image": "bm8="}]}
        refused = ask(server, broken)
        assert refused.status_code == 400
        assert "image 2 cannot be read" in refused.json()["message"]
        assert "Traceback" not in refused.text
    finally:
        server.stop()
