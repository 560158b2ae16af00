"""What a request may say."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from constancy.serving.serve.body import FORMAT, BodyError, check_body

PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
NAMES = st.sampled_from(["dataframe_records", "dataframe_split", "image", "columns", "data"])
ANYTHING = st.recursive(
    PLAIN, lambda inner: st.lists(inner) | st.dictionaries(NAMES | st.text(), inner), max_leaves=20
)


@given(st.lists(st.binary(), min_size=1))
def test_images_in_base64_pass_in_either_layout(images: list[bytes]) -> None:
    texts = [base64.encodebytes(image).decode() for image in images]
    split = {"columns": ["image"], "data": [[text] for text in texts]}
    for body in (
        {"dataframe_records": [{"image": text} for text in texts]},
        {"dataframe_split": split},
        {"dataframe_split": split | {"index": list(range(len(images)))}},
    ):
        check_body(json.dumps(body).encode())


@pytest.mark.parametrize("index", [[], [0, 1]])
def test_an_index_of_another_length_than_the_data_is_refused(index: list[int]) -> None:
    """MLflow would answer for none of the images, or twice for one."""
    split = {"columns": ["image"], "data": [["QQ=="]], "index": index}
    with pytest.raises(BodyError, match=r"dataframe_split: index and data must be of one length"):
        check_body(json.dumps({"dataframe_split": split}).encode())


@given(ANYTHING | st.dictionaries(NAMES, ANYTHING))
def test_whatever_else_json_holds_is_refused_in_a_sentence(value: object) -> None:
    body = json.dumps(value).encode()
    if value == {"dataframe_records": value} or b'"image"' in body:
        return  # it may be right
    with pytest.raises(BodyError) as refused:
        check_body(body)
    assert str(refused.value).endswith(FORMAT)
    assert len(str(refused.value)) < 300


@given(st.binary())
def test_any_bytes_pass_or_are_refused(body: bytes) -> None:
    try:
        check_body(body)
    except BodyError as refused:
        assert len(str(refused)) < 300  # noqa: PT017
    else:
        pytest.fail("bytes by chance were taken for a request")
