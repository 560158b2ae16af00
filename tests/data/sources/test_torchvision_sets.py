"""torchvision's data sets, in the formats in which they lie on the disk, read without a network."""

import bz2
import gzip
import hashlib
import importlib.util
import inspect
import io
import json
import os
import pickle
import shutil
import socket
import tarfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import scipy.io
import torch
from http_server import http_server
from images import encoded, image_folder, pixels
from PIL import Image
from torchvision import datasets
from torchvision.datasets import eurosat, utils

from constancy.data import reading
from constancy.data.sources import open_source
from constancy.data.sources.torchvision_guard import nothing_run_nothing_decoded
from constancy.data.sources.torchvision_sets import LEFT_OUT, RECIPES
from constancy.data.table import Sample
from constancy.errors import UserError
from constancy.paths import leaving_project_alone
from constancy.settings.data import Data

Read = Callable[..., list[Sample]]


@pytest.fixture
def read(in_tmp: Path, params: dict) -> Read:
    """Reads a data set whose copy lies in the folder `sets`."""

    def read(name: str, root: str | None = "sets", skipped: dict | None = None) -> list[Sample]:
        chosen = {"source": f"torchvision:{name}", "root": root, "sha256": None}
        with open_source(Data.model_validate(params["data"] | chosen)) as source:
            samples = list(source.samples)
            assert source.total == len(samples)
            assert source.skipped == (skipped or {})
            assert len({sample.path for sample in samples}) == len(samples)
            return samples

    return read


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The hosts that were asked for, all in vain: there is no network."""
    hosts: list[str] = []

    def nowhere(host: str, *_args: object, **_named: object) -> None:
        hosts.append(host)
        raise socket.gaierror("no network here")

    monkeypatch.setattr(socket, "getaddrinfo", nowhere)
    return hosts


@pytest.fixture
def sets(in_tmp: Path) -> Path:
    (in_tmp / "sets").mkdir()
    return in_tmp / "sets"


def shown(sample: Sample) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(sample.data)))


def md5(path: Path) -> str:
    return hashlib.md5(path.read_bytes()).hexdigest()


def idx(array: np.ndarray) -> bytes:
    """The format of MNIST's files."""
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    return bytes([0, 0, 8, array.ndim]) + sizes + array.astype(np.uint8).tobytes()


def write_mnist(raw: Path, *, packed: bool) -> dict[str, np.ndarray]:
    raw.mkdir(parents=True)
    images = {"train": pixels(1, (12, 28, 28)), "t10k": pixels(2, (3, 28, 28))}
    for part, array in images.items():
        for kind, content in (("images-idx3", array), ("labels-idx1", np.arange(len(array)) % 10)):
            path = raw / f"{part}-{kind}-ubyte"
            if packed:
                path.with_name(path.name + ".gz").write_bytes(gzip.compress(idx(content)))
            else:
                path.write_bytes(idx(content))
    return images


@pytest.mark.parametrize("name", ["MNIST", "FashionMNIST", "KMNIST"])
@pytest.mark.parametrize("packed", [False, True])
def test_mnist_is_read_from_its_own_files(
    sets: Path, read: Read, asked: list, monkeypatch: pytest.MonkeyPatch, name: str, packed: bool
) -> None:
    kind = getattr(datasets, name)
    images = write_mnist(sets / name / "raw", packed=packed)
    if packed:
        files = [sets / name / "raw" / file for file, _ in kind.resources]
        monkeypatch.setattr(kind, "resources", [(file.name, md5(file)) for file in files])
    samples = read(name)
    assert not asked
    assert [sample.split for sample in samples] == ["train"] * 12 + ["test"] * 3
    assert [sample.label for sample in samples] == [
        kind.classes[n % 10] for n in [*range(12), 0, 1, 2]
    ]
    assert samples[10].path == "train/0/00010.png"
    assert np.array_equal(shown(samples[10]), images["train"][10])
    assert np.array_equal(shown(samples[14]), images["t10k"][2])
    assert sorted(path.name for path in sets.iterdir()) == [name]  # nothing is left over


def test_archives_of_a_project_left_alone_are_unpacked_elsewhere(
    sets: Path, read: Read, asked: list, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write_mnist(sets / "MNIST" / "raw", packed=True)
    files = [sets / "MNIST" / "raw" / file for file, _ in datasets.MNIST.resources]
    monkeypatch.setattr(datasets.MNIST, "resources", [(file.name, md5(file)) for file in files])
    before = sorted(sets.rglob("*"))
    (tmp_path / "scratch").mkdir()
    with leaving_project_alone(tmp_path / "scratch"):
        samples = read("MNIST")
    assert not asked
    assert sorted(sets.rglob("*")) == before
    assert samples == read("MNIST")


def test_the_old_pickled_mnist_is_passed_over(sets: Path, read: Read, asked: list) -> None:
    write_mnist(sets / "MNIST" / "raw", packed=False)
    (sets / "MNIST" / "processed").mkdir()
    for name in ("training.pt", "test.pt"):
        torch.save((torch.zeros(1, 28, 28), torch.zeros(1)), sets / "MNIST" / "processed" / name)
    assert len(read("MNIST")) == 15


def test_letters_that_differ_in_case_alone_are_told_apart(sets: Path, read: Read) -> None:
    raw = sets / "EMNIST" / "raw"
    raw.mkdir(parents=True)
    for part in ("train", "test"):
        (raw / f"emnist-balanced-{part}-images-idx3-ubyte").write_bytes(
            idx(pixels(3, (47, 28, 28)))
        )
        (raw / f"emnist-balanced-{part}-labels-idx1-ubyte").write_bytes(idx(np.arange(47)))
    labels = [sample.label for sample in read("EMNIST")]
    assert len(set(labels)) == 47
    assert labels[9:13] == ["9", "A (10)", "B (11)", "C"]
    assert labels[36] == "a (36)"


def write_cifar(
    sets: Path, monkeypatch: pytest.MonkeyPatch, kind: type = datasets.CIFAR10, key: str = "labels"
) -> Path:
    """As Python 2 wrote it: protocol 2, and arrays under the names of numpy 1."""
    folder = sets / kind.base_folder
    folder.mkdir()

    def write(name: str, content: dict) -> list[str]:
        pickled = pickle.dumps(content, protocol=2)
        (folder / name).write_bytes(pickled.replace(b"numpy._core.", b"numpy.core."))
        return [name, md5(folder / name)]

    for attribute in ("train_list", "test_list"):
        batches = [
            write(name, {"data": pixels(number, (4, 3072)), key: [0, 1, 2, 3]})
            for number, (name, _) in enumerate(getattr(kind, attribute))
        ]
        monkeypatch.setattr(kind, attribute, batches)
    names = {kind.meta["key"]: ["airplane", "automobile", "bird", "cat"]}
    meta_md5 = write(kind.meta["filename"], names)[1]
    monkeypatch.setattr(kind, "meta", kind.meta | {"md5": meta_md5})
    return folder


@pytest.mark.parametrize("packed", [False, True])
def test_cifar10_is_read(
    sets: Path, read: Read, asked: list, monkeypatch: pytest.MonkeyPatch, packed: bool
) -> None:
    folder = write_cifar(sets, monkeypatch)
    if packed:
        archive = sets / datasets.CIFAR10.filename
        with tarfile.open(archive, "w:gz") as tar:
            tar.add(folder, folder.name)
        shutil.rmtree(folder)
        monkeypatch.setattr(datasets.CIFAR10, "tgz_md5", md5(archive))
    samples = read("CIFAR10")
    assert not asked
    assert [sample.split for sample in samples] == ["train"] * 20 + ["test"] * 4
    assert [sample.label for sample in samples[:4]] == ["airplane", "automobile", "bird", "cat"]
    expected = pixels(1, (4, 3072))[2].reshape(3, 32, 32).transpose(1, 2, 0)
    assert np.array_equal(shown(samples[6]), expected)
    assert datasets.cifar.pickle is pickle  # exchanged for the reading alone
    assert read("CIFAR10") == samples


def test_cifar100_has_its_fine_labels(
    sets: Path, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_cifar(sets, monkeypatch, datasets.CIFAR100, "fine_labels")
    samples = read("CIFAR100")
    assert [sample.split for sample in samples] == ["train"] * 4 + ["test"] * 4
    assert samples[3].label == "cat"


class Bomb:
    def __reduce__(self) -> tuple:
        return os.system, ("touch exploded",)


@pytest.mark.parametrize("protocol", [2, 5])
def test_a_pickle_that_runs_code_is_refused(
    sets: Path, read: Read, asked: list, monkeypatch: pytest.MonkeyPatch, protocol: int
) -> None:
    folder = write_cifar(sets, monkeypatch)
    batch = folder / "data_batch_3"
    batch.write_bytes(pickle.dumps({"data": Bomb(), "labels": []}, protocol=protocol))
    batches = [[name, md5(folder / name)] for name, _ in datasets.CIFAR10.train_list]
    monkeypatch.setattr(datasets.CIFAR10, "train_list", batches)
    with pytest.raises(UserError, match=r"asks for posix.system, which may run any code"):
        read("CIFAR10")
    assert not asked
    assert not list(sets.parent.rglob("exploded"))


def write_imagenet(sets: Path, meta: object) -> None:
    for split, count in (("train", 2), ("val", 1)):
        image_folder(sets / split, {"n02012849": count, "n03126707": count, "n01440764": count})
    torch.save(meta, sets / "meta.bin")


SYNSETS = {"n01440764": ("tench", "Tinca tinca"), "n02012849": ("crane",), "n03126707": ("crane",)}


def test_imagenet_has_the_first_names_and_two_cranes(sets: Path, read: Read) -> None:
    write_imagenet(sets, (SYNSETS, ["n01440764"]))
    samples = read("ImageNet")
    assert [sample.label for sample in samples[1:3]] == ["tench", "crane (1)"]
    assert {sample.label for sample in samples} == {"tench", "crane (1)", "crane (2)"}
    assert [sample.split for sample in samples] == ["train"] * 6 + ["validation"] * 3
    assert samples[0].path == "train/n01440764/0004.png"
    assert samples[0].data == (sets / samples[0].path).read_bytes()


@pytest.mark.parametrize("meta", [(Bomb(), []), (SYNSETS, [torch.zeros(1)])])
def test_imagenet_meta_file_may_hold_plain_values_only(
    sets: Path, read: Read, meta: object
) -> None:
    write_imagenet(sets, meta)
    with pytest.raises(UserError, match="which may run any code"):
        read("ImageNet")
    assert not list(sets.parent.rglob("exploded"))


def test_stl10_is_read(
    sets: Path, read: Read, asked: list, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = sets / "stl10_binary"
    folder.mkdir()
    for part in ("train", "test", "unlabeled"):
        (folder / f"{part}_X.bin").write_bytes(pixels(4, (3, 3, 96, 96)).tobytes())
        (folder / f"{part}_y.bin").write_bytes(bytes([1, 2, 10]))
    names = [f"thing {n}" for n in range(10)]
    (folder / "class_names.txt").write_text("\n".join(names))
    for attribute in ("train_list", "test_list"):
        files = [[name, md5(folder / name)] for name, _ in getattr(datasets.STL10, attribute)]
        monkeypatch.setattr(datasets.STL10, attribute, files)
    samples = read("STL10")
    assert not asked
    assert [sample.label for sample in samples] == ["thing 0", "thing 1", "thing 9"] * 2
    assert [sample.split for sample in samples] == ["train"] * 3 + ["test"] * 3
    assert np.array_equal(shown(samples[1]), pixels(4, (3, 3, 96, 96))[1].transpose(2, 1, 0))


def test_usps_is_read(sets: Path, read: Read, asked: list) -> None:
    for name, label in (("usps.bz2", 1), ("usps.t.bz2", 10)):
        line = " ".join([str(label), *(f"{n + 1}:{n / 127.5 - 1}" for n in range(256))])
        (sets / name).write_bytes(bz2.compress(f"{line}\n".encode()))
    samples = read("USPS")
    assert not asked
    assert [(sample.label, sample.split) for sample in samples] == [("0", "train"), ("9", "test")]
    difference = shown(samples[0]).ravel().astype(int) - np.arange(256)
    assert np.abs(difference).max() <= 1


def write_svhn(sets: Path, monkeypatch: pytest.MonkeyPatch) -> np.ndarray:
    images = pixels(5, (32, 32, 3, 4))
    places = {}
    for part in ("train", "test", "extra"):
        path = sets / f"{part}_32x32.mat"
        scipy.io.savemat(path, {"X": images, "y": np.array([[1], [2], [9], [10]], np.uint8)})
        places[part] = ["http://nowhere", path.name, md5(path)]
    monkeypatch.setattr(datasets.SVHN, "split_list", places)
    return images


def test_svhn_is_read(sets: Path, read: Read, asked: list, monkeypatch: pytest.MonkeyPatch) -> None:
    images = write_svhn(sets, monkeypatch)
    samples = read("SVHN")
    assert [sample.label for sample in samples] == ["1", "2", "9", "0"] * 2
    assert np.array_equal(shown(samples[2]), images[..., 2])
    extra = [sample.split for sample in read("SVHN/extra")]
    assert extra == ["train"] * 8 + ["test"] * 4
    assert not asked


def test_a_missing_package_is_named(
    sets: Path, read: Read, asked: list, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_svhn(sets, monkeypatch)
    monkeypatch.setitem(__import__("sys").modules, "scipy", None)
    monkeypatch.setitem(__import__("sys").modules, "scipy.io", None)
    with pytest.raises(UserError, match=r"SVHN needs the package scipy"):
        read("SVHN")
    if importlib.util.find_spec("h5py") is None:
        with pytest.raises(UserError, match="PCAM needs the package h5py: pip install h5py"):
            read("PCAM")
    assert not asked


def test_folders_of_images_give_their_own_files(sets: Path, read: Read, asked: list) -> None:
    image_folder(sets / "eurosat" / "2750", {"Forest": 2, "River": 1}, "jpg")
    samples = read("EuroSAT")
    assert not asked
    assert [(sample.label, sample.split) for sample in samples] == [
        ("Forest", None), ("Forest", None), ("River", None),
    ]  # fmt: skip
    assert samples[2].path == "eurosat/2750/River/0002.jpg"
    assert samples[2].data == encoded(2)


def test_nothing_is_decoded_where_there_are_files(sets: Path, read: Read, asked: list) -> None:
    broken = b"no image at all"
    for category in ("BACKGROUND_Google", "ant", "bass"):
        folder = sets / "caltech101" / "101_ObjectCategories" / category
        folder.mkdir(parents=True)
        (folder / "image_0001.jpg").write_bytes(broken)
    pets = sets / "oxford-iiit-pet"
    (pets / "images").mkdir(parents=True)
    (pets / "annotations").mkdir()
    for split in ("trainval", "test"):
        names = [f"great_pug_{split}", f"Birman_{split}"]
        listed = [f"{name} {label} 1 1\n" for name, label in zip(names, (2, 1), strict=True)]
        (pets / "annotations" / f"{split}.txt").write_text("".join(listed))
        for name in names:
            (pets / "images" / f"{name}.jpg").write_bytes(broken)
    for folder in ("Training/00000", "Training/00001", "Final_Test/Images"):
        (sets / "gtsrb" / "GTSRB" / folder).mkdir(parents=True)
        (sets / "gtsrb" / "GTSRB" / folder / "1.ppm").write_bytes(broken)
    (sets / "gtsrb" / "GT-final_test.csv").write_text("Filename;ClassId\n1.ppm;1\n")

    assert [(each.label, each.data) for each in read("Caltech101")] == [
        ("ant", broken),
        ("bass", broken),
    ]
    assert [(each.label, each.split) for each in read("OxfordIIITPet")] == [
        ("Birman", "train"), ("Great Pug", "train"), ("Birman", "test"), ("Great Pug", "test"),
    ]  # fmt: skip
    assert [(each.label, each.path) for each in read("GTSRB")] == [
        ("0", "gtsrb/GTSRB/Training/00000/1.ppm"),
        ("1", "gtsrb/GTSRB/Training/00001/1.ppm"),
        ("1", "gtsrb/GTSRB/Final_Test/Images/1.ppm"),
    ]
    assert not asked


def test_a_list_that_leads_out_of_the_copy_is_refused(sets: Path, read: Read) -> None:
    (sets.parent / "secret.jpg").write_text("x")
    for folder in ("meta", "images"):
        (sets / "food-101" / folder).mkdir(parents=True)
    for split in ("train", "test"):
        listed = {"soup": ["../../../secret"]}
        (sets / "food-101" / "meta" / f"{split}.json").write_text(json.dumps(listed))
    with pytest.raises(UserError, match=r"leads out of it: \.\./secret.jpg"):
        read("Food101")


def test_a_part_without_labels_is_counted(
    sets: Path, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    (sets / "fer2013").mkdir()
    face = " ".join(["7"] * 48 * 48)
    (sets / "fer2013" / "train.csv").write_text(f"emotion,pixels\n3,{face}\n")
    (sets / "fer2013" / "test.csv").write_text(f"pixels\n{face}\n{face}\n")
    files = {
        part: (f"{part}.csv", md5(sets / "fer2013" / f"{part}.csv")) for part in ("train", "test")
    }
    monkeypatch.setattr(datasets.FER2013, "_RESOURCES", datasets.FER2013._RESOURCES | files)
    samples = read("FER2013", skipped={"without a label": 2})
    assert [(sample.label, sample.split) for sample in samples] == [("3", "train")]
    assert (shown(samples[0]) == 7).all()


def test_a_file_that_is_missing_is_a_problem_of_its_own(sets: Path, read: Read) -> None:
    labels, images = sets / "dtd" / "dtd" / "labels", sets / "dtd" / "dtd" / "images" / "dots"
    labels.mkdir(parents=True)
    images.mkdir(parents=True)
    for split in ("train", "val", "test"):
        (labels / f"{split}1.txt").write_text(f"dots/{split}1.jpg\ndots/{split}2.jpg\n")
        (images / f"{split}1.jpg").write_bytes(b"x")
    samples = read("DTD")
    assert [sample.data for sample in samples] == [b"x", b""] * 3
    assert [sample.problem for sample in samples] == [None, "no such file or directory"] * 3
    assert [sample.split for sample in samples[::2]] == ["train", "validation", "test"]


def test_what_is_no_image_file_is_not_read(
    sets: Path, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = image_folder(sets / "eurosat" / "2750", {"Forest": 3}, "jpg") / "Forest"
    monkeypatch.setattr(reading, "MAX_FILE_BYTES", 10_000)
    (folder / "0001.jpg").write_bytes(bytes(10_001))
    (folder / "0002.jpg").unlink()
    os.mkfifo(folder / "0002.jpg")
    samples = read("EuroSAT")
    assert [sample.data for sample in samples] == [encoded(0), b"", b""]
    assert [sample.problem for sample in samples] == [None, reading.TOO_LARGE, reading.NO_FILE]


def test_labels_that_are_cut_off_are_told(sets: Path, read: Read) -> None:
    write_mnist(sets / "MNIST" / "raw", packed=False)
    (sets / "MNIST" / "raw" / "t10k-labels-idx1-ubyte").write_bytes(idx(np.zeros(1)))
    with pytest.raises(UserError, match="the copy of MNIST is damaged"):
        read("MNIST")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("CIFAR11", "no classification data set 'CIFAR11': did you mean 'CIFAR10'"),
        ("EMNIST/leters", "did you mean 'EMNIST/letters'"),
        ("VOCDetection", "VOCDetection detects objects: choose a data set that has one class"),
        ("ImageFolder", "there is folder:PATH"),
        (
            "SEMEION",
            "no whole copy of SEMEION in .*sets, and it could not be downloaded: .*network",
        ),
        ("MNIST", "could not be downloaded: Error downloading train-images.*no network here"),
        ("PCAM", "PCAM needs the package"),
        ("ImageNet", "torchvision cannot download it: .*devkit"),
        ("StanfordCars", "torchvision cannot download it"),
        ("LFWPeople", "torchvision cannot download it"),
        ("FER2013", "torchvision cannot download it: .*kaggle.com"),
    ],
)
def test_what_cannot_be_had_is_told_at_once(
    sets: Path, read: Read, asked: list, name: str, message: str
) -> None:
    start = time.monotonic()
    with pytest.raises(UserError, match=message) as caught:
        read(name)
    assert time.monotonic() - start < 10
    assert "\n" not in str(caught.value)
    assert "download=True" not in str(caught.value)
    assert list(sets.iterdir()) == []


def test_no_set_is_read_from_an_empty_folder(sets: Path, read: Read, asked: list) -> None:
    for name in RECIPES:
        with pytest.raises(UserError):
            read(name)


def fetched_eurosat(monkeypatch: pytest.MonkeyPatch, then: BaseException | None) -> None:
    def fetch(url: str, download_root: str, md5: str) -> None:
        image_folder(Path(download_root) / "2750", {"Forest": 1, "River": 2})
        if then:
            raise then

    monkeypatch.setattr(eurosat, "download_and_extract_archive", fetch)


def test_a_download_goes_to_the_state_folder_once(
    in_tmp: Path, read: Read, asked: list, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetched_eurosat(monkeypatch, None)
    samples = read("EuroSAT", root=None)
    assert [sample.label for sample in samples] == ["Forest", "River", "River"]
    assert [p.name for p in (in_tmp / ".constancy" / "torchvision").iterdir()] == ["eurosat"]
    fetched_eurosat(monkeypatch, AssertionError("downloaded again"))
    assert read("EuroSAT", root=None) == samples
    assert socket.getdefaulttimeout() is None


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError("No space left on device")])
def test_a_download_that_breaks_off_leaves_nothing(
    sets: Path, read: Read, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    fetched_eurosat(monkeypatch, error)
    told = UserError if isinstance(error, Exception) else KeyboardInterrupt
    with pytest.raises(told):
        read("EuroSAT")
    assert list(sets.iterdir()) == []


def test_a_download_never_writes_through_a_link_to_a_file_of_the_users(tmp_path: Path) -> None:
    damaged, stage = tmp_path / "images.gz", tmp_path / "stage"
    damaged.write_bytes(b"half of it")
    stage.mkdir()
    (stage / "images.gz").symlink_to(damaged)
    with http_server() as server, nothing_run_nothing_decoded():
        whole = hashlib.md5(b"all of it").hexdigest()
        url = server.serve("images.gz", b"all of it")
        utils.download_url(url, str(stage), "images.gz", whole)
    assert damaged.read_bytes() == b"half of it"
    assert (stage / "images.gz").read_bytes() == b"all of it"


def test_a_name_in_other_letters_is_recognised(read: Read) -> None:
    with pytest.raises(UserError, match="did you mean 'FashionMNIST'"):
        read("fashionmnist")


def parameters(kind: type) -> set[str]:
    """The keyword arguments that a class takes, those among them that it passes on to its parent."""
    names: set[str] = set()
    for each in kind.__mro__:
        found = inspect.signature(each.__init__).parameters
        names |= set(found)
        if not any(each.kind is each.VAR_KEYWORD for each in found.values()):
            break
    return names


@pytest.mark.parametrize("name", RECIPES)
def test_torchvision_knows_what_it_is_asked_for(name: str, tmp_path: Path) -> None:
    recipe = RECIPES[name]
    kind = getattr(datasets, name.partition("/")[0])
    known = parameters(kind)
    for arguments, split in recipe.splits:
        assert arguments.keys() <= known
        assert split in ("train", "validation", "test", None)
    assert "download" in known or not recipe.downloads
    assert len({str(arguments) for arguments, _ in recipe.splits}) == len(recipe.splits)
    # torchvision checks each value in words of its own, before it looks for the files.
    for arguments, _ in recipe.splits:
        with pytest.raises(Exception) as caught:  # noqa: PT011
            kind(str(tmp_path), **arguments | ({"download": False} if recipe.downloads else {}))
        assert "nknown value" not in str(caught.value)


def test_every_class_of_torchvision_is_known_or_left_out() -> None:
    asked_for = {name.partition("/")[0] for name in RECIPES}
    assert asked_for | LEFT_OUT.keys() == set(datasets.__all__)
    assert not asked_for & LEFT_OUT.keys()
