"""Mean and spread of pixels, gathered while they pass by."""

from collections.abc import Iterable, Iterator

import numpy as np


class PixelStatistics:
    """Exact integer sums over the pixels of each channel."""

    def __init__(self, channels: int) -> None:
        self._sum = np.zeros(channels, np.int64)
        self._squares = np.zeros(channels, np.int64)
        self._count = 0

    def watch(self, chunks: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """The chunks, uint8, n x H x W x C, as they come; their pixels are counted."""
        for chunk in chunks:
            values = chunk.reshape(-1, chunk.shape[-1]).astype(np.uint16)  # which holds 255^2
            self._sum += values.sum(axis=0, dtype=np.int64)
            self._squares += (values**2).sum(axis=0, dtype=np.int64)
            self._count += len(values)
            yield chunk

    def mean_and_std(self) -> tuple[list[float], list[float]]:
        """For each channel, in 0..255; a channel without any contrast has a standard deviation of 1."""
        mean = self._sum / self._count
        variance = self._squares / self._count - mean**2
        return mean.tolist(), np.maximum(np.sqrt(variance.clip(0)), 1.0).tolist()
