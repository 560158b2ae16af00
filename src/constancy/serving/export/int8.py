"""Quantisation: weights and activations of an ONNX file as 8-bit integers."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from constancy.serving.export.original import INPUT
from constancy.serving.export.quiet import quiet

CALIBRATION = 256
"""Training images on which the ranges of the activations are measured."""

_AT_ONCE = 32


def write_int8(path: Path, full: Path, images: np.ndarray) -> None:
    """Write the ONNX file `full` with 8-bit integers (static, symmetric, weights by channel, QDQ).

    images: uint8, N x H x W x C, N at least 1: what the ranges are measured on. Normalisation and
    softmax stay as they are. Jacob et al. 2018, "Quantization and training of neural networks for
    efficient integer-arithmetic-only inference".
    """
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, quantize_static

    class Reader(CalibrationDataReader):
        """The images, batch by batch."""

        def __init__(self) -> None:
            self._batches: Iterator[np.ndarray] = (
                images[start : start + _AT_ONCE] for start in range(0, len(images), _AT_ONCE)
            )

        def get_next(self) -> dict[str, np.ndarray] | None:
            return next(({INPUT: each} for each in self._batches), None)

    with quiet():
        quantize_static(full, path, Reader(), quant_format=QuantFormat.QDQ, per_channel=True)
