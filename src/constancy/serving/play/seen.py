"""What a model makes of an image: probabilities, where it looks, and what its layers see."""

from dataclasses import dataclass
from threading import Lock

import numpy as np

from constancy.evaluation.attention import grad_cam
from constancy.evaluation.features import pictures
from constancy.evaluation.learned import layer_maps, stretched, strongest
from constancy.serving.predictor import Prediction, Predictor


@dataclass(frozen=True, eq=False)
class Seen:
    """pixels: the image, uint8, H x W x C; attention: how much each pixel speaks for the label,
    float32, H x W, 0..1, None where the network keeps no picture; channels: of each layer those that
    are shown; maps: what they make of the image, uint8, h x w x 1, dark is 0.
    """

    pixels: np.ndarray
    prediction: Prediction
    attention: np.ndarray | None
    channels: dict[str, np.ndarray]
    maps: dict[str, list[np.ndarray]]


class Onlooker:
    """A model that looks at an image, untouched and varied.

    title: what it is called on the page. Raises UserError as `Predictor.classify` does.
    """

    def __init__(self, title: str, predictor: Predictor) -> None:
        self.title = title
        self.predictor = predictor
        self._untouched: tuple[bytes, Seen] | None = None
        predictor.classify(np.zeros((1, *predictor.image.shape), np.uint8))
        # Layers are watched through the network itself, which can serve one caller at a time.
        self._one_at_a_time = Lock()

    def look(self, untouched: np.ndarray, varied: np.ndarray) -> tuple[Seen, Seen]:
        """What it sees in both images, uint8, H x W x C.

        Of the varied one those channels are shown that the untouched one excites most, so that it
        shows what becomes of them. The untouched one is looked at once for all that follow it.
        """
        key = untouched.tobytes()
        with self._one_at_a_time:
            if self._untouched is None or self._untouched[0] != key:
                self._untouched = key, self._see(untouched)
            before = self._untouched[1]
            after = before if varied.tobytes() == key else self._see(varied, before.channels)
        return before, after

    def _see(self, pixels: np.ndarray, channels: dict[str, np.ndarray] | None = None) -> Seen:
        network = self.predictor.network
        with pictures(network) as seen:
            (prediction,) = self.predictor.classify(pixels[None])
        label = self.predictor.classes.index(prediction.label)
        weights = grad_cam(network, pixels[None], np.array([label]), seen)
        maps = layer_maps(seen)
        shown = channels or {name: strongest(each) for name, each in maps.items()}
        return Seen(
            pixels,
            prediction,
            None if weights is None else weights[0],
            shown,
            {name: stretched(each[shown[name]]) for name, each in maps.items()},
        )
