"""Blended images are made of two, and their labels in the same shares."""

import pytest
import torch

from constancy.training.blend import blend


def batch(count: int = 64) -> tuple[torch.Tensor, torch.Tensor]:
    """Images that are as bright as ten times their label."""
    labels = torch.arange(count) % 5
    images = (10 * labels.to(torch.uint8))[:, None, None, None].repeat(1, 8, 8, 3)
    return images, labels


def test_without_either_nothing_changes() -> None:
    images, labels = batch()
    found = blend(images, labels, 0, 0, 5)
    assert found[0] is images
    assert found[1] is labels


@pytest.mark.parametrize(("mixup", "cutmix"), [(0.4, 0.0), (0.0, 1.0), (0.4, 1.0)])
def test_an_image_is_as_bright_as_its_labels_say(mixup: float, cutmix: float) -> None:
    changed = 0
    for seed in range(12):
        torch.manual_seed(seed)
        images, labels = batch()
        blended, targets = blend(images, labels, mixup, cutmix, 5)
        assert blended.shape == images.shape
        assert targets.shape == (64, 5)
        assert torch.allclose(targets.sum(1), torch.ones(64))
        expected = (targets * 10 * torch.arange(5)).sum(1)
        assert torch.allclose(blended.mean(dim=(1, 2, 3)), expected, atol=0.1)
        changed += not torch.equal(blended, images.float())
    assert changed > 6


def test_the_draw_is_that_of_the_current_generator() -> None:
    found = []
    for _ in range(2):
        torch.manual_seed(3)
        found.append(blend(*batch(), 0.4, 1.0, 5)[0])
    assert torch.equal(*found)
