"""Section `data`: where the images come from and how they are prepared."""

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, field_validator, model_validator

from constancy.settings.base import Section
from constancy.settings.quality import Quality


def _hexadecimal(digest: str) -> str:
    if not re.fullmatch("[0-9a-f]{64}", digest):
        raise ValueError(f"'{digest}' is no SHA-256: it has 64 digits from 0 to 9 and a to f")
    return digest


Sha256 = Annotated[str, AfterValidator(_hexadecimal)]

SOURCES = ("digits", "folder", "archive", "manifest", "torchvision", "huggingface")


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
    """Which images training never sees; a source's own folders come first."""

    validation: float = Field(gt=0, lt=1)
    test: float = Field(gt=0, lt=1)
    group_by: str | None
    """A regular expression on an image's path; what its groups (or else all of it) match is the
    image's group. None: the source's own groups, if it has any."""
    folds: int | None = Field(ge=2, le=100)
    """Test on each of so many parts in turn, instead of on the share `test`."""
    fold: int = Field(ge=0)

    @field_validator("group_by")
    @classmethod
    def _is_an_expression(cls, group_by: str | None) -> str | None:
        try:
            re.compile(group_by or "")
        except re.error as error:
            raise ValueError(f"'{group_by}' is no regular expression: {error}") from None
        return group_by

    @model_validator(mode="after")
    def _leave_something_to_train_on(self) -> Self:
        test = 1 / self.folds if self.folds else self.test
        if self.validation + test >= 1:
            raise ValueError("validation and test together must leave a share for training")
        return self

    @model_validator(mode="after")
    def _fold_is_one_of_the_folds(self) -> Self:
        if self.fold and self.folds is None:
            raise ValueError(f"fold is {self.fold} but folds is null: set folds")
        if self.folds and self.fold >= self.folds:
            raise ValueError(f"fold must be from 0 to folds - 1, not {self.fold}")
        return self


class Data(Section):
    source: str
    root: str | None
    """Where torchvision's data sets lie, or are downloaded to; None: in the project's `.constancy`."""
    sha256: Sha256 | None
    image: Image
    split: Split
    quality: Quality

    @property
    def kind(self) -> str:
        """What the source is: one of SOURCES."""
        return self.source.partition(":")[0]

    @property
    def place(self) -> str:
        """Where or which the source is; empty for the digits."""
        return self.source.partition(":")[2]

    @field_validator("source")
    @classmethod
    def _known_kind(cls, source: str) -> str:
        kind, _, place = source.partition(":")
        if source != "digits" and not (kind in SOURCES[1:] and place):
            raise ValueError(
                f"'{source}' is no source: use digits, folder:PATH, archive:PATH-or-URL, "
                "manifest:PATH-or-URL, torchvision:NAME or huggingface:NAME-or-PATH"
            )
        return source

    @model_validator(mode="after")
    def _hash_belongs_to_a_file(self) -> Self:
        if self.sha256 and self.kind not in ("archive", "manifest"):
            raise ValueError(
                "sha256 is checked for archives and manifests only: set it to null for this source"
            )
        return self

    @model_validator(mode="after")
    def _root_belongs_to_torchvision(self) -> Self:
        if self.root and self.kind != "torchvision":
            raise ValueError("root is for torchvision's data sets only: set it to null")
        return self
