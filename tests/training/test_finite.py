"""A training that comes to nothing says so: which step, which rate, what is saved."""

from collections.abc import Callable

import pytest

from constancy.errors import UserError
from constancy.training.fit import Fitted


def test_a_loss_that_is_no_number_ends_the_training(train: Callable[..., Fitted]) -> None:
    sentence = (
        r"the loss was no longer finite in step \d+ \(epoch \d, rate [\d.e+]+\); none is saved: "
        r"lower train.rate, or set train.clip"
    )
    with pytest.raises(UserError, match=sentence):
        train(rate=10.0, optimizer="sgd", weight_decay=1e30)
