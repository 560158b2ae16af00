"""`constancy predict` on a folder of photographs against a plain loop over them.

    python benchmarks/predict.py [SIDE]

SIDE: of the photographs in pixels, 512 unless told otherwise. Both arms read the same JPEG files of
digits on a noisy ground and name them by the same network, the committed `cnn` after some seconds
of training. Theirs decodes, resizes and classifies one image after another: Pillow, eager, fp32,
channels first. Ours is what the command does once the model is loaded, to the last row of a table.
Target: 3 times as fast, with the same labels.
"""

import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from measure import compare
from PIL import Image as Pillow
from sklearn.datasets import load_digits
from stages import committed

from constancy.models.disk import ModelCard, load_model, save_model
from constancy.serving.files import predict_files
from constancy.serving.places import find_images
from constancy.serving.predictor import Predictor
from constancy.serving.tables import table_of
from constancy.settings import check_settings

COUNT, STEPS, BATCH = 600, 60, 64


def photograph(digit: np.ndarray, side: int, rng: np.random.Generator) -> Pillow.Image:
    """A digit (uint8, 8 x 8) enlarged, on a ground of noise: RGB."""
    large = Pillow.fromarray(digit).resize((side, side), Pillow.Resampling.BICUBIC)
    pixels = np.asarray(large, np.float32)[..., None] + rng.normal(0, 12, (side, side, 3))
    return Pillow.fromarray(pixels.clip(0, 255).astype(np.uint8))


def write_model(folder: Path, digits: np.ndarray, labels: np.ndarray) -> None:
    """The committed cnn, taught to read the digits."""
    settings = check_settings(committed())
    size = settings.data.image.size
    card = ModelCard(
        name="cnn",
        structure=settings.model.structure("cnn"),
        classes=[str(digit) for digit in range(10)],
        image=settings.data.image.model_dump(),
        mean=[75.0],
        std=[85.0],
    )
    images = [Pillow.fromarray(digit).resize((size, size)) for digit in digits]
    pixels = torch.from_numpy(np.stack([np.asarray(image) for image in images]))[:, None]
    torch.manual_seed(0)
    network = card.build().train()
    optimizer = torch.optim.Adam(network.parameters(), 1e-3)
    for _ in range(STEPS):
        rows = torch.randint(len(pixels), (BATCH,))
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(network(pixels[rows]), torch.tensor(labels)[rows])
        loss.backward()
        optimizer.step()
    folder.mkdir()
    save_model(folder, network, card)


def theirs(model: Path, photographs: Path) -> list[str]:
    """The labels, in the order of the names."""
    network, card = load_model(model)
    network = network.to(memory_format=torch.contiguous_format)
    size, found = card.image["size"], []
    with torch.no_grad():
        for file in sorted(photographs.iterdir()):
            picture = Pillow.open(file).convert("L").resize((size, size), Pillow.Resampling.BICUBIC)
            logits = network(torch.from_numpy(np.array(picture))[None, None])
            found.append(card.classes[int(logits.argmax())])
    return found


def ours(predictor: Predictor, photographs: Path, table: Path) -> list[str]:
    with ExitStack() as stack:
        places = find_images([str(photographs)], stack)
        write = stack.enter_context(table_of(table, 1))
        for answers in predict_files(predictor, places):
            write(answers)
    return pd.read_csv(table, dtype=str)["label"].tolist()


def main(side: int) -> None:
    bunch, rng = load_digits(), np.random.default_rng(0)
    digits = (bunch.images * 15).astype(np.uint8)
    with tempfile.TemporaryDirectory() as name:
        model, folder = Path(name) / "model", Path(name) / "photographs"
        write_model(model, digits, bunch.target)
        folder.mkdir()
        for number, digit in enumerate(digits[:COUNT]):
            photograph(digit, side, rng).save(folder / f"{number:04d}.jpg", quality=90)
        predictor, table = Predictor(model), Path(name) / "table.csv"
        one, other = ours(predictor, folder, table), theirs(model, folder)
        same = np.mean([label == again for label, again in zip(one, other, strict=True)])
        right = np.mean(
            [int(label) == digit for label, digit in zip(one, bunch.target[:COUNT], strict=True)]
        )
        compare(
            f"predict_{side}",
            3,
            lambda: ours(predictor, folder, table),
            lambda: theirs(model, folder),
            rounds=7,
        )
        print(f"the same label for {same:.2%} of the images; {right:.1%} are right")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 512)
