"""What somebody brings and is no image."""

from typing import TYPE_CHECKING, cast

import pytest

from constancy.serving.play.bring import NotBroughtError, decode_drawing

if TYPE_CHECKING:
    from constancy.serving.play.playground import Playground


@pytest.mark.parametrize("address", ["data:image/png;base64,A", "data:image/png;base64,ü"])
def test_a_drawing_that_is_not_base64_is_told(address: str) -> None:
    with pytest.raises(NotBroughtError, match="did not arrive whole"):
        decode_drawing(cast("Playground", None), address)
