"""What in an image spoke for its label, as a picture for each image."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image as Pillow

from constancy.errors import UserError
from constancy.evaluation.attention import grad_cam
from constancy.files import replacing
from constancy.page import heat
from constancy.serving.files import Answer
from constancy.serving.predictor import Predictor

SIDE = 224  # pixels at least: smaller images are enlarged

_AT_ONCE = 16  # images; what their layers make of them is kept until the gradient is known
_NAME = 40  # characters of an image's own name, with which a file's name is surely short enough


@contextmanager
def overlays(folder: Path, predictor: Predictor) -> Iterator[Callable[[Sequence[Answer]], None]]:
    """Within the block, a function that draws what spoke for the label of each image (Grad-CAM).

    folder: a new one, made whole or not at all; it gets `NUMBER-NAME.png` for each image that could
    be read, by its number among all answers, from 1.
    Raises UserError if the folder is there already, or the network has nothing to point into.
    """
    if folder.exists():
        raise UserError(f"{folder} is there already: name a new folder for --explain")
    if _attention(predictor, np.zeros((1, *predictor.image.shape), np.uint8), [0]) is None:
        raise UserError(
            "--explain: the layers of this network keep no picture of the image, so nothing shows "
            "where it looks: use a network of convolutions"
        )
    done = 0
    with replacing(folder) as (new,):
        new.mkdir()

        def draw(answers: Sequence[Answer]) -> None:
            nonlocal done
            for start in range(0, len(answers), _AT_ONCE):
                some = answers[start : start + _AT_ONCE]
                names = [_file_name(done + at, each.path) for at, each in enumerate(some, 1)]
                _draw(predictor, some, [new / name for name in names])
                done += len(some)

        yield draw


def _draw(predictor: Predictor, answers: Sequence[Answer], files: Sequence[Path]) -> None:
    read = [
        (answer.pixels, predictor.classes.index(answer.prediction.label), file)
        for answer, file in zip(answers, files, strict=True)
        if answer.pixels is not None and answer.prediction is not None
    ]
    if not read:
        return
    images = np.stack([pixels for pixels, _, _ in read])
    weights = _attention(predictor, images, [label for _, label, _ in read])
    assert weights is not None  # as it was of the first image
    times = -(-SIDE // predictor.image.size)
    for pixels, each, (_, _, file) in zip(images, weights, read, strict=True):
        large = heat(pixels, each).repeat(times, axis=0).repeat(times, axis=1)
        Pillow.fromarray(large).save(file)


def _attention(
    predictor: Predictor, images: np.ndarray, labels: Sequence[int]
) -> np.ndarray | None:
    return grad_cam(predictor.network, images, np.array(labels))


def _file_name(number: int, path: str) -> str:
    """Told apart by its number, and free of whatever an image's path may hold."""
    own = re.sub(r"[^A-Za-z0-9_-]+", "_", PurePosixPath(path).stem)
    return f"{number:06d}-{own[:_NAME]}.png"
