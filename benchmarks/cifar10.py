"""How long CIFAR-10 takes to 94 %, or how far it comes in some minutes, through the LightningModule.

    python benchmarks/cifar10.py archive:cifar10.tar.gz [--minutes 20] [--epochs 200]

The default network and recipe on untouched images, mirrored and shifted. To 94 %: in as few epochs
as end there (the rate falls to nothing in the last one, whatever their number). The seconds are
those from the first batch to the last validation. The fastest public scripts, made for this data set
and this GPU alone, need 2.6 s on an A100 (Keller Jordan, "94% on CIFAR-10 in 3.29 seconds on a
single GPU", 2024, and its successors).
"""

import argparse
import json
import tempfile
from pathlib import Path

import torch
from measure import REPORTS
from stages import prepare, train, without_copies

from constancy.data.packed import PackedSplit
from constancy.evaluation.predict import predict_logits
from constancy.settings import check_settings


def main(source: str, minutes: float, epochs: int) -> None:
    values = without_copies(source)
    values["data"]["image"] |= {"size": 32, "color": "rgb"}
    values["train"] |= {"flip": True, "batch_size": 256}
    values["train"] |= {"minutes": minutes, "epochs": epochs, "patience": epochs}
    values["train"] |= {"precision": "auto", "compile": "auto"}
    settings = check_settings(values)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(settings, folder)
        fitted = train(settings, folder, folder / "workspace")
        test = PackedSplit.load(folder / "prepared" / "test")
        logits = predict_logits(fitted.network, test.images, 500)
    accuracy = float((logits.argmax(1) == test.labels).mean())
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU"
    result = {
        "name": "cifar10",
        "accuracy": round(accuracy, 4),
        "seconds": round(fitted.seconds, 1),
        "epochs": fitted.epochs,
        "images_per_second": round(fitted.images_per_second),
        "network": fitted.card.name,
        "precision": fitted.choices.precision,
        "compiled": fitted.choices.compile,
        "device": device,
    }
    REPORTS.mkdir(parents=True, exist_ok=True)
    (REPORTS / "cifar10.json").write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("source")
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--epochs", type=int, default=200)
    chosen = parser.parse_args()
    main(chosen.source, chosen.minutes, chosen.epochs)
