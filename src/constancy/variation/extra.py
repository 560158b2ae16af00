"""Transforms of albumentations that training copies pass through behind the factors."""

import os
import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import ValidationError

from constancy.errors import UserError, nearest

if TYPE_CHECKING:
    import albumentations


class Extra:
    """The transforms of `variation.albumentations`, one after the other.

    Raises UserError for a name that albumentations does not know, and for arguments that the
    transform does not take: albumentations itself would warn, and go on without them.
    """

    def __init__(self, transforms: Sequence[dict[str, Any]]) -> None:
        os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # it asks the network otherwise
        import albumentations

        built = [_build(number, each) for number, each in enumerate(transforms)]
        self._compose = albumentations.Compose(built)

    def apply(self, image: np.ndarray, seed: int) -> np.ndarray:
        """The image, uint8, H x W x C, transformed by the draws of `seed`: the same form again.

        Raises UserError where a transform fails on such an image, or gives it another form.
        """
        self._compose.set_random_seed(seed % 2**32)
        return _changed(self._compose, image, "variation.albumentations: an image")


def check_transforms(transforms: Sequence[dict[str, Any]], shape: tuple[int, int, int]) -> None:
    """Try every transform that could ever be used on an image, uint8, of that shape.

    One after the other, and each for certain: by its own probability it might be spared this once.
    Raises UserError, with the place and name of the first that fails, as `Extra` does.
    """
    Extra(transforms)  # as they stand: a probability may be wrong too
    import albumentations  # which Extra keeps from asking the network

    image = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    for number, each in enumerate(transforms):
        if each.get("p", 1) == 0:
            continue
        transform = albumentations.Compose([_build(number, each | {"p": 1})], seed=0)
        _changed(
            transform, image, f"variation.albumentations[{number}]: by {each['name']}, an image"
        )


def _changed(transform: Callable[..., dict[str, Any]], image: np.ndarray, what: str) -> np.ndarray:
    """The image, transformed; UserError, that begins with `what`, as `Extra.apply` says."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            changed = transform(image=image)["image"]
    except Exception as error:  # each transform fails in its own way
        raise UserError(
            f"{what} of the shape {image.shape} cannot be transformed: {_reason(error)}"
        ) from None
    if changed.shape != image.shape or changed.dtype != image.dtype:
        raise UserError(
            f"{what} of the shape {image.shape} and {image.dtype} became {changed.shape} and "
            f"{changed.dtype}: use transforms that keep both"
        )
    return np.asarray(changed)


def _build(number: int, values: dict[str, Any]) -> "albumentations.BasicTransform":
    import albumentations

    arguments = {key: _as_tuple(value) for key, value in values.items() if key != "name"}
    name, key = values["name"], f"variation.albumentations[{number}]"
    kinds: dict[str, type[albumentations.BasicTransform]] = {
        each: kind
        for each, kind in vars(albumentations).items()
        if isinstance(kind, type) and issubclass(kind, albumentations.BasicTransform)
    }
    if name not in kinds:
        known = nearest(name, list(kinds))
        if isinstance(getattr(albumentations, name, None), type):  # such as OneOf
            known = "it is no transform of its own; list transforms one by one"
        raise UserError(f"{key}: albumentations has no transform '{name}': {known}")
    if _knows_strict(kinds[name]):  # else it warns of wrong arguments, and goes on without them
        arguments["strict"] = True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # advice and deprecations
            warnings.filterwarnings("error", ".*automatically adjusted")  # to other arguments
            return kinds[name](**arguments)
    except Exception as error:  # pydantic's, Python's and its own
        raise UserError(f"{key}: {name} does not take these arguments: {_reason(error)}") from None


def _reason(error: Exception) -> str:
    """What an error says, in a line; of pydantic's the argument and its problem alone."""
    if isinstance(cause := error.__cause__, ValidationError):
        first = cause.errors()[0]
        where = ".".join(map(str, first["loc"]))
        return f"{where}: {first['msg']}" if where else str(first["msg"])
    return " ".join(str(error).split()) or type(error).__name__


def _knows_strict(kind: type) -> bool:
    """Whether a transform's initialiser takes `strict`: albumentations adds it beside a schema."""
    owner = next(each for each in kind.__mro__ if "__init__" in vars(each))
    return "InitSchema" in vars(owner)


def _as_tuple(value: Any) -> Any:
    """YAML has lists alone; most transforms ask for tuples."""
    return tuple(_as_tuple(each) for each in value) if isinstance(value, list) else value
