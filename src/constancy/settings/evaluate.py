"""Section `evaluate`: how the model is scored."""

from pydantic import Field

from constancy.settings.base import Precision, Section


class Evaluate(Section):
    batch_size: int = Field(ge=1)
    precision: Precision
    examples: int = Field(ge=1, le=20)
    """Images in the report's contact sheet."""
