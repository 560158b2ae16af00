"""Predictions for images as they come."""

import io
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image as Pillow
from safetensors.torch import load_file, save_file
from tracked_project import CARD, digits, png, write_model

from constancy.data.images import UnreadableImageError
from constancy.errors import UserError
from constancy.models.disk import ModelCard, load_model
from constancy.serving.predictor import Predictor

TEN = [str(digit) for digit in range(10)]


def test_digits_are_told_apart(trained: Path, ten_digits: list[np.ndarray]) -> None:
    predictions = Predictor(trained).predict(ten_digits)
    assert [prediction.label for prediction in predictions] == TEN
    for prediction in predictions:
        assert list(prediction.probabilities) == CARD.classes
        assert sum(prediction.probabilities.values()) == pytest.approx(1, abs=1e-12)
        assert prediction.probability == max(prediction.probabilities.values())
        assert prediction.probability == prediction.probabilities[prediction.label]


def test_files_arrays_and_pictures_of_any_form_are_the_same_image(
    trained: Path, tmp_path: Path, ten_digits: list[np.ndarray]
) -> None:
    predictor = Predictor(trained)
    seven = ten_digits[7]
    rgb = np.stack([seven] * 3, axis=-1)
    rgba = np.concatenate([rgb, np.full((8, 8, 1), 255, np.uint8)], axis=-1)
    tiff = io.BytesIO()
    Pillow.fromarray(seven).save(tiff, "TIFF")
    forms = [seven, seven[:, :, None], rgb, rgba, png(seven), png(rgb), tiff.getvalue()]
    file = tmp_path / "seven.png"
    file.write_bytes(png(seven))
    with Pillow.open(file) as opened:
        grey = opened.copy()
        forms += [file, str(file), opened, grey, grey.convert("RGB"), grey.convert("P")]
    predictions = predictor.predict(forms)
    assert {prediction.label for prediction in predictions} == {"7"}
    for prediction in predictions:
        assert prediction.probability == pytest.approx(predictions[0].probability, abs=1e-4)


def test_a_larger_picture_is_brought_to_size(trained: Path, ten_digits: list[np.ndarray]) -> None:
    large = [np.kron(image, np.ones((5, 5), np.uint8)) for image in ten_digits]
    predictions = Predictor(trained).predict([png(image) for image in large])
    assert [prediction.label for prediction in predictions] == TEN


def test_batches_give_what_the_network_gives(trained: Path) -> None:
    images = digits()[0][:100]
    network, _ = load_model(trained)
    with torch.inference_mode():
        expected = network(torch.from_numpy(images)[:, None]).softmax(1).numpy()
    predictions = Predictor(trained, batch_size=7).predict(list(images))
    found = np.array([list(prediction.probabilities.values()) for prediction in predictions])
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_color_models_take_grey_images(tmp_path: Path) -> None:
    card = ModelCard(
        name="cnn",
        structure={
            "filters": [4],
            "kernel": 3,
            "stride": 1,
            "pool": 2,
            "hidden": 8,
            "dropout": 0.5,
        },
        classes=["a", "b"],
        image={"size": 12, "color": "rgb", "fit": "crop"},
        mean=[100.0, 110.0, 120.0],
        std=[60.0, 61.0, 62.0],
    )
    predictor = Predictor(write_model(tmp_path / "color", card=card))
    wide = np.arange(20 * 30, dtype=np.uint8).reshape(20, 30)
    one, other = predictor.predict([wide, np.stack([wide] * 3, axis=-1)])
    assert one == other


def test_nothing_in_nothing_out(trained: Path) -> None:
    assert Predictor(trained).predict([]) == []


@pytest.mark.parametrize(
    ("image", "why"),
    [
        (b"no image", "not an image"),
        (b"", "not an image"),
        (np.zeros((8, 8), np.float32), "uint8"),
        (np.zeros((8, 8, 2), np.uint8), r"\(8, 8, 2\)"),
        (Pillow.new("F", (8, 8)), "floating-point"),
        (None, "not NoneType"),
    ],
)
def test_what_is_no_image_is_named_by_its_number(
    trained: Path, ten_digits: list[np.ndarray], image: object, why: str
) -> None:
    predictor = Predictor(trained, batch_size=2)
    with pytest.raises(UnreadableImageError, match=f"^image 4 cannot be read: .*{why}"):
        predictor.predict([*ten_digits[:3], image, *ten_digits[:3]])


def test_a_path_that_cannot_be_read_is_named(trained: Path, ten_digits: list[np.ndarray]) -> None:
    why = r"^image 2 \(nowhere/x\.png\) cannot be read: no such file or directory$"
    for path in ("nowhere/x.png", Path("nowhere/x.png")):
        with pytest.raises(UnreadableImageError, match=why):
            Predictor(trained).predict([ten_digits[0], path])


def test_one_image_by_itself_is_no_list_of_images(trained: Path) -> None:
    for image in ("x.png", Path("x.png"), b"", Pillow.new("L", (8, 8))):
        with pytest.raises(TypeError, match=r"put one into a list, as \[image\]"):
            Predictor(trained).predict(image)


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no model"):
        Predictor(tmp_path)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_network_that_knows_no_numbers_gives_no_label(
    trained: Path, tmp_path: Path, ten_digits: list[np.ndarray], value: float
) -> None:
    shutil.copytree(trained, tmp_path / "model")
    weights = load_file(tmp_path / "model" / "model.safetensors")
    last = max(name for name in weights if name.endswith("bias"))
    weights[last][3] = value
    save_file(weights, tmp_path / "model" / "model.safetensors")
    with pytest.raises(UserError, match=r"model in .*/model answers with numbers .* not finite"):
        Predictor(tmp_path / "model").predict(ten_digits)
