"""Controls: what a factor adds to an image, without what it changes there.

Where a network fails on a varied image, its control says whether the factor is to blame, or what
came with it: the filled border, the strange patch, the edges of the block.
"""

from dataclasses import replace

import numpy as np

from constancy.settings.base import COMBINED
from constancy.variation.scene import Scene
from constancy.variation.view import View

CONTROLS = {
    "viewpoint": "the same border, the object as it was",
    "scale": "the same border, the object as it was",
    "deformation": "the same border, the object as it was",
    "clutter": "patches at the same places, from images of the same class",
    "occlusion": "the edges of the same block, one pixel wide",
    COMBINED: "all of these that come with the factors drawn",
}
"""What the control of a factor, or of several, shows; light adds nothing, so it has none."""


def control_scene(factor: str, scene: Scene) -> Scene:
    """The scene from which the view of a control is drawn."""
    return replace(scene, same_class=True) if factor in ("clutter", COMBINED) else scene


def control_image(view: View, image: np.ndarray, border: np.ndarray) -> np.ndarray:
    """The control of a view of an image, uint8, H x W x C; border: its row of `border_colors`."""
    seen = image.copy()
    seen[view.beyond(*image.shape[:2])] = border
    for layer in view.layers:
        layer.apply_control(seen)
    return seen
