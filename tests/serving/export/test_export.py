"""`constancy export`: a checked file, its speed, what quantisation costs, or nothing."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from click.testing import CliRunner, Result

from constancy.cli import main
from constancy.data.packed import PackedSplit
from constancy.files import read_json
from constancy.paths import CANDIDATE, PREPARED
from constancy.serving.export import export as module
from constancy.serving.export.onnx_file import open_onnx
from constancy.serving.predictor import Predictor


def export(*options: str) -> Result:
    return CliRunner().invoke(main, ["export", "--model", str(CANDIDATE), *options])


def test_the_file_answers_as_the_predictor_does(project: Path) -> None:
    outcome = export("--format", "onnx", "--json", "export.json")
    assert outcome.exit_code == 0, outcome.output
    images = np.array(PackedSplit.load(PREPARED / "test").images)
    expected = [list(p.probabilities.values()) for p in Predictor(CANDIDATE).classify(images)]
    found = open_onnx(Path("exports/candidate.onnx"))(images)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    report = read_json("export.json")
    assert report["largest_difference"] < 1e-5
    assert (report["images"], report["int8"]) == (60, None)
    assert list(report["images_a_second"]) == ["PyTorch", "ONNX Runtime"]
    assert "60 test images, 1, 7 and 500 at once: the same labels" in outcome.stdout


@pytest.mark.parametrize("kind", ["pt2", "safetensors"])
def test_other_formats_go_where_they_are_told(project: Path, kind: str) -> None:
    outcome = export("--format", kind, "--out", f"somewhere/else.{kind}")
    assert outcome.exit_code == 0, outcome.output
    assert [file.name for file in Path("somewhere").iterdir()] == [f"else.{kind}"]


def test_a_file_that_answers_otherwise_is_not_written(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("exports").mkdir()
    Path("exports/candidate.safetensors").write_text("the one before")
    exact = module.FORMATS["safetensors"]
    off = replace(exact, open=lambda path: lambda pixels: exact.open(path)(pixels) + 0.01)
    monkeypatch.setitem(module.FORMATS, "safetensors", off)
    outcome = export("--format", "safetensors")
    assert outcome.exit_code == 2
    assert "probabilities differ by up to 0.01" in outcome.stderr
    (file,) = Path("exports").iterdir()
    assert file.read_text() == "the one before"


def test_quantisation_is_put_before_the_gate(project: Path) -> None:
    outcome = export("--format", "onnx", "--int8", "--json", "int8.json")
    report = read_json("int8.json")
    differences = {each["name"]: each for each in report["int8"]["comparison"]["differences"]}
    assert {"clean", "occlusion", "combined", "sensitivity"} <= differences.keys()
    assert abs(differences["clean"]["difference"]) < 0.1
    assert {each["name"] for each in report["int8"]["floors"]} > {"scale", "calibration_error"}
    # An epoch makes no champion: the floors are missed, and the file is there all the same.
    assert "occlusion" in report["int8"]["missed"]
    assert outcome.exit_code == 3
    assert "The gate would not let it pass: " in outcome.stdout
    assert "ONNX Runtime, int8" in report["images_a_second"]
    quantised = onnx.load("exports/candidate-int8.onnx")
    assert "QuantizeLinear" in {node.op_type for node in quantised.graph.node}
    facts = {each.key: each.value for each in quantised.metadata_props}
    assert json.loads(facts["card"])["classes"] == [str(digit) for digit in range(10)]


def test_int8_is_for_onnx(project: Path) -> None:
    outcome = export("--format", "pt2", "--int8")
    assert (outcome.exit_code, outcome.stderr) == (
        2,
        "constancy: --int8 goes with --format onnx\n",
    )


def test_a_missing_extra_is_named(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    outcome = export("--format", "onnx")
    assert outcome.exit_code == 2
    assert "needs the package onnxruntime: pip install 'constancy[onnx]'" in outcome.stderr
    assert not Path("exports").exists() or not list(Path("exports").iterdir())


def test_without_test_images_the_way_to_some_is_named(project: Path) -> None:
    (project / "data").unlink()
    outcome = export("--format", "safetensors")
    assert outcome.exit_code == 2
    assert "holds no test split: `make run` prepares it" in outcome.stderr


def test_a_model_that_is_not_there_is_told(project: Path) -> None:
    outcome = CliRunner().invoke(main, ["export", "--format", "pt2"])
    assert outcome.exit_code == 2
    assert "has no champion of 'constancy' yet: `make run`" in outcome.stderr
