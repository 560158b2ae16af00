"""Each format holds each kind of network, and answers as the network does."""

import json
import zipfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from safetensors import safe_open

from constancy.models.disk import ModelCard
from constancy.serving.export import onnx_file
from constancy.serving.export.check import largest_difference
from constancy.serving.export.export import FORMATS
from constancy.serving.export.original import Original, answer_of

CNN = {"filters": [4], "kernel": 3, "stride": 1, "pool": 2, "hidden": 8, "dropout": 0.5}
NETWORKS = {
    "mlp": {"hidden": [8], "dropout": 0.5},
    "cnn": CNN,
    "resnet": {"stem": 4, "widths": [4, 6], "depths": [1, 1], "dropout": 0.5},
    "torchvision:squeezenet1_1": {},
    "timm:test_resnet": {},
}


def original(name: str, color: str = "rgb") -> Original:
    """An untrained network for pictures of 17 pixels, whose batch norms have seen some."""
    torch.manual_seed(0)
    channels = 3 if color == "rgb" else 1
    card = ModelCard(
        name=name,
        structure=NETWORKS[name],
        classes=["hen", "fox", "öre"],
        image={"size": 17, "color": color, "fit": "crop"},
        mean=[100.0, 120.0, 140.0][:channels],
        std=[60.0, 50.0, 40.0][:channels],
    )
    network = card.build()
    network(torch.from_numpy(pictures(30, channels)).permute(0, 3, 1, 2))
    return Original(network.eval(), card, "5" * 64)


def pictures(count: int, channels: int) -> np.ndarray:
    rng = np.random.default_rng(1)
    return rng.integers(0, 256, (count, 17, 17, channels), np.uint8)


@pytest.mark.parametrize("kind", ["onnx", "pt2", "safetensors"])
@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_comes_back(tmp_path: Path, name: str, kind: str) -> None:
    model, form = original(name, "grey" if name == "cnn" else "rgb"), FORMATS[kind]
    form.write(tmp_path / "file", model)
    images = pictures(20, len(model.card.mean))
    answer = form.open(tmp_path / "file")
    assert largest_difference(answer_of(model.classifier()), answer, images) < 1e-5
    found = answer(images)
    assert (found.dtype, found.shape) == (np.float32, (20, 3))
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-5)


def pt2_facts(path: Path) -> dict[str, str]:
    facts = {"card": "", "weights_sha256": ""}
    torch.export.load(path, extra_files=facts)
    return facts


def safetensors_facts(path: Path) -> dict[str, str]:
    with safe_open(path, "pt") as file:
        return file.metadata()


@pytest.mark.parametrize(
    ("kind", "facts"), [("pt2", pt2_facts), ("safetensors", safetensors_facts)]
)
def test_a_file_says_what_it_is(
    tmp_path: Path, kind: str, facts: Callable[[Path], dict[str, str]]
) -> None:
    model = original("mlp")
    path = tmp_path / f"model.{kind}"
    FORMATS[kind].write(path, model)
    found = facts(path)
    assert found["weights_sha256"] == model.weights
    assert json.loads(found["card"]) == asdict(model.card)


def test_an_onnx_file_says_what_it_is_but_not_where_it_was_made(tmp_path: Path) -> None:
    model = original("cnn")
    onnx_file.write_onnx(tmp_path / "model.onnx", model)
    written = onnx.load(tmp_path / "model.onnx")
    assert {each.key: each.value for each in written.metadata_props} == model.facts()
    graph = written.graph
    (images,), (probabilities,) = graph.input, graph.output
    assert (images.name, probabilities.name) == ("images", "probabilities")
    assert images.type.tensor_type.elem_type == onnx.TensorProto.UINT8
    first, *rest = images.type.tensor_type.shape.dim
    assert (first.dim_param, [each.dim_value for each in rest]) == ("batch", [17, 17, 3])
    assert "BatchNormalization" not in {node.op_type for node in graph.node}
    assert b".py" not in (tmp_path / "model.onnx").read_bytes()


def test_no_weights_of_a_pt2_file_are_pickled(tmp_path: Path) -> None:
    FORMATS["pt2"].write(tmp_path / "model.pt2", original("cnn"))
    with zipfile.ZipFile(tmp_path / "model.pt2") as archive:
        configs = [name for name in archive.namelist() if name.endswith("_config.json")]
        payloads = [json.loads(archive.read(name))["config"].values() for name in configs]
    assert len(configs) == 2
    assert not any(each["use_pickle"] for payload in payloads for each in payload)
