"""A model on disk: `model.yaml` says what it is, `model.safetensors` holds the weights. No pickles."""

import hashlib
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from pydantic import TypeAdapter

from constancy.errors import UserError
from constancy.files import read_yaml
from constancy.models.memory import WithoutMemory
from constancy.models.network import Network, build_network
from constancy.settings.data import Image
from constancy.settings.model import structure_of

WEIGHTS = "model.safetensors"
CARD = "model.yaml"
MAX_CARD_BYTES = 1_000_000


@dataclass(frozen=True)
class ModelCard:
    """All that is needed to build the network again and to prepare images for it.

    name, structure: see `build_network`; classes: label names in the order of the logits;
    image: size, color and fit, as in settings `data.image`; mean, std: for each channel, 0..255.
    """

    name: str
    structure: dict[str, Any]
    classes: list[str]
    image: dict[str, Any]
    mean: list[float]
    std: list[float]

    def build(self) -> Network:
        """The network that the card describes, freshly initialised."""
        size = self.image["size"]
        shape = (size, size, len(self.mean))
        return build_network(
            self.name,
            self.structure,
            shape=shape,
            classes=len(self.classes),
            mean=self.mean,
            std=self.std,
        )


def save_model(folder: Path, network: Network, card: ModelCard) -> None:
    """Write the model into an existing folder."""
    from ruamel.yaml import YAML
    from safetensors.torch import save

    yaml = YAML(typ="safe", pure=True)
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    yaml.dump(asdict(card), folder / CARD)
    weights = {name: tensor.cpu().contiguous() for name, tensor in network.state_dict().items()}
    # Not by save_file, which tells of a full disk in an error of its own.
    (folder / WEIGHTS).write_bytes(save(weights))


def load_card(folder: Path) -> ModelCard:
    """The model's card. Raises UserError for a folder that holds no model of ours."""
    path = folder / CARD
    try:
        if path.stat().st_size > MAX_CARD_BYTES:
            raise UserError(f"{path} is too large to describe a model")
        return _check(read_yaml(path))
    except FileNotFoundError:
        raise UserError(f"{folder} holds no model: {CARD} is missing") from None
    except (TypeError, KeyError, ValueError):  # ValueError: also pydantic's and Unicode's
        raise UserError(f"{path} does not describe a model of Constancy") from None


def load_model(folder: Path) -> tuple[Network, ModelCard]:
    """The network with its weights, in evaluation mode, and its card.

    Raises UserError for a folder that holds no model of ours, or weights that do not fit the card.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    card = load_card(folder)
    # Built without memory of its own: a card that claims a giant network must not exhaust ours.
    with WithoutMemory():
        network = card.build()
    expected = {name: tensor.dtype for name, tensor in network.state_dict().items()}
    try:
        network.load_state_dict(load_file(folder / WEIGHTS), assign=True)
    except FileNotFoundError:
        raise UserError(f"{folder} holds no model: {WEIGHTS} is missing") from None
    except (SafetensorError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(f"{folder / WEIGHTS} does not fit {CARD}: {reason}") from None
    for name, tensor in network.state_dict().items():
        if tensor.dtype != expected[name]:
            raise UserError(
                f"{folder / WEIGHTS} does not fit {CARD}: {name} is {tensor.dtype}, "
                f"not {expected[name]}"
            )
    if any(buffer.is_meta for buffer in network.buffers()):
        # Some networks compute what no file holds; the weights fit, so this takes as much memory.
        weights, network = network.state_dict(), card.build()
        network.load_state_dict(weights)
    return network.to(memory_format=torch.channels_last).eval(), card


def _check(values: Any) -> ModelCard:
    """The card that plain values describe; raises ValueError, KeyError or TypeError if they do not."""
    card = TypeAdapter(ModelCard).validate_python(values, extra="forbid")
    structure = structure_of(card.name).model_validate(card.structure)
    image = Image.model_validate(card.image)
    if not len(card.mean) == len(card.std) == image.channels:
        raise ValueError("mean and std must have one value for each channel")
    return replace(card, structure=structure.model_dump(), image=image.model_dump())


def weights_digest(folder: Path) -> str:
    """SHA-256 of the weights file, in hexadecimal: the identity of a model."""
    with (folder / WEIGHTS).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
