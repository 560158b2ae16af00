"""The committed settings for the tests of the factors."""

import pytest

from constancy.settings.variation import Strengths, Variation


@pytest.fixture
def variation(params: dict) -> Variation:
    return Variation.model_validate(params["variation"])


@pytest.fixture
def strengths(variation: Variation) -> Strengths:
    return variation.strengths
