"""What severities mean: a network trained without variation does worse with every one of them."""

import pytest
from digits_project import digits_project

from constancy.calibration.curves import Curve
from constancy.calibration.reference import measure
from constancy.data.packed import PackedSplit
from constancy.settings.base import COMBINED, PIXEL_FACTORS
from constancy.variation.embedding import fit_embedding

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def curves(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Curve]:
    folder = tmp_path_factory.mktemp("monotone")
    # Deformation costs little, so that it takes many images to see it.
    settings = digits_project(
        folder,
        data__split__validation=0.4,
        data__split__test=0.1,
        train__epochs=12,
        model__cnn__filters=[16, 32, 64],
    )
    prepared = folder / "data" / "prepared"
    embedding = fit_embedding(PackedSplit.load(prepared / "train"))
    return measure(settings, prepared, embedding, folder / "scratch")[1]


def test_the_reference_knows_the_digits(curves: dict[str, Curve]) -> None:
    assert curves["viewpoint"].accuracies[0] > 0.97


@pytest.mark.parametrize("factor", [*PIXEL_FACTORS, COMBINED])
def test_accuracy_falls_from_severity_to_severity(curves: dict[str, Curve], factor: str) -> None:
    curve = curves[factor]
    right = curve.accuracies
    for severity in range(5):
        allowed = curve.half_width(severity, severity + 1)
        assert right[severity + 1] <= right[severity] + allowed, (factor, right)


@pytest.mark.parametrize("factor", [*PIXEL_FACTORS, COMBINED])
def test_the_strongest_severity_costs_more_than_the_weakest(
    curves: dict[str, Curve], factor: str
) -> None:
    curve = curves[factor]
    drop = curve.accuracies[1] - curve.accuracies[5]
    assert drop > curve.half_width(1, 5), (factor, curve.accuracies)
