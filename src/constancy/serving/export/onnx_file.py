"""ONNX: written by PyTorch's exporter, run by ONNX Runtime."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch

from constancy.errors import UserError
from constancy.serving.export.original import INPUT, OUTPUT, Answer, Original, in_a_line
from constancy.serving.export.quiet import quiet

MAX_BYTES = 2**31 - 1
"""Of a file in Protocol Buffers, which ONNX is."""

_PACKAGES = ("onnx", "onnxruntime", "onnxscript")
_ERRORS_ONLY = 3


def check_packages() -> None:
    """Raises UserError if a package is missing that ONNX needs here."""
    if missing := [name for name in _PACKAGES if find_spec(name) is None]:
        raise UserError(
            f"--format onnx needs the package {missing[0]}: pip install 'constancy[onnx]'"
        )


def write_onnx(path: Path, original: Original) -> None:
    """Write the model as ONNX. Raises UserError for a network that ONNX has no words for."""
    check_packages()
    import onnx

    program = original.trace()
    try:
        with quiet():
            exported = torch.onnx.export(
                program,
                input_names=[INPUT],
                output_names=[OUTPUT],
                dynamic_shapes={INPUT: {0: "batch"}},
                dynamo=True,
                verbose=False,
            )
    except Exception as error:  # each network fails in its own way
        raise UserError(
            f"{original.card.name} cannot be exported as ONNX ({in_a_line(error)}): "
            "try --format pt2"
        ) from None
    assert exported is not None
    model = exported.model_proto
    _forget_sources(model)
    onnx.helper.set_model_props(model, original.facts())
    if model.ByteSize() > MAX_BYTES:
        raise UserError(
            "the network has more than 2 GB of weights, which no ONNX file can hold: "
            "try --format pt2"
        )
    path.write_bytes(model.SerializeToString())


def open_onnx(path: Path) -> Answer:
    """The file in ONNX Runtime, on the CPU, with as many threads as PyTorch has here."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = _ERRORS_ONLY
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def answer(pixels: np.ndarray) -> np.ndarray:
        (probabilities,) = session.run([OUTPUT], {INPUT: pixels})
        return probabilities

    return answer


def _forget_sources(model: Any) -> None:
    """Leave out the lines of code, with the paths of this machine, that each node came from."""
    graph = model.graph
    for each in (graph, *graph.node, *graph.value_info, *graph.input, *graph.output):
        del each.metadata_props[:]
