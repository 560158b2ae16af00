"""Section `model`: which network, and its shape."""

from typing import Annotated, Literal

from pydantic import Field

from constancy.settings.base import Section

Width = Annotated[int, Field(ge=1, le=8192)]
Widths = Annotated[list[Width], Field(min_length=1, max_length=12)]


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


STRUCTURES: dict[str, type[Section]] = {"cnn": Cnn, "mlp": Mlp}
"""What shapes each network, by the name of the network."""


class Model(Section):
    name: Literal["cnn", "mlp"]
    cnn: Cnn
    mlp: Mlp
