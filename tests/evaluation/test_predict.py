from pathlib import Path

import numpy as np
import pytest
import torch

from constancy.errors import UserError
from constancy.evaluation.predict import predict_logits
from constancy.models.disk import load_model
from constancy.models.network import Network
from constancy.paths import CANDIDATE, SUITES


@pytest.fixture
def network(project: Path) -> Network:
    return load_model(project / CANDIDATE)[0]


@pytest.fixture
def images(project: Path) -> np.ndarray:
    """Memory-mapped and read-only: severities x directions x images x 16 x 16 x 1."""
    return np.load(project / SUITES / "test/scale/images.npy", mmap_mode="r")


def test_every_image_gets_the_logits_of_a_plain_loop(network: Network, images: np.ndarray) -> None:
    found = predict_logits(network, images, batch_size=7, device="cpu")
    assert found.shape == (5, 2, 120, 10)
    assert found.dtype == np.float32
    with torch.inference_mode():
        for place in np.ndindex(images.shape[:3]):
            image = torch.from_numpy(images[place].astype(np.float32)).permute(2, 0, 1)[None]
            np.testing.assert_allclose(found[place], network(image)[0].numpy(), atol=1e-4)


def test_in_bf16_the_logits_are_nearly_the_same(network: Network, images: np.ndarray) -> None:
    exact = predict_logits(network, images, batch_size=100)
    found = predict_logits(network, images, batch_size=100, precision="bf16")
    assert found.dtype == np.float32
    assert 0 < np.abs(found - exact).max() < 0.05 * np.abs(exact).max()
    assert (found.argmax(-1) == exact.argmax(-1)).mean() > 0.99


def test_an_array_without_leading_axes_but_one_keeps_its_shape(
    network: Network, images: np.ndarray
) -> None:
    assert predict_logits(network, images[0, 0, :3], batch_size=100).shape == (3, 10)


def test_progress_is_told_of_every_image_once(network: Network, images: np.ndarray) -> None:
    told: list[slice] = []
    predict_logits(network, images[:, :, :40], batch_size=150, after=told.append)
    assert told == [slice(0, 150), slice(150, 300), slice(300, 400)]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_outputs_that_are_no_numbers_are_refused(
    network: Network, images: np.ndarray, value: float
) -> None:
    with torch.no_grad():
        next(network.parameters()).fill_(value)
    with pytest.raises(UserError, match="training diverged"):
        predict_logits(network, images[0, 0], batch_size=10)
