"""What every section of the settings shares."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

PIXEL_FACTORS = ("viewpoint", "illumination", "scale", "deformation", "clutter", "occlusion")
"""The factors that make new pixels, in the order in which they are shown."""

COMBINED = "combined"
"""Several of them at once."""

INTRA_CLASS = "intra-class"

FACTORS = (*PIXEL_FACTORS, INTRA_CLASS)
"""All seven ways in which images of one class differ."""

SEVERITIES = (1, 2, 3, 4, 5)

Share = Annotated[float, Field(ge=0, le=1)]
"""A share of a whole, from 0 to 1."""


def _auto_or_count(value: Any) -> Any:
    if value != "auto" and not (type(value) is int and value >= 1):
        raise ValueError(f"must be auto or an integer of at least 1, not {value!r}")
    return value


AutoOrCount = Annotated[int | Literal["auto"], BeforeValidator(_auto_or_count)]
"""How many of something, from 1 on, or `auto`."""

Precision = Literal["fp32", "bf16"]
"""Of the numbers that a network computes with; its weights are kept in fp32."""


class Section(BaseModel):
    """A section of params.yaml: unknown keys are refused and nothing changes after reading.

    A value has the type that its key asks for: 'off' is no boolean, true and 64.0 are no integers;
    only an integer may stand for a float.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)
