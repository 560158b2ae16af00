"""Weights from files of others: safetensors, or what torch.save wrote without code. Nothing runs."""

import hashlib
import warnings
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from constancy.errors import UserError
from constancy.paths import in_project

if TYPE_CHECKING:
    from torch import Tensor

WRAPPINGS = ("state_dict", "model_state_dict", "model")
"""Under which checkpoints keep the weights, beside the state of optimisers and the like."""


def weights_file(name: str) -> Path:
    """The file that `model.weights` names, relative to the project."""
    return in_project(name)


def check_file(name: str, expected: str | None) -> str:
    """The file's SHA-256, hexadecimal. Raises UserError if it is not there, or not the expected one."""
    try:
        with weights_file(name).open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UserError(
            f"model.weights: {name} cannot be read ({error.strerror}): name a file that is there"
        ) from None
    if expected not in (None, digest):
        raise UserError(
            f"model.weights_sha256: {name} has the hash {digest}, not {expected}: "
            "get the right file, or correct model.weights_sha256 if this one is meant"
        )
    return digest


def read_weights(name: str) -> "dict[str, Tensor]":
    """The tensors of a file, on the CPU, by the names that they have there.

    A file that ends in .safetensors is one; any other is a checkpoint of torch.save, bare or in one
    of WRAPPINGS. It is read by torch's unpickler for weights alone, which knows no other objects.

    Raises UserError for everything else, and for tensors that are not plain numbers, all finite.
    """
    path = weights_file(name)
    try:
        values = _safetensors(path) if path.suffix == ".safetensors" else _checkpoint(path)
    except (Exception, MemoryError) as error:  # whatever a foreign file makes of its reader
        reason = str(error).partition("\n")[0].partition(". ")[0] or type(error).__name__
        raise UserError(
            f"model.weights: {name} is refused, for it is neither whole safetensors nor a whole "
            f"checkpoint of plain tensors ({reason}): save a network's state_dict() as safetensors"
        ) from None
    for key in WRAPPINGS:
        if isinstance(values, dict) and isinstance(values.get(key), dict):
            values = values[key]
    if not (values and isinstance(values, dict) and all(map(_is_named_tensor, values.items()))):
        raise UserError(
            f"model.weights: {name} holds no state_dict, which has plain tensors by their names: "
            "save a network's state_dict() as safetensors"
        )
    for key, tensor in values.items():
        if not tensor.float().isfinite().all():
            raise UserError(
                f"model.weights: {name} has values in {key} that are not finite: "
                "take a checkpoint from before they became so"
            )
    return values


def _safetensors(path: Path) -> Any:
    from safetensors.torch import load_file

    return load_file(path)


def _checkpoint(path: Path) -> Any:
    import torch

    is_zip = zipfile.is_zipfile(path)
    if is_zip:
        _check_archive(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what is wrong with a file is told in one sentence
        return torch.load(path, map_location="cpu", weights_only=True, mmap=is_zip)


def _check_archive(path: Path) -> None:
    """torch.save compresses nothing: an archive that would grow is none of its own."""
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
    if any(member.compress_type != zipfile.ZIP_STORED for member in members):
        raise ValueError("its contents are compressed")
    if sum(member.file_size for member in members) > path.stat().st_size:
        raise ValueError("its contents are larger than the file")


def _is_named_tensor(item: tuple[Any, Any]) -> bool:
    """Whether it is a name and a tensor of real numbers that lie in memory as they are counted."""
    import torch

    name, value = item
    return (
        isinstance(name, str)
        and type(value) in (torch.Tensor, torch.nn.Parameter)
        and value.layout == torch.strided
        and value.device.type == "cpu"
        and not value.is_complex()
        and not value.is_quantized
        and value.numel() * value.element_size() <= value.untyped_storage().nbytes()
    )
