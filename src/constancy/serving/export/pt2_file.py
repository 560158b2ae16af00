"""PT2: PyTorch's own format for a traced model, which needs PyTorch alone."""

import io
from pathlib import Path

import torch

from constancy.serving.export.original import Answer, Original, answer_of
from constancy.serving.export.quiet import quiet


def write_pt2(path: Path, original: Original) -> None:
    """Write the model as PT2. Raises UserError for a network that PyTorch cannot trace."""
    program = original.trace()
    buffer = io.BytesIO()
    with quiet():
        torch.export.save(program, buffer, extra_files=original.facts())
    path.write_bytes(buffer.getvalue())


def open_pt2(path: Path) -> Answer:
    """The file in PyTorch, on the CPU.

    Only for files just written: weights lie in them as bytes, but torch.export.load would run a
    pickle that somebody put in their place.
    """
    # Not by name: PyTorch minds that the name of a temporary file does not end in .pt2.
    with quiet():
        program = torch.export.load(io.BytesIO(path.read_bytes()))
    return answer_of(program.module())
