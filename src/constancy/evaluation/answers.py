"""A network's answers to a test split and its suite, with what its layers did meanwhile."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from constancy.data.packed import PackedSplit
from constancy.evaluation.invariance import Invariance
from constancy.evaluation.predict import predict_logits
from constancy.models.fused import fused
from constancy.models.network import Network
from constancy.progress import progress
from constancy.settings.evaluate import Evaluate
from constancy.variation.suites import Suite


@dataclass(frozen=True, eq=False)
class Answers:
    """Logits, float32: clean: N x classes, for the test split; varied: for each pixel factor, and
    for several at once ("combined"), severities x directions x n x classes; controls: for each factor
    that has them, severities x n x classes. invariance: what the layers did meanwhile.
    """

    clean: np.ndarray
    varied: dict[str, np.ndarray]
    controls: dict[str, np.ndarray]
    invariance: Invariance


def answer_all(network: Network, split: PackedSplit, suite: Suite, settings: Evaluate) -> Answers:
    """Show the network every image, with a progress display; UserError as `predict_logits`."""
    network = fused(network)
    base = split.images[suite.index["row"].to_numpy()]
    arrays = (split.images, base, *suite.images.values(), *suite.controls.values())
    invariance = Invariance(network)
    with progress("evaluate", total=sum(int(np.prod(each.shape[:-3])) for each in arrays)) as bar:

        def logits(
            images: np.ndarray, watch: Callable[[slice], None] = lambda _: None
        ) -> np.ndarray:
            def after(rows: slice) -> None:
                bar.update(rows.stop - rows.start)
                watch(rows)

            precision = settings.precision
            return predict_logits(
                network, images, settings.batch_size, precision=precision, after=after
            )

        clean = logits(split.images)
        controls = {name: logits(images) for name, images in suite.controls.items()}
        with invariance.watching():
            logits(base, lambda _: invariance.take_base())
            invariance.settle()
            varied = {
                name: logits(images, partial(invariance.take_variants, name))
                for name, images in suite.images.items()
            }
    return Answers(clean, varied, controls, invariance)
