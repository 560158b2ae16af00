"""Section `data`: where the images come from and how they are prepared."""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, field_validator, model_validator

from constancy.settings.base import Section, Share

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Image(Section):
    """The form in which the network sees every image."""

    size: int = Field(ge=8, le=1024)
    """Side of the square, in pixels."""
    color: Literal["grey", "rgb"]
    fit: Literal["pad", "crop", "stretch"]
    """How an image that is not square becomes one: border added, longer side cut, or stretched."""

    @property
    def channels(self) -> int:
        return 1 if self.color == "grey" else 3

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width, channels of a prepared image."""
        return self.size, self.size, self.channels


class Split(Section):
    """Shares of the images that training never sees; a source's own folders come first."""

    validation: float = Field(gt=0, lt=1)
    test: float = Field(gt=0, lt=1)

    @model_validator(mode="after")
    def _leave_something_to_train_on(self) -> Self:
        if self.validation + self.test >= 1:
            raise ValueError("validation and test together must leave a share for training")
        return self


class Quality(Section):
    """Limits beyond which the data are not good enough to go on."""

    max_unreadable: Share
    min_images: int = Field(ge=2)


class Data(Section):
    source: str
    sha256: Sha256 | None
    image: Image
    split: Split
    quality: Quality

    @field_validator("source")
    @classmethod
    def _known_kind(cls, source: str) -> str:
        kind, _, place = source.partition(":")
        if source != "digits" and not (kind in ("folder", "archive") and place):
            raise ValueError(
                f"'{source}' is no source: use digits, folder:PATH or archive:PATH-or-URL"
            )
        return source

    @model_validator(mode="after")
    def _hash_belongs_to_an_archive(self) -> Self:
        if self.sha256 and not self.source.startswith("archive:"):
            raise ValueError("sha256 is checked for archives only: set it to null for this source")
        return self
