"""Weights of others are read as numbers; whatever else a file holds, nothing of it runs."""

import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from constancy.errors import UserError
from constancy.models.weights import check_file, read_weights

TENSORS = {"a.weight": torch.ones(2, 3), "a.bias": torch.zeros(2)}


def same(tensors: dict[str, torch.Tensor]) -> bool:
    return tensors.keys() == TENSORS.keys() and all(
        torch.equal(tensors[key], each) for key, each in TENSORS.items()
    )


def test_safetensors_are_read(in_tmp: Path) -> None:
    save_file(TENSORS, "file.safetensors")
    assert same(read_weights("file.safetensors"))


@pytest.mark.parametrize(
    "wrap",
    [
        lambda state: state,
        lambda state: {"state_dict": state, "epoch": 3, "optimizer": {"lr": 0.1}},
        lambda state: {"model": state},
        lambda state: {"model_state_dict": {key: nn.Parameter(t) for key, t in state.items()}},
    ],
)
@pytest.mark.parametrize("zipped", [True, False])
def test_checkpoints_are_read_in_their_usual_wrappings(
    in_tmp: Path, wrap: Callable[[Any], Any], zipped: bool
) -> None:
    torch.save(wrap(TENSORS), "file.pth", _use_new_zipfile_serialization=zipped)
    assert same(read_weights("file.pth"))


class Bomb:
    """Makes a file when it is loaded."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple:
        return (open, (str(self.target), "w"))


@pytest.mark.parametrize("name", ["file.pt", "file.safetensors", "file.bin", "file.ckpt"])
def test_no_pickle_of_others_is_run(in_tmp: Path, name: str) -> None:
    bomb = Bomb(in_tmp / "exploded")
    for write in (
        lambda: torch.save({"state_dict": TENSORS, "extra": bomb}, name),
        lambda: torch.save(bomb, name, _use_new_zipfile_serialization=False),
        lambda: Path(name).write_bytes(pickle.dumps(bomb)),
    ):
        write()
        with pytest.raises(
            UserError, match=r"^model\.weights: file\..* is refused, .*: save a net"
        ):
            read_weights(name)
    assert not bomb.target.exists()


def scripted(path: Path) -> None:
    torch.jit.script(nn.Linear(2, 2)).save(str(path))


def whole_module(path: Path) -> None:
    torch.save(nn.Linear(2, 2), path)


def truncated(path: Path) -> None:
    torch.save(TENSORS, path)
    path.write_bytes(path.read_bytes()[:-200])


def zip_bomb(path: Path) -> None:
    torch.save(TENSORS, "small.pt")
    with (
        zipfile.ZipFile("small.pt") as small,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as big,
    ):
        for member in small.infolist():
            data = small.read(member)
            big.writestr(member.filename, data + bytes(10**7) * ("/data/" in member.filename))


def overlapping(path: Path) -> None:
    """Two members that are the same bytes: the trick by which small archives grow at will."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a/data.pkl", bytes(10**5))
        archive.filelist += archive.filelist * 9


def text(path: Path) -> None:
    path.write_text("version https://git-lfs.github.com/spec/v1\n")


def empty(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "write", [scripted, whole_module, truncated, zip_bomb, overlapping, text, empty]
)
@pytest.mark.parametrize("name", ["file.pt", "file.safetensors"])
def test_what_is_no_file_of_weights_is_refused_in_one_sentence(
    in_tmp: Path, write: Callable[[Path], None], name: str
) -> None:
    write(Path(name))
    with pytest.raises(UserError, match=r"^model\.weights: file\..* is refused") as told:
        read_weights(name)
    assert len(str(told.value)) < 400
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    "values",
    [
        {},
        [1, 2],
        {"a": 1},
        {0: torch.ones(2)},
        {"a": [torch.ones(2)]},
        {"a": torch.ones(1).expand(10**9)},
        {"a": torch.ones(2, device="meta")},
        {"a": torch.ones(2, dtype=torch.complex64)},
        {"a": torch.eye(2).to_sparse()},
    ],
)
def test_what_holds_no_plain_tensors_is_refused(in_tmp: Path, values: Any) -> None:
    torch.save(values, "file.pt")
    with pytest.raises(UserError, match=r"^model\.weights: file\.pt holds no state_dict"):
        read_weights("file.pt")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e300])
def test_values_that_are_not_finite_are_refused(in_tmp: Path, value: float) -> None:
    torch.save({"a": torch.tensor([1.0, value], dtype=torch.float64)}, "file.pt")
    with pytest.raises(UserError, match=r"file\.pt has values in a that are not finite"):
        read_weights("file.pt")


def test_a_file_is_checked_against_its_digest(in_tmp: Path) -> None:
    save_file(TENSORS, "file.safetensors")
    digest = check_file("file.safetensors", None)
    assert check_file("file.safetensors", digest) == digest
    with pytest.raises(UserError, match=rf"weights_sha256: .* hash {digest}, not {'0' * 64}"):
        check_file("file.safetensors", "0" * 64)


@pytest.mark.parametrize("name", ["missing.pt", "."])
def test_a_file_that_is_not_there_is_told(in_tmp: Path, name: str) -> None:
    with pytest.raises(UserError, match=r"^model\.weights: .* cannot be read"):
        check_file(name, None)
