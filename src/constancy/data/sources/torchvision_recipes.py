"""What torchvision's data sets are called, and how each is asked for: data, no code."""

from dataclasses import dataclass
from typing import Any

Splits = tuple[tuple[dict[str, Any], str | None], ...]


@dataclass(frozen=True)
class Recipe:
    """How torchvision is asked for a data set.

    splits: for each part of it, the keyword arguments that give it, and which of our splits it is
    (None: the images have no split of their own). downloads: whether torchvision can download it.
    names: the attribute that holds the names of the classes, where there is one.
    """

    splits: Splits
    downloads: bool = True
    names: str = "classes"


_BY_FLAG: Splits = (({"train": True}, "train"), ({"train": False}, "test"))
_WHOLE: Splits = (({}, None),)


def _splits(*names: str, key: str = "split", **arguments: Any) -> Splits:
    ours = {"train": "train", "trainval": "train", "train-standard": "train", "extra": "train",
            "2021_train": "train", "2021_train_mini": "train", "val": "validation",
            "valid": "validation", "2021_valid": "validation", "test": "test"}  # fmt: skip
    return tuple(({key: name} | arguments, ours.get(name)) for name in names)


def _emnist(kind: str) -> Recipe:
    return Recipe(tuple(({"split": kind} | arguments, ours) for arguments, ours in _BY_FLAG))


RECIPES = {
    "CIFAR10": Recipe(_BY_FLAG),
    "CIFAR100": Recipe(_BY_FLAG),
    "CLEVRClassification": Recipe(_splits("train", "val")),  # its test part has no labels
    "Caltech101": Recipe(_WHOLE, names="categories"),
    "Caltech256": Recipe(_WHOLE, names="categories"),
    "Country211": Recipe(_splits("train", "valid", "test")),
    "DTD": Recipe(_splits("train", "val", "test")),
    "EMNIST": _emnist("balanced"),
    "EMNIST/byclass": _emnist("byclass"),
    "EMNIST/bymerge": _emnist("bymerge"),
    "EMNIST/digits": _emnist("digits"),
    "EMNIST/letters": _emnist("letters"),
    "EMNIST/mnist": _emnist("mnist"),
    "EuroSAT": Recipe(_WHOLE),
    "FER2013": Recipe(_splits("train", "test"), downloads=False),
    "FGVCAircraft": Recipe(_splits("train", "val", "test")),
    "FGVCAircraft/family": Recipe(_splits("train", "val", "test", annotation_level="family")),
    "FashionMNIST": Recipe(_BY_FLAG),
    "Flowers102": Recipe(_splits("train", "val", "test")),
    "Food101": Recipe(_splits("train", "test")),
    "GTSRB": Recipe(_splits("train", "test")),
    "INaturalist": Recipe(
        _splits("2021_train", "2021_valid", key="version"), names="all_categories"
    ),
    "INaturalist/mini": Recipe(
        _splits("2021_train_mini", "2021_valid", key="version"), names="all_categories"
    ),
    "ImageNet": Recipe(_splits("train", "val"), downloads=False),
    "Imagenette": Recipe(_splits("train", "val")),
    "Imagenette/160px": Recipe(_splits("train", "val", size="160px")),
    "Imagenette/320px": Recipe(_splits("train", "val", size="320px")),
    "KMNIST": Recipe(_BY_FLAG),
    # Its own train and test show different people: there is nothing to test a classifier on.
    "LFWPeople": Recipe((({"split": "10fold"}, None),), downloads=False, names="class_to_idx"),
    "MNIST": Recipe(_BY_FLAG),
    # Its two parts hold different alphabets: both are needed in training.
    "Omniglot": Recipe(
        (({"background": True}, None), ({"background": False}, None)), names="_characters"
    ),
    "OxfordIIITPet": Recipe(_splits("trainval", "test")),
    "PCAM": Recipe(_splits("train", "val", "test")),
    "Places365": Recipe(_splits("train-standard", "val"), names="class_to_idx"),
    "Places365/small": Recipe(_splits("train-standard", "val", small=True), names="class_to_idx"),
    "QMNIST": Recipe(_splits("train", "test", key="what")),
    "RenderedSST2": Recipe(_splits("train", "val", "test")),
    "SEMEION": Recipe(_WHOLE),
    "STL10": Recipe(_splits("train", "test")),
    "SUN397": Recipe(_WHOLE),
    "SVHN": Recipe(_splits("train", "test")),
    "SVHN/extra": Recipe(_splits("train", "extra", "test")),
    "StanfordCars": Recipe(_splits("train", "test"), downloads=False),
    "USPS": Recipe(_BY_FLAG),
}
"""What can be asked for: a class of torchvision.datasets, after a slash its variant."""

_LEFT_OUT_FOR = {
    "detects objects": ("CocoDetection", "Kitti", "VOCDetection", "WIDERFace"),
    "segments images": ("Cityscapes", "SBDataset", "VOCSegmentation"),
    "holds videos": ("HMDB51", "Kinetics", "MovingMNIST", "UCF101"),
    "holds captions": ("CocoCaptions", "Flickr30k", "Flickr8k", "SBU"),
    "holds many attributes of each face": ("CelebA",),
    "compares pairs of images": ("LFWPairs", "PhotoTour"),
    "holds optical flow": ("FlyingChairs", "FlyingThings3D", "HD1K", "KittiFlow", "Sintel"),
    "holds stereo pairs": (
        "CREStereo", "CarlaStereo", "ETH3DStereo", "FallingThingsStereo", "InStereo2k",
        "Kitti2012Stereo", "Kitti2015Stereo", "Middlebury2014Stereo", "SceneFlowStereo",
        "SintelStereo",
    ),
    "is random noise": ("FakeData",),
    "is any folder of images, for which there is folder:PATH": ("DatasetFolder", "ImageFolder"),
    "is not a data set by itself": ("VisionDataset", "wrap_dataset_for_transforms_v2"),
    "keeps its keys as a pickle in the current folder, which may run code": ("LSUN", "LSUNClass"),
}  # fmt: skip
LEFT_OUT = {name: reason for reason, names in _LEFT_OUT_FOR.items() for name in names}
"""What torchvision.datasets holds besides, and why it cannot be trained on here."""
