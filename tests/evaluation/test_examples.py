import base64
import io

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Pillow

from constancy.evaluation.evaluate import Evaluation
from constancy.evaluation.examples import choose_examples, example_sheets, thumbnail
from constancy.settings.base import COMBINED, PIXEL_FACTORS


def opened(uri: str) -> np.ndarray:
    return np.asarray(Pillow.open(io.BytesIO(base64.b64decode(uri.partition(",")[2]))))


def test_examples_spread_over_the_classes() -> None:
    labels = np.repeat(np.arange(10), 3)
    assert labels[choose_examples(labels, 4)].tolist() == [0, 3, 6, 9]
    assert labels[choose_examples(labels, 10)].tolist() == list(range(10))


def test_more_examples_than_classes_begin_with_one_of_each() -> None:
    labels = np.array([0, 0, 0, 1, 1])
    assert choose_examples(labels, 4) == [0, 3, 1, 4]


@given(st.lists(st.integers(0, 5), min_size=1, max_size=30), st.integers(1, 20))
def test_examples_differ_and_are_as_many_as_there_can_be(labels: list[int], count: int) -> None:
    chosen = choose_examples(np.array(labels), count)
    assert len(set(chosen)) == len(chosen) == min(count, len(labels))


def test_a_small_image_is_shown_without_loss() -> None:
    rng = np.random.default_rng(0)
    for channels in (1, 3):
        pixels = rng.integers(0, 256, (32, 32, channels), dtype=np.uint8)
        np.testing.assert_array_equal(opened(thumbnail(pixels)), np.squeeze(pixels))


def test_a_large_image_is_shrunk_and_stays_small_in_bytes() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (224, 224, 3), dtype=np.uint8)
    uri = thumbnail(noise)
    assert opened(uri).shape == (96, 96, 3)
    assert len(uri) < 12_000  # 20 sheets of 31 images make 7.4 MB at the most


def test_a_sheet_shows_every_factor_as_the_model_read_it(evaluation: Evaluation) -> None:
    sheets = example_sheets(evaluation)
    assert len(sheets) == 5
    assert [row.factor for row in sheets[0].rows] == [*PIXEL_FACTORS, COMBINED]
    chosen = choose_examples(evaluation.split.labels[evaluation.base_rows], 5)
    for turn, (position, sheet) in enumerate(zip(chosen, sheets, strict=True)):
        assert sheet.label == evaluation.split.labels[evaluation.base_rows[position]]
        scale = sheet.rows[PIXEL_FACTORS.index("scale")]
        assert scale.direction == ("smaller", "larger")[turn % 2]
        for severity, cell in enumerate(scale.cells):
            place = (severity, turn % 2, position)
            images = evaluation.suite.images["scale"]
            np.testing.assert_array_equal(opened(cell.image), images[place][..., 0])
            assert cell.predicted == evaluation.varied["scale"][place].argmax()
            assert cell.right == (cell.predicted == sheet.label)


def test_a_factor_with_one_direction_does_not_name_it(evaluation: Evaluation) -> None:
    occlusion = example_sheets(evaluation)[0].rows[PIXEL_FACTORS.index("occlusion")]
    assert occlusion.direction is None
