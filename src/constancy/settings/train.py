"""Section `train`: the recipe."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from constancy.settings.base import AutoOrCount, Section

LEAST_BATCH = 3
"""Images in a batch: some have one less, and batch norm needs two."""


Weight = Annotated[float, Field(ge=0, le=1e6)]


class Mix(Section):
    """How often training sees each kind of image, as weights that need not sum to one.

    `adaptive` in the place of weights: as the validation suite shows where the network is weak.
    """

    adaptive: bool = False
    untouched: Weight = 0
    viewpoint: Weight = 0
    illumination: Weight = 0
    scale: Weight = 0
    deformation: Weight = 0
    clutter: Weight = 0
    occlusion: Weight = 0
    combined: Weight = 0

    def positive(self) -> dict[str, float]:
        """The kinds of images that training sees at all, with their weights."""
        weights = self.model_dump(exclude={"adaptive"})
        return {kind: weight for kind, weight in weights.items() if weight}

    @model_validator(mode="before")
    @classmethod
    def _by_name(cls, values: Any) -> Any:
        if values == "adaptive":
            return {"adaptive": True}
        if not isinstance(values, dict | Mix):
            told = f"{values!r} is neither `adaptive` nor weights such as {{scale: 2}}"
            raise ValueError(told)  # noqa: TRY004 -- pydantic tells no other
        return values

    @model_validator(mode="after")
    def _weights_or_adaptive(self) -> Self:
        if self.adaptive and self.positive():
            raise ValueError("write either weights or `adaptive`")
        if not self.adaptive and not self.positive():
            raise ValueError("at least one weight must be greater than 0")
        return self


class Train(Section):
    epochs: int = Field(ge=1)
    minutes: float | None = Field(gt=0)
    batch_size: int = Field(ge=LEAST_BATCH)
    accumulate: int = Field(ge=1)
    optimizer: Literal["adamw", "sgd"]
    schedule: Literal["onecycle", "cosine"]
    warmup: float = Field(ge=0, le=0.9)
    rate: float = Field(gt=0, le=10)
    weight_decay: float = Field(ge=0)
    clip: float | None = Field(gt=0)
    ema: float | None = Field(gt=0, lt=1)
    label_smoothing: float = Field(ge=0, lt=1)
    class_weights: bool
    mixup: float = Field(ge=0, le=10)
    cutmix: float = Field(ge=0, le=10)
    patience: int = Field(ge=1)
    shift: int = Field(ge=0)
    flip: bool
    mix: Mix
    precision: Literal["auto", "fp32", "bf16"]
    compile: Literal["auto", "always", "never"]
    accelerator: Literal["auto", "cpu", "gpu"]
    devices: AutoOrCount
    strategy: Literal["auto", "ddp"]
    debug: Literal["batch", "overfit", "tenth", "profile"] | None

    @model_validator(mode="after")
    def _one_cycle_has_a_way_up(self) -> Self:
        if self.schedule == "onecycle" and not self.warmup:
            raise ValueError("warmup must be greater than 0 where schedule is onecycle")
        return self

    @model_validator(mode="after")
    def _each_device_gets_two_images(self) -> Self:
        count = 1 if self.devices == "auto" else self.devices
        if self.batch_size <= 2 * count:
            raise ValueError(f"batch_size must be at least {2 * count + 1} for {count} devices")
        return self
