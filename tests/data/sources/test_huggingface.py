"""Data sets in the Hub's layout, read from folders; the Hub itself is never asked."""

import os

os.environ.setdefault("HF_HUB_OFFLINE", "1")  # before anything imports huggingface_hub

import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import datasets
import huggingface_hub
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from bundles import make_zip
from datasets import ClassLabel, Dataset, Features
from huggingface_hub import HfApi
from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError
from images import encoded, image_folder

from constancy.data import reading
from constancy.data.sources import huggingface, huggingface_place, open_source
from constancy.data.table import Sample
from constancy.errors import UserError
from constancy.settings.data import Data

Read = Callable[..., list[Sample]]

CLASSES = ClassLabel(names=["cat", "dog"])


@pytest.fixture
def read(in_tmp: Path, params: dict, monkeypatch: pytest.MonkeyPatch) -> Read:
    # Another test may have imported the library before this file could say so.
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)

    def read(name: str, skipped: dict | None = None) -> list[Sample]:
        chosen = {"source": f"huggingface:{name}", "root": None, "sha256": None}
        with open_source(Data.model_validate(params["data"] | chosen)) as source:
            samples = list(source.samples)
            assert source.total is None
            assert source.skipped == (skipped or {})
            assert len({sample.path for sample in samples}) == len(samples)
            return samples

    return read


def images(count: int) -> list[dict]:
    return [{"bytes": encoded(number, "JPEG"), "path": f"{number}.jpg"} for number in range(count)]


def write(folder: Path, split: str, columns: dict, **features: object) -> None:
    """As `datasets` does it: with the features among the Parquet file's metadata."""
    types = Features({"image": datasets.Image(), **features})
    dataset = Dataset.from_dict(columns, features=types)
    (folder / "data").mkdir(parents=True, exist_ok=True)
    dataset.to_parquet(folder / "data" / f"{split}-00000-of-00001.parquet")


def write_plain(folder: Path, split: str, **columns: object) -> None:
    """As any other writer does it."""
    (folder / "data").mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), folder / "data" / f"{split}-00000-of-00001.parquet")


def test_splits_labels_and_bytes_are_those_of_the_files(in_tmp: Path, read: Read) -> None:
    for split, labels in (("train", [0, 1, 1]), ("validation", [1]), ("test", [0])):
        write(
            in_tmp / "pets", split, {"image": images(len(labels)), "label": labels}, label=CLASSES
        )
    samples = read("pets")
    assert [(sample.split, sample.label) for sample in samples] == [
        ("train", "cat"), ("train", "dog"), ("train", "dog"), ("validation", "dog"), ("test", "cat"),
    ]  # fmt: skip
    assert [sample.data for sample in samples[:3]] == [encoded(n, "JPEG") for n in range(3)]
    assert samples[2].path == "train/0000002/2.jpg"
    assert read(str(in_tmp / "pets")) == samples


def test_a_file_of_another_writer_is_read(in_tmp: Path, read: Read) -> None:
    write_plain(in_tmp / "pets", "train", image=images(2), label=["cat", "dog"])
    write_plain(in_tmp / "pets", "test", image=images(1), label=["dog"])
    samples = read("pets")
    assert [(sample.split, sample.label) for sample in samples] == [
        ("train", "cat"), ("train", "dog"), ("test", "dog"),
    ]  # fmt: skip
    assert samples[1].data == encoded(1, "JPEG")


@pytest.mark.parametrize("name", ["label", "labels", "class"])
def test_whole_numbers_may_be_labels(in_tmp: Path, read: Read, name: str) -> None:
    write_plain(in_tmp / "pets", "train", image=images(2), other=[1.0, 2.0], **{name: [7, 3]})
    assert [sample.label for sample in read("pets")] == ["7", "3"]


@pytest.mark.parametrize("name", ["val", "valid", "dev"])
def test_the_validation_split_has_many_names(in_tmp: Path, read: Read, name: str) -> None:
    for split in ("train", name):
        write_plain(in_tmp / "pets", split, image=images(1), label=["cat"])
    assert [sample.split for sample in read("pets")] == ["train", "validation"]


def with_card(folder: Path, **files: str) -> None:
    """A data set whose card says which files are which split."""
    listed = "".join(f"  - {{split: {split}, path: {path}}}\n" for split, path in files.items())
    card = f"---\nconfigs:\n- config_name: default\n  data_files:\n{listed}---\n"
    (folder / "README.md").write_text(card)


def test_a_single_split_by_another_name_is_none(in_tmp: Path, read: Read) -> None:
    write_plain(in_tmp / "pets", "train", image=images(2), label=["cat", "dog"])
    with_card(in_tmp / "pets", everything="data/*.parquet")
    assert [sample.split for sample in read("pets")] == [None, None]


def test_a_strange_split_among_others_is_refused(in_tmp: Path, read: Read) -> None:
    for split in ("train", "test"):
        write_plain(in_tmp / "pets", split, image=images(1), label=["cat"])
    with_card(in_tmp / "pets", train="data/train*", hard_test="data/test*")
    with pytest.raises(UserError, match="not known what they are for, hard_test"):
        read("pets")


def test_rows_without_a_label_are_counted(in_tmp: Path, read: Read) -> None:
    labels = [0, -1, None, 1]
    write(in_tmp / "pets", "train", {"image": images(4), "label": labels}, label=CLASSES)
    samples = read("pets", skipped={"without a label": 2})
    assert [sample.label for sample in samples] == ["cat", "dog"]
    assert [sample.data for sample in samples] == [encoded(n, "JPEG") for n in (0, 3)]


def test_a_row_without_an_image_is_a_problem_of_its_own(in_tmp: Path, read: Read) -> None:
    write(in_tmp / "pets", "train", {"image": [None, *images(1)], "label": [0, 1]}, label=CLASSES)
    samples = read("pets")
    assert [sample.problem for sample in samples] == ["there is no image in this row", None]
    assert samples[0].data == b""


def test_of_several_columns_the_usual_name_wins(in_tmp: Path, read: Read) -> None:
    columns = {"image": images(2), "coarse": [0, 0], "label": [0, 1]}
    write(in_tmp / "pets", "train", columns, coarse=CLASSES, label=CLASSES)
    assert [sample.label for sample in read("pets")] == ["cat", "dog"]


def test_a_folder_of_images_gives_its_own_files(in_tmp: Path, read: Read) -> None:
    for split in ("train", "test"):
        image_folder(in_tmp / "pets" / split, {"cat": 1, "dog": 1})
    samples = read("pets")
    assert [(sample.path, sample.split, sample.label) for sample in samples] == [
        ("train/cat/0000.png", "train", "cat"),
        ("train/dog/0001.png", "train", "dog"),
        ("test/cat/0000.png", "test", "cat"),
        ("test/dog/0001.png", "test", "dog"),
    ]
    assert all(sample.data == (in_tmp / "pets" / sample.path).read_bytes() for sample in samples)


def test_paths_are_followed_inside_the_folder_only(in_tmp: Path, read: Read) -> None:
    (in_tmp / "secret.png").write_bytes(b"secret")
    inside = [{"bytes": None, "path": f"files/{name}.png"} for name in ("here", "gone")]
    write_plain(in_tmp / "pets", "train", image=inside, label=["cat", "dog"])
    (in_tmp / "pets" / "files").mkdir()
    (in_tmp / "pets" / "files" / "here.png").write_bytes(b"x")
    samples = read("pets")
    assert [sample.data for sample in samples] == [b"x", b""]
    assert [sample.problem for sample in samples] == [None, "no such file or directory"]
    link = in_tmp / "pets" / "files" / "link.png"
    link.symlink_to(in_tmp / "secret.png")
    outside = f"zip://secret.png::{in_tmp / 'secret.zip'}"
    for path in (
        "../secret.png",
        str(in_tmp / "secret.png"),
        str(link),
        outside,
        "file:///etc/passwd",
    ):
        write_plain(in_tmp / "pets", "train", image=[{"bytes": None, "path": path}], label=["cat"])
        with pytest.raises(UserError, match="names an image that does not lie in it"):
            read("pets")


def test_archives_of_images_are_read_in_place(in_tmp: Path, read: Read) -> None:
    files = {f"{number}.png": encoded(number) for number in range(2)}
    (in_tmp / "pets").mkdir()
    make_zip(
        in_tmp / "pets" / "train.zip",
        files | {"metadata.csv": b"file_name,label\n0.png,cat\n1.png,dog\n"},
    )
    samples = read("pets")
    assert [(sample.label, sample.data) for sample in samples] == [
        ("cat", encoded(0)), ("dog", encoded(1)),
    ]  # fmt: skip
    assert samples[1].path == "train.zip/1.png"


def test_what_is_no_image_file_is_not_read(
    in_tmp: Path, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (reading, huggingface, huggingface_place):
        monkeypatch.setattr(module, "MAX_FILE_BYTES", 10_000)
    large = bytes(10_001)
    (in_tmp / "pets").mkdir()
    make_zip(in_tmp / "pets" / "images.zip", {"0.png": encoded(0), "1.png": large})
    (in_tmp / "pets" / "large.png").write_bytes(large)
    for name in ("pipe.png", "pipe.zip"):
        os.mkfifo(in_tmp / "pets" / name)
    paths = ["large.png", "pipe.png"]
    for file in ("0.png::images", "1.png::images", "0.png::pipe", "0.png::none"):
        name, _, archive = file.partition("::")
        paths.append(f"zip://{name}::{in_tmp / 'pets' / archive}.zip")
    rows = [{"bytes": None, "path": path} for path in paths]
    rows.append({"bytes": large, "path": "x.png"})
    write_plain(in_tmp / "pets", "train", image=rows, label=["cat"] * 7)
    samples = read("pets")
    assert [bool(sample.data) for sample in samples] == [False, False, True, *[False] * 4]
    assert [sample.problem for sample in samples] == [
        reading.TOO_LARGE,
        reading.NO_FILE,
        None,
        reading.TOO_LARGE,
        reading.NO_FILE,
        "no such file or directory",
        reading.TOO_LARGE,
    ]


def test_pipes_among_a_folder_of_images_are_passed_over(in_tmp: Path, read: Read) -> None:
    image_folder(in_tmp / "pets" / "train", {"cat": 1, "dog": 1})
    os.mkfifo(in_tmp / "pets" / "train" / "cat" / "pipe.png")
    assert [sample.label for sample in read("pets")] == ["cat", "dog"]


def test_an_archive_that_is_damaged_is_told(in_tmp: Path, read: Read) -> None:
    packed = [{"bytes": None, "path": f"zip://1.png::{in_tmp / 'pets' / 'images.zip'}"}]
    write_plain(in_tmp / "pets", "train", image=packed, label=["cat"])
    (in_tmp / "pets" / "images.zip").write_bytes(b"no archive")
    with pytest.raises(UserError, match="pets cannot be read: "):
        read("pets")


def test_no_local_file_is_read_for_a_data_set_of_the_hub(in_tmp: Path) -> None:
    place = huggingface.Place.named("owner/pets:small")
    assert (place.title, place.config) == ("owner/pets", "small")
    assert place.shown("zip://a.png::hf://datasets/owner/pets@0a1b/train.zip") == "train.zip/a.png"
    for path in (
        "/etc/passwd",
        "secret.png",
        "https://elsewhere/x.png",
        "hf://datasets/owner/pets2/x",
    ):
        with pytest.raises(UserError, match="does not lie in it"):
            place.read(path)


def test_nothing_of_the_hub_is_decoded(in_tmp: Path) -> None:
    folder = image_folder(in_tmp / "pets" / "train", {"cat": 1, "dog": 1}).parent
    builder = datasets.load_dataset_builder(str(folder), cache_dir=str(in_tmp / "cache"))
    builder.base_path = "hf://datasets/owner/pets"  # which is how `datasets` tells
    place = huggingface.Place.named("pets")
    huggingface._prepare(builder, place)
    part = huggingface._Part(place, "train", "train", builder.as_streaming_dataset()["train"])
    assert [sample.data for sample in part.samples(Counter())] == [encoded(0), encoded(1)]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"label": ["cat", "dog"]}, "pets has no column of images"),
        ({"image": images(2), "score": [1, 2]}, "pets has no column that is a ClassLabel or is"),
        (
            {"image": images(2), "label": [0.5, 1.5]},
            "pets has no column that is a ClassLabel or is",
        ),
        ({"image": images(2), "thumb": images(2), "label": [1, 2]}, "image columns, image, thumb"),
        ({"image": images(2), "label": [1, 2], "class": ["a", "b"]}, "label columns, class, label"),
    ],
)
def test_columns_that_cannot_be_told_are_listed(
    in_tmp: Path, read: Read, columns: dict, message: str
) -> None:
    write_plain(in_tmp / "pets", "train", **columns)
    with pytest.raises(UserError, match=message):
        read("pets")


def test_several_class_labels_are_listed(in_tmp: Path, read: Read) -> None:
    columns = {"image": images(1), "fine": [0], "coarse": [0]}
    write(in_tmp / "pets", "train", columns, fine=CLASSES, coarse=CLASSES)
    with pytest.raises(UserError, match="several label columns, coarse, fine"):
        read("pets")


def test_a_label_without_a_class_is_told(in_tmp: Path, read: Read) -> None:
    write(in_tmp / "pets", "train", {"image": images(1), "label": [1]}, label=CLASSES)
    file = next((in_tmp / "pets").rglob("*.parquet"))
    table = pq.read_table(file)
    pq.write_table(table.set_column(1, table.schema.field("label"), pa.array([2])), file)
    with pytest.raises(UserError, match="has the label 2, but names only 2 classes"):
        read("pets")


def test_a_damaged_file_is_told(in_tmp: Path, read: Read) -> None:
    write(in_tmp / "pets", "train", {"image": images(1), "label": [0]}, label=CLASSES)
    file = next((in_tmp / "pets").rglob("*.parquet"))
    file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(UserError, match=r"pets cannot be read: .*Parquet"):
        read("pets")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nowhere", "no folder at nowhere, and a data set of the Hub is called owner/name"),
        ("./no/where", "no folder at ./no/where"),
        ("owner/nowhere", "no folder owner/nowhere, and the Hub is not asked while HF_HUB_OFFLINE"),
        ("empty", "empty cannot be read: "),
        ("texts", "texts consists of csv files"),
    ],
)
def test_what_is_missing_is_told(in_tmp: Path, read: Read, name: str, message: str) -> None:
    (in_tmp / "empty").mkdir()
    (in_tmp / "texts").mkdir()
    (in_tmp / "texts" / "train.csv").write_text("image,label\na.png,cat\n")
    with pytest.raises(UserError, match=message) as caught:
        read(name)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (GatedRepoError, r"owner/pets:small is gated: accept its terms on https://.*/owner/pets, "),
        (RepositoryNotFoundError, "neither a folder owner/pets:small nor a data set owner/pets on"),
        (ConnectionError, "the Hub could not be reached: no route"),
    ],
)
def test_what_the_hub_answers_is_told(
    in_tmp: Path, read: Read, monkeypatch: pytest.MonkeyPatch, error: type, message: str
) -> None:
    def refuse(*_args: object, **_named: object) -> None:
        raise error.__new__(error, "no route")  # its own __init__ asks for a whole response

    monkeypatch.setattr(HfApi, "auth_check", refuse)
    with pytest.raises(UserError, match=message):
        read("owner/pets:small")


def test_no_script_of_a_data_set_is_run(in_tmp: Path, read: Read) -> None:
    write(in_tmp / "pets", "train", {"image": images(1), "label": [0]}, label=CLASSES)
    (in_tmp / "pets" / "pets.py").write_text("open('ran', 'w')\n")
    with pytest.raises(UserError, match="scripts are no longer supported"):
        read("pets")
    assert not (in_tmp / "ran").exists()


def test_nothing_is_left_in_a_cache(
    in_tmp: Path, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(in_tmp / "pets", "train", {"image": images(2), "label": [0, 1]}, label=CLASSES)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", in_tmp / "cache")
    before = set(in_tmp.rglob("*"))
    assert len(read("pets")) == 2
    assert set(in_tmp.rglob("*")) == before


def test_a_missing_library_is_named(
    in_tmp: Path, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    (in_tmp / "pets").mkdir()
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(UserError, match=r"pip install 'constancy\[huggingface\]'"):
        read("pets")
