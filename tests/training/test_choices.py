"""What settings leave open is measured once and kept; whoever joins in finds it."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch
from project import REPOSITORY
from ruamel.yaml import YAML

from constancy.errors import UserError
from constancy.models.disk import ModelCard
from constancy.settings import Settings, check_settings
from constancy.training import choices
from constancy.training.choices import Choices, choices_of, choose, faster_precision

CARD = ModelCard(
    "mlp",
    {"hidden": [16], "dropout": 0.0},
    ["a", "b"],
    {"size": 8, "color": "grey", "fit": "pad"},
    [0.0],
    [1.0],
)


def settings(**train: object) -> Settings:
    values = YAML(typ="safe").load((REPOSITORY / "params.yaml").read_text())
    values["train"] |= train
    return check_settings(values)


def chosen(**train: object) -> Choices:
    return choose(CARD, settings(**train), images=1000, validation=100)


def test_what_is_set_is_chosen_without_a_trial(capsys: pytest.CaptureFixture[str]) -> None:
    assert chosen(epochs=7, precision="bf16", compile="always", accumulate=2) == Choices(
        "bf16", True, 7, settings().train.batch_size, 2
    )
    assert capsys.readouterr().err == ""


def test_minutes_allow_fewer_epochs_but_never_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert chosen(epochs=10**9, minutes=60.0).epochs < 10**9
    assert chosen(epochs=3, minutes=60.0).epochs == 3
    assert chosen(epochs=3, minutes=1e-9).epochs == 1
    assert "train: by trial, fp32, 1 epochs at the most" in capsys.readouterr().err


class Timed:
    """A trial whose steps take as long as it is told."""

    class device:  # noqa: N801  # as torch has it
        type = "cpu"

    def __init__(self, **seconds: float) -> None:
        self.told = seconds

    def seconds(self, precision: str, *, compiled: bool = False) -> float:
        return self.told["compiled" if compiled else precision]


@pytest.mark.parametrize(
    ("bf16", "expected"), [(0.5, "bf16"), (0.7, "bf16"), (0.8, "fp32"), (30.0, "fp32")]
)
def test_bf16_is_taken_only_where_it_is_clearly_faster(bf16: float, expected: str) -> None:
    assert faster_precision(Timed(fp32=1.0, bf16=bf16)) == expected  # type: ignore[arg-type]


def test_compiling_pays_back_only_in_long_trainings_and_where_steps_become_faster() -> None:
    fast, slow = Timed(compiled=0.5), Timed(compiled=0.95)
    assert choices._pays_back(fast, "fp32", 3600, 1.0)  # type: ignore[arg-type]
    assert not choices._pays_back(slow, "fp32", 3600, 1.0)  # type: ignore[arg-type]
    assert not choices._pays_back(fast, "fp32", 100, 1.0)  # type: ignore[arg-type]


def test_a_compiler_that_fails_is_done_without(capsys: pytest.CaptureFixture[str]) -> None:
    assert not choices._pays_back(Timed(), "fp32", 3600, 1.0)  # type: ignore[arg-type]
    assert "compiling failed (KeyError), going on without" in capsys.readouterr().err


def test_a_trial_takes_no_more_images_than_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = hungry(monkeypatch, 10**6)
    chosen(batch_size=16384, minutes=60.0)
    assert set(tried) == {1000}


def test_a_choice_once_made_is_kept(tmp_path: Path) -> None:
    kept = Choices("bf16", False, 3, 8, 4)
    kept.save(tmp_path)
    assert choices_of(tmp_path, CARD, settings(), images=9, validation=9, first=True) == kept


def test_other_processes_wait_for_the_first_ones_choice(tmp_path: Path) -> None:
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(
            choices_of, tmp_path, CARD, settings(), images=9, validation=9, first=False
        )
        made = choices_of(tmp_path, CARD, settings(), images=9, validation=9, first=True)
        assert waiting.result(timeout=10) == made


def test_processes_that_wait_in_vain_are_told_what_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choices, "_PATIENCE", 0.2)
    with pytest.raises(UserError, match=r"has not written .*: start all, with the project in a"):
        choices_of(tmp_path, CARD, settings(), images=9, validation=9, first=False)


def hungry(monkeypatch: pytest.MonkeyPatch, most: int) -> list[int]:
    """Let trials of more than so many images ask torch for more memory than there is."""
    tried, step = [], choices.Trial._step

    def of(self: choices.Trial, *rest: Any) -> float:
        tried.append(len(self.images))
        torch.empty(2**55 if len(self.images) > most else 1, dtype=torch.uint8)
        return step(self, *rest)

    monkeypatch.setattr(choices.Trial, "_step", of)
    return tried


def test_a_trial_takes_fewer_images_until_memory_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = hungry(monkeypatch, 16)
    found = chosen(batch_size=64, accumulate=1, minutes=60.0)
    assert (found.batch_size, found.accumulate) == (16, 4)
    assert sorted(set(tried)) == [16, 32, 64]
    with pytest.raises(UserError, match="memory runs out even with 4 images at once"):
        hungry(monkeypatch, 0)
        chosen(batch_size=64, minutes=60.0)


def test_a_trial_takes_what_one_of_several_processes_will(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = hungry(monkeypatch, 64)
    chosen(batch_size=63, minutes=60.0, devices=2, accelerator="cpu")
    assert set(tried) == {32}


def test_half_as_many_images_at_once_are_as_many_in_a_step() -> None:
    assert Choices("fp32", False, 3, 64, 2).halved() == Choices("fp32", False, 3, 32, 4)
