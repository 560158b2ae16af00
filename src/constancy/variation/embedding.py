"""The seventh factor: how far an image lies from what is usual for its class.

It makes no new pixels. A frozen embedding that depends on the training images alone says which
images of a class are usual and which are odd.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from constancy.data.packed import PackedSplit
from constancy.settings.base import SEVERITIES

COMPONENTS = 64
"""Principal components, at the most."""

MAX_FITTED = 10_000
"""Training images to which they are fitted, at the most."""

MAX_SIDE = 32
"""Larger images are first averaged down to this side, in pixels."""

CLUSTERS = 4
"""Kinds of specimens that a class is divided into, at the most."""

_CLUSTER_IMAGES = 25  # in training, on average, that are needed for one more of them
_CHUNK = 1024
_DECIMALS = 6  # of a distance: what another order of summing cannot change
_NEGLIGIBLE = 1e-9  # variance against the largest; components below are rounding errors


@dataclass(frozen=True, eq=False)
class Embedding:
    """Principal components of training pixels, and where each class and its clusters are in them.

    mean: D; axes: D x components; centres: classes x components; clusters: for each class, clusters
    x components; all float64, pixels in 0..1.
    """

    mean: np.ndarray
    axes: np.ndarray
    centres: np.ndarray
    clusters: Sequence[np.ndarray]

    def distances(self, images: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """The Euclidean distance of each image from the centre of its class: float64, N.

        images: uint8, N x H x W x C, in the training images' shape; labels: int64, N. A class
        without training images has the middle of them all for its centre.
        """
        missing = max(0, int(labels.max(initial=-1)) + 1 - len(self.centres))
        centres = np.pad(self.centres, ((0, missing), (0, 0)))
        parts = [
            np.linalg.norm(self._embed(pixels) - centres[labels[rows]], axis=1)
            for rows, pixels in _chunks(images)
        ]
        return np.concatenate(parts).round(_DECIMALS)

    def nearest_clusters(self, images: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """The cluster of its class that each image is nearest to: int64, N, from 0 on.

        Arguments as for `distances`. A class without training images is all one cluster.
        """
        nearest = np.zeros(len(images), np.int64)
        for rows, pixels in _chunks(images):
            embedded = self._embed(pixels)
            for label in np.unique(labels[rows]).tolist():
                here = np.flatnonzero(labels[rows] == label)
                if label < len(self.clusters) and len(self.clusters[label]):
                    ways = embedded[here, None] - self.clusters[label]
                    nearest[rows][here] = (ways**2).sum(axis=2).argmin(axis=1)
        return nearest

    def rivals(self, images: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """The row of the image of another class that each one is nearest to: int64, N.

        Arguments as for `distances`. Of several as near it is the first; where all images are of
        one class it is -1.
        """
        embedded = self.embed(images)
        squares = (embedded**2).sum(axis=1)
        nearest = np.full(len(labels), -1)
        for start in range(0, len(labels), _CHUNK):
            rows = slice(start, start + _CHUNK)
            apart = squares[rows, None] + squares - 2 * embedded[rows] @ embedded.T
            apart = np.where(labels[rows, None] == labels, np.inf, apart.round(_DECIMALS))
            closest = apart.argmin(axis=1)
            others = np.isfinite(apart[np.arange(len(apart)), closest])
            nearest[rows] = np.where(others, closest, -1)
        return nearest

    def nearest_centres(self, images: np.ndarray) -> np.ndarray:
        """The Euclidean distance of each image from the nearest centre of a class: float64, N."""
        embedded = self.embed(images)
        nearest = np.full(len(images), np.inf)
        for centre in self.centres:
            np.minimum(nearest, np.linalg.norm(embedded - centre, axis=1), out=nearest)
        return nearest

    def residuals(self, images: np.ndarray) -> np.ndarray:
        """How much of each image the axes cannot show: float64, N.

        The Euclidean distance from the image to its projection, the square root of the Q statistic
        (Jackson and Mudholkar 1979, "Control procedures for residuals associated with principal
        component analysis").
        """
        parts = [np.empty(0)]
        for _, pixels in _chunks(images):
            centred = pixels - self.mean
            parts.append(np.linalg.norm(centred - (centred @ self.axes) @ self.axes.T, axis=1))
        return np.concatenate(parts)

    def embed(self, images: np.ndarray) -> np.ndarray:
        """Images, uint8, N x H x W x C, in the training images' shape: float64, N x components."""
        nothing = np.empty((0, self.axes.shape[1]))
        return np.concatenate([nothing, *(self._embed(pixels) for _, pixels in _chunks(images))])

    def _embed(self, pixels: np.ndarray) -> np.ndarray:
        embedded: np.ndarray = (pixels - self.mean) @ self.axes
        return embedded


def fit_embedding(train: PackedSplit) -> Embedding:
    """The embedding of the training images.

    It is fitted to the first 10,000: rows are in the order of their ids, which are hashes of the
    images' bytes, so these are a random sample, and one that added images change little.
    """
    from sklearn.decomposition import PCA

    sample = np.concatenate([pixels for _, pixels in _chunks(train.images[:MAX_FITTED])])
    count, size = sample.shape
    solver = "covariance_eigh" if count > size else "full"  # exact both; each fast for its shape
    pca = PCA(min(COMPONENTS, count, size), svd_solver=solver).fit(sample)
    variance = pca.explained_variance_
    # Rounding errors have directions too: in training images nothing shows there, in others it would.
    axes = pca.components_[variance > _NEGLIGIBLE * variance.max()].T
    bare = Embedding(pca.mean_, axes, np.empty((0, axes.shape[1])), [])
    classes = int(train.labels.max()) + 1
    sums = np.zeros((classes, axes.shape[1]))
    for rows, pixels in _chunks(train.images):
        np.add.at(sums, train.labels[rows], bare._embed(pixels))
    counts = np.bincount(train.labels, minlength=classes)
    centres = sums / np.maximum(counts, 1)[:, None]
    embedded, labels = bare._embed(sample), train.labels[:count]
    clusters = [_cluster_centres(embedded[labels == label]) for label in range(classes)]
    return Embedding(pca.mean_, axes, centres, clusters)


def _cluster_centres(embedded: np.ndarray) -> np.ndarray:
    """The centres of the kinds of specimens among images of one class: clusters x components.

    k-means (Lloyd 1982; k-means++ of Arthur and Vassilvitskii 2007), the best of ten runs.
    """
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits

    count = min(CLUSTERS, len(embedded) // _CLUSTER_IMAGES)
    if count < 2:
        return embedded.mean(axis=0, keepdims=True) if len(embedded) else embedded
    with threadpool_limits(1):  # more would sum in an order of their own
        found = KMeans(count, n_init=10, random_state=0).fit(embedded)
    centres: np.ndarray = found.cluster_centers_.round(_DECIMALS)
    return centres[np.lexsort(centres.T[::-1])]


def intra_class_severity(distances: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The fifth of its class, by distance, into which each image falls: int64, N, from 1 to 5.

    1 are the images nearest to the centre. Fifths differ by one image at the most; in a class of
    fewer than five images, those that there are lie symmetrically about 3: one is 3, two are 2 and
    4. Of images at the same distance the earlier one, that is the one with the lower id, comes
    first.
    """
    severities = np.empty(len(labels), dtype=np.int64)
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        nearest = rows[np.argsort(distances[rows], kind="stable")]
        ranks = np.arange(len(rows))
        severities[nearest] = 1 + len(SEVERITIES) * (2 * ranks + 1) // (2 * len(rows))
    return severities


def _chunks(images: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """A thousand images at a time: their rows, and their pixels as float64, n x D, in 0..1."""
    import cv2  # not on top: who reads suites needs no OpenCV

    height, width = images.shape[1:3]
    scale = min(1.0, MAX_SIDE / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    for start in range(0, len(images), _CHUNK):
        chunk = np.asarray(images[start : start + _CHUNK])
        if scale < 1:
            small = [cv2.resize(image, size, interpolation=cv2.INTER_AREA) for image in chunk]
            chunk = np.stack(small)
        yield slice(start, start + len(chunk)), chunk.reshape(len(chunk), -1) / 255
