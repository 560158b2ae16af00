"""Section `model`: which network, its shape, and from which weights it starts."""

from typing import Annotated, Any, Self

from pydantic import Field, field_validator, model_validator

from constancy.settings.base import Section
from constancy.settings.data import Sha256

Width = Annotated[int, Field(ge=1, le=8192)]
Widths = Annotated[list[Width], Field(min_length=1, max_length=12)]
Depth = Annotated[int, Field(ge=1, le=32)]

LIBRARIES = ("torchvision", "timm")
"""Whose networks `model.name` may take, as LIBRARY:NAME."""

FEW_IMAGES = 5000
"""Fewer training images than these are too few for the larger of our networks, ..."""

FEW_PIXELS = 32
"""... if they are of so many pixels a side at the most."""


class Cnn(Section):
    filters: Widths
    kernel: int = Field(ge=1, le=15)
    stride: int = Field(ge=1, le=8)
    pool: int = Field(ge=1, le=8)
    hidden: Width
    dropout: float = Field(ge=0, lt=1)


class Mlp(Section):
    hidden: Widths
    dropout: float = Field(ge=0, lt=1)


class Resnet(Section):
    stem: Width
    widths: Widths
    depths: list[Depth]
    dropout: float = Field(ge=0, lt=1)

    @model_validator(mode="after")
    def _every_stage_has_a_depth(self) -> Self:
        if len(self.depths) != len(self.widths):
            raise ValueError(
                f"depths must have a value for each of the {len(self.widths)} widths, "
                f"not {len(self.depths)}"
            )
        return self


class Library(Section):
    """A network of a library: its name, and what it is for, say all."""


STRUCTURES: dict[str, type[Section]] = {"cnn": Cnn, "mlp": Mlp, "resnet": Resnet}
"""What shapes each network of ours, by the name of the network."""


def structure_of(name: str) -> type[Section]:
    """What shapes a network by this name; raises KeyError if there cannot be one."""
    library, _, network = name.partition(":")
    return Library if network and library in LIBRARIES else STRUCTURES[name]


class Model(Section):
    name: str
    weights: Annotated[str, Field(min_length=1)] | None
    """A file that training starts from."""
    weights_sha256: Sha256 | None
    freeze: list[str]
    """Glob patterns of the body's parameters that training leaves as they are."""
    body_rate: float = Field(gt=0, le=1)
    """Learning rate of all but the last dense layer, against `train.rate`."""
    cnn: Cnn
    mlp: Mlp
    resnet: Resnet

    @field_validator("name")
    @classmethod
    def _known_name(cls, name: str) -> str:
        try:
            name == "auto" or structure_of(name)
        except KeyError:
            libraries = " or ".join(f"{library}:NAME" for library in LIBRARIES)
            raise ValueError(
                f"'{name}' is no network: use auto, {', '.join(STRUCTURES)}, {libraries}"
            ) from None
        return name

    @model_validator(mode="after")
    def _hash_belongs_to_weights(self) -> Self:
        if self.weights_sha256 and not self.weights:
            raise ValueError("weights_sha256 is set but weights is null: set both or neither")
        return self

    def choose(self, size: int, images: int) -> str:
        """The network's name: for `auto`, what suits so many training images of this size."""
        if self.name != "auto":
            return self.name
        return "cnn" if size <= FEW_PIXELS and images < FEW_IMAGES else "resnet"

    def structure(self, name: str) -> dict[str, Any]:
        """What shapes the network of this name, as plain values."""
        return {} if ":" in name else getattr(self, name).model_dump()
