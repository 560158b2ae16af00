"""The rate rises and falls as the schedule says, for every number of steps."""

import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from torch.optim import SGD, AdamW, Optimizer
from training_project import RECIPE

from constancy.models.network import Network
from constancy.settings.train import Train
from constancy.training.optimization import make_optimizer, make_schedule


def recipe(**changes: object) -> Train:
    return Train.model_validate(RECIPE | changes)


def small() -> Network:
    return Network(torch.nn.Conv2d(1, 1, 1), [0.0], [1.0])


def rates(train: Train, steps: int) -> list[float]:
    optimizer = make_optimizer(small(), train)
    schedule = make_schedule(optimizer, train, steps)
    found = []
    for _ in range(steps):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return found


@pytest.mark.parametrize(("name", "kind"), [("adamw", AdamW), ("sgd", SGD)])
def test_an_optimiser_is_the_one_that_was_asked_for_in_one_pass(
    name: str, kind: type[Optimizer]
) -> None:
    optimizer = make_optimizer(small(), recipe(optimizer=name))
    assert type(optimizer) is kind
    assert optimizer.defaults["fused"]


@given(
    st.sampled_from(["onecycle", "cosine"]),
    st.sampled_from(["adamw", "sgd"]),
    st.floats(0.01, 0.9),
    st.integers(4, 300),
)
@example("onecycle", "adamw", 0.05, 20)
@example("onecycle", "adamw", 0.1, 10)
@example("onecycle", "adamw", 0.25, 4)
def test_the_rate_rises_to_its_peak_and_falls_to_nearly_nothing(
    schedule: str, optimizer: str, warmup: float, steps: int
) -> None:
    train = recipe(schedule=schedule, optimizer=optimizer, warmup=warmup, rate=0.1)
    found = rates(train, steps)
    assert min(found) > 0
    assert max(found) <= 0.1 + 1e-9
    peak = found.index(max(found))
    assert peak <= warmup * steps + 1
    assert found[:peak] == sorted(found[:peak])
    assert found[peak:] == sorted(found[peak:], reverse=True)
    if warmup * steps >= 2 and (1 - warmup) * steps >= 2:
        assert max(found) > 0.05


def test_cosine_without_warm_up_begins_at_the_peak() -> None:
    found = rates(recipe(schedule="cosine", warmup=0.0, rate=0.1), 100)
    assert found[0] == 0.1
    assert found[50] == pytest.approx(0.05, abs=1e-3)
    assert found[99] < 0.001


def test_weights_move_by_both_optimisers() -> None:
    for name in ("adamw", "sgd"):
        layer = small()
        before = layer.body.weight.detach().clone()
        optimizer = make_optimizer(layer, recipe(optimizer=name))
        layer(torch.ones(1, 1, 2, 2)).sum().backward()
        optimizer.step()
        assert not torch.equal(before, layer.body.weight)
