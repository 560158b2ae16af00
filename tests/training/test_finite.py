"""A training that comes to nothing says so: which step, which rate, what is saved."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from training_project import Prepared

from constancy.errors import UserError
from constancy.training.data import Batch
from constancy.training.fit import Fitted
from constancy.training.module import Classifier


def test_a_loss_that_is_no_number_ends_the_training(train: Callable[..., Fitted]) -> None:
    sentence = (
        r"the loss was no longer finite in step \d+ \(epoch \d, rate [\d.e+]+\); none is saved: "
        r"lower train.rate, or set train.clip"
    )
    with pytest.raises(UserError, match=sentence):
        train(rate=10.0, optimizer="sgd", weight_decay=1e30)


@pytest.mark.usefixtures("saved_always")
def test_weights_that_a_step_has_ruined_are_not_saved(train: Callable[..., Fitted]) -> None:
    with pytest.raises(UserError, match=r"in step 2 .*none is saved"):
        train(rate=10.0, optimizer="sgd", weight_decay=1e38)


@pytest.mark.usefixtures("saved_always")
def test_the_last_good_checkpoint_is_named(
    prepared: Prepared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loss_of = Classifier.loss_of

    def ruined(self: Classifier, batch: Batch, number: int) -> torch.Tensor:
        if (self.current_epoch, number) == (1, 4):
            self.class_weights = torch.full((self.classes,), float("nan"))
        return loss_of(self, batch, number)

    monkeypatch.setattr(Classifier, "loss_of", ruined)
    with pytest.raises(UserError, match=rf"the last good checkpoint is {tmp_path}/last.ckpt: "):
        prepared.fit(prepared.settings(), tmp_path)
    saved = torch.load(tmp_path / "last.ckpt", weights_only=True)
    assert all(each.isfinite().all() for each in saved["state_dict"].values())
    assert saved["global_step"] > 4
