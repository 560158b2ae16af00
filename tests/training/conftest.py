"""A small prepared and augmented project for training tests."""

from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import mkdtemp
from types import MappingProxyType

import pytest
from training_project import Prepared, prepare_small

from constancy.training import resume, steps
from constancy.training.fit import Fitted


@pytest.fixture
def saved_always(monkeypatch: pytest.MonkeyPatch) -> None:
    """State is saved after every step."""
    monkeypatch.setattr(resume, "_SECONDS", 0.0)
    monkeypatch.setattr(resume, "_SHARE", 1e9)
    monkeypatch.setattr(steps, "_TURN", 0.0)


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """A few hundred digits of 16 x 16 pixels, with a copy of each kind."""
    return prepare_small(tmp_path_factory.mktemp("prepared"))


@pytest.fixture
def train(prepared: Prepared, tmp_path: Path) -> Callable[..., Fitted]:
    """A function that trains with some settings of `model` (tuning) and `train` changed."""

    def trained(
        model: str = "cnn",
        tuning: Mapping[str, object] = MappingProxyType({}),
        **changes: object,
    ) -> Fitted:
        settings = prepared.settings(**changes)
        named = settings.model.model_copy(update={"name": model, **tuning})
        settings = settings.model_copy(update={"model": named})
        return prepared.fit(settings, Path(mkdtemp(dir=tmp_path)))

    return trained
