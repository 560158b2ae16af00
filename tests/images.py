"""Small images for tests, made on the spot."""

import io
from pathlib import Path

import numpy as np
from PIL import Image


def pixels(number: int, shape: tuple[int, ...] = (12, 10, 3)) -> np.ndarray:
    """uint8 pixels that differ from number to number."""
    return np.random.default_rng(number).integers(0, 256, shape, dtype=np.uint8)


def encoded(number: int, kind: str = "PNG", shape: tuple[int, ...] = (12, 10, 3)) -> bytes:
    """The bytes of an image file."""
    buffer = io.BytesIO()
    Image.fromarray(pixels(number, shape)).save(buffer, kind)
    return buffer.getvalue()


def image_folder(root: Path, classes: dict[str, int], extension: str = "png") -> Path:
    """A folder for each class, with so many images each; no two images are alike."""
    number = 0
    for label, count in classes.items():
        (root / label).mkdir(parents=True, exist_ok=True)
        for _ in range(count):
            (root / label / f"{number:04d}.{extension}").write_bytes(encoded(number))
            number += 1
    return root
