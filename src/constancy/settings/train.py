"""Section `train`: the recipe."""

from typing import Literal, Self

from pydantic import Field, model_validator

from constancy.settings.base import Section


class Mix(Section):
    """How often training sees each kind of image, as weights that need not sum to one."""

    untouched: float = Field(0, ge=0)
    viewpoint: float = Field(0, ge=0)
    illumination: float = Field(0, ge=0)
    scale: float = Field(0, ge=0)
    deformation: float = Field(0, ge=0)
    clutter: float = Field(0, ge=0)
    occlusion: float = Field(0, ge=0)
    combined: float = Field(0, ge=0)

    def positive(self) -> dict[str, float]:
        """The kinds of images that training sees at all, with their weights."""
        return {kind: weight for kind, weight in self.model_dump().items() if weight}

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.positive():
            raise ValueError("at least one weight must be greater than 0")
        return self


class Train(Section):
    epochs: int = Field(ge=1)
    batch_size: int = Field(ge=2)
    rate: float = Field(gt=0, le=10)
    weight_decay: float = Field(ge=0)
    label_smoothing: float = Field(ge=0, lt=1)
    patience: int = Field(ge=1)
    shift: int = Field(ge=0)
    flip: bool
    mix: Mix
    precision: Literal["fp32", "bf16"]
    accelerator: Literal["auto", "cpu", "gpu"]
    devices: Literal["auto"] | int = Field(union_mode="left_to_right")
    strategy: Literal["auto", "ddp"]

    @model_validator(mode="after")
    def _devices_are_counted_from_one(self) -> Self:
        if self.devices != "auto" and self.devices < 1:
            raise ValueError("devices must be auto or at least 1")
        return self
