"""What a request may say, checked before MLflow sees it."""

import base64
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StrictStr,
    ValidationError,
    model_validator,
)

FORMAT = '{"dataframe_records": [{"image": "BASE64"}]}'


_PLAIN = {
    "extra_forbidden": "is not known here",
    "too_long": "has more than one value",
    "too_short": "holds no image",
}
"""In our words what Pydantic says in its own."""


class BodyError(Exception):
    """A body that asks for nothing that the server could answer; says what is wrong with it."""


def _base64(text: str) -> str:
    try:
        base64.b64decode("".join(text.split()), validate=True)
    except ValueError:
        raise ValueError("not Base64") from None
    return text


_Image = Annotated[StrictStr, AfterValidator(_base64)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Record(_Strict):
    image: _Image


class _Split(_Strict):
    columns: tuple[Literal["image"]]
    data: Annotated[list[tuple[_Image]], Field(min_length=1)]
    index: list[Any] | None = None

    @model_validator(mode="after")
    def _as_long(self) -> "_Split":
        if self.index is not None and len(self.index) != len(self.data):
            raise ValueError("index and data must be of one length")
        return self


class _Body(_Strict):
    dataframe_records: Annotated[list[_Record], Field(min_length=1)] | None = None
    dataframe_split: _Split | None = None

    @model_validator(mode="after")
    def _one(self) -> "_Body":
        if (self.dataframe_records is None) == (self.dataframe_split is None):
            raise ValueError("dataframe_records or dataframe_split must be there")
        return self


def check_body(body: bytes) -> None:
    """Check a request of JSON: images in Base64, as records or as a split table, one at least.

    Raises BodyError, which says where the first mistake is.
    """
    try:
        _Body.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = "".join(f"[{at}]" if isinstance(at, int) else f".{at}" for at in first["loc"])
        reason = _PLAIN.get(first["type"]) or first["msg"].removeprefix("Value error, ")
        where = f"{place.removeprefix('.')[:100]}: " if place else ""
        raise BodyError(f"{where}{reason}; send {FORMAT}") from None
