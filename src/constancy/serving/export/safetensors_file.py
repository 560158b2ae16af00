"""Safetensors: the weights, and in the same file the card from which the network is built."""

import json
from pathlib import Path

from constancy.models.disk import ModelCard
from constancy.serving.export.original import CARD_KEY, Answer, Classifier, Original, answer_of


def write_safetensors(path: Path, original: Original) -> None:
    """Write the weights, with the card as metadata."""
    from safetensors.torch import save

    weights = {name: tensor.contiguous() for name, tensor in original.network.state_dict().items()}
    # Not by save_file, which tells of a full disk in an error of its own.
    path.write_bytes(save(weights, original.facts()))


def open_safetensors(path: Path) -> Answer:
    """The network built from the file alone, on the CPU."""
    from safetensors import safe_open

    with safe_open(path, "pt") as file:
        network = ModelCard(**json.loads(file.metadata()[CARD_KEY])).build()
        network.load_state_dict({name: file.get_tensor(name) for name in file.keys()})  # noqa: SIM118 -- no dict
    return answer_of(Classifier(network.eval()))
