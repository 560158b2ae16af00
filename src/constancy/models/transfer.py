"""Training that starts from weights of others: they are put in, and parts of them kept."""

import difflib
import re
from collections.abc import Collection
from fnmatch import fnmatchcase
from typing import Any

from torch import Tensor, nn

from constancy.errors import UserError
from constancy.models.layers import first_convolution, last_dense, to_channels
from constancy.models.network import Network, build_network
from constancy.models.weights import check_file, read_weights
from constancy.settings.data import Image
from constancy.settings.model import Model

PREFIXES = ("module.", "model.", "network.", "body.", "_orig_mod.")
"""What frameworks put before the names of a network's own weights."""

LEFT_OUT = ("mean", "std", "AuxLogits.*", "aux1.*", "aux2.*")
"""Of a file: our own normalisation, which is the new data's, and classifiers beside the last."""

OLD_NAMES = (
    (r"(denselayer\d+\.(?:norm|conv))\.(\d\.)", r"\1\2"),
    (r"\.mlp\.linear_1\.", ".mlp.0."),
    (r"\.mlp\.linear_2\.", ".mlp.3."),
)
"""In torchvision's own files of DenseNet and ViT, and what it calls them today."""

SHOWN = 3


def check_start(model: Model, image: Image) -> str | None:
    """Before any work: that there is such a network for such images, and the file of weights.

    Returns the file's SHA-256, hexadecimal, or None if training starts from scratch. Raises
    UserError.
    """
    if ":" in model.name:
        channels = [1.0] * image.channels
        build_network(model.name, {}, shape=image.shape, classes=2, mean=channels, std=channels)
    return check_file(model.weights, model.weights_sha256) if model.weights else None


def start(network: Network, model: Model) -> None:
    """Load the weights and freeze the parameters that the settings name.

    Raises UserError for weights that cannot be read or do not fit, and patterns that match nothing.
    """
    if model.weights:
        load_weights(network, model.weights)
    freeze(network, model.freeze)


def load_weights(network: Network, name: str) -> None:
    """Fill the network's body with the weights of a file: see `read_weights`.

    The last dense layer stays fresh where the file has none of its shape, and filters for colour
    become filters for grey images, or the other way round. All else must be in the file, and
    nothing else may be. Raises UserError.
    """
    expected = network.body.state_dict()
    head = f"{last_dense(network.body)}."
    tensors = _named(read_weights(name), expected)
    if found := first_convolution(network.body):
        filters, channels = f"{found[0]}.weight", found[1].in_channels
        if filters in tensors and {tensors[filters].shape[1:2], (channels,)} == {(1,), (3,)}:
            tensors[filters] = to_channels(tensors[filters].float(), channels)
    unknown = [key for key in tensors if key not in expected]
    _refuse(name, "has weights that this network has not", unknown)
    # Files from before torch 0.4 lack the counters of batch norms, on which nothing hangs.
    needed = {key for key in expected if not key.startswith(head)}
    missing = [key for key in expected if key in needed - tensors.keys()]
    _refuse(name, "lacks weights", [k for k in missing if not k.endswith("num_batches_tracked")])
    others = [key for key, each in tensors.items() if each.shape != expected[key].shape]
    shapes = {
        key: f"{tuple(tensors[key].shape)}, not {tuple(expected[key].shape)}" for key in others
    }
    misfits = [f"{key} of {shape}" for key, shape in shapes.items() if key in needed]
    _refuse(name, "has weights of other shapes", misfits)
    expected.update((key, each) for key, each in tensors.items() if key not in others)
    network.body.load_state_dict(expected)


def _named(tensors: dict[str, Tensor], expected: Collection[str]) -> dict[str, Tensor]:
    """The tensors by the names that the network's own weights have, as far as they can be told."""
    named = {_own_name(key, expected): tensor for key, tensor in tensors.items()}
    return {
        key: each for key, each in named.items() if key in expected or not _matches(key, LEFT_OUT)
    }


def _own_name(key: str, expected: Collection[str]) -> str:
    while key not in expected:
        prefix = next((prefix for prefix in PREFIXES if key.startswith(prefix)), None)
        if prefix is None:
            break
        key = key.removeprefix(prefix)
    for old, new in OLD_NAMES if key not in expected else ():
        key = re.sub(old, new, key)
    return key


def _refuse(name: str, problem: str, keys: list[str]) -> None:
    if keys:
        more = f" and {len(keys) - SHOWN} more" if len(keys) > SHOWN else ""
        raise UserError(
            f"model.weights: {name} {problem}: {', '.join(keys[:SHOWN])}{more}; "
            "name the network in model.name that the file was saved from, at its size of images"
        )


def freeze(network: Network, patterns: list[str]) -> None:
    """Leave the body's parameters that match a pattern, such as `layer1.*`, out of training.

    Batch norms among them keep their statistics, too: see `Network.train`. Raises UserError for a
    pattern that matches nothing, and if nothing is left to train.
    """
    parameters = dict(network.body.named_parameters())
    for pattern in patterns:
        matching = [name for name in parameters if _matches(name, [pattern])]
        if not matching:
            raise UserError(
                f"model.freeze: '{pattern}' matches no parameter of the network: "
                f"{_nearest(pattern, parameters)}"
            )
        for name in matching:
            parameters[name].requires_grad_(False)
    if not any(parameter.requires_grad for parameter in parameters.values()):
        raise UserError("model.freeze leaves nothing to train: leave out the last layer at least")
    network.train()


def _nearest(pattern: str, names: Collection[str]) -> str:
    """A hint at patterns that would match."""
    parts = [name.split(".") for name in names]
    layers = {".".join([*part[:n], "*"]) for part in parts for n in range(1, len(part))}
    close = difflib.get_close_matches(pattern, sorted({*layers, *names}), n=SHOWN, cutoff=0.0)
    return f"the nearest are {', '.join(close)}"


def _matches(name: str, patterns: Collection[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def parameter_groups(network: Network, rate: float, body_rate: float) -> list[dict[str, Any]]:
    """What an optimiser trains: all but what is frozen, the last dense layer at `rate`, first, and
    the rest at `body_rate` of it; one group where that is the same.
    """
    trained = [each for each in network.named_parameters() if each[1].requires_grad]
    if body_rate == 1:
        return [{"params": [parameter for _, parameter in trained], "lr": rate}]
    head = f"body.{last_dense(network.body)}."
    last: list[nn.Parameter] = [each for name, each in trained if name.startswith(head)]
    rest = [each for name, each in trained if not name.startswith(head)]
    groups = [{"params": last, "lr": rate}, {"params": rest, "lr": rate * body_rate}]
    return [group for group in groups if group["params"]]
