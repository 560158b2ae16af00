"""What happens between the touch of a slider of `constancy play` and the new picture.

    python benchmarks/play.py

Two pages, each with two models side by side: the committed `cnn` on digits of 32 pixels, grey, and
the committed `resnet` on 32 pixels, RGB. Their weights are fresh, which cost what trained ones do.
The server's work alone is the varied image, what both models make of it, and the HTML with all
pictures and notes. The whole way is from the event in the browser (Chromium without a GPU, on the
same cores) until the new picture was drawn. Ratio: 200 ms over the slower median of the two whole
ways. Target: 1.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

os.environ["OMP_WAIT_POLICY"] = "passive"  # as the command sets it, before torch is imported

import numpy as np
import torch
from measure import record
from playwright.sync_api import sync_playwright
from stages import committed

from constancy.models.disk import ModelCard, save_model
from constancy.serving.play import picture
from constancy.serving.play.playground import Playground
from constancy.serving.play.proven import Proven
from constancy.serving.play.seen import Onlooker
from constancy.serving.play.serve import serve
from constancy.serving.play.vary import Varier
from constancy.serving.predictor import Predictor
from constancy.settings import Settings, check_settings
from constancy.settings.base import FACTORS, PIXEL_FACTORS
from constancy.variation.scene import Donors
from constancy.variation.stock import digits_stock

COLORS = {"cnn": "grey", "resnet": "rgb"}
EVENTS, MOST, PORT = 120, 0.2, 17860
CLASSES = [str(digit) for digit in range(10)]
MOVE = """async ([factor, severity]) => {
  const slider = document.querySelector(`#${factor} input[type=range]`);
  // Its words name all severities; a picture may stay as it is, as with part of a piece of clutter.
  const shown = () => document.getElementById('varied').alt;
  const frame = () => new Promise(done => requestAnimationFrame(done));
  const before = shown(), start = performance.now();
  slider.value = severity;
  slider.dispatchEvent(new Event('input', {bubbles: true}));
  while (shown() === before) await frame();
  await document.getElementById('varied').decode();
  await frame();
  return (performance.now() - start) / 1000;
}"""


def onlooker(title: str, network: str, settings: Settings, folder: Path) -> Onlooker:
    image = settings.data.image.model_copy(update={"color": COLORS[network]})
    normal = [100.0] * image.channels
    structure = settings.model.structure(network)
    card = ModelCard(network, structure, CLASSES, image.model_dump(), normal, normal)
    folder.mkdir()
    save_model(folder, card.build(), card)
    return Onlooker(title, Predictor(folder))


def playground(network: str, folder: Path) -> Playground:
    settings = check_settings(committed())
    torch.manual_seed(0)
    models = [onlooker(name, network, settings, folder / name) for name in ("one", "other")]
    stock = digits_stock(models[0].predictor.image)
    donors = Donors.of(stock.images, stock.labels)
    return Playground(
        model=models[0],
        proven=Proven("the champion", {}, None),
        beside=models[1],
        why_alone="",
        stock=stock,
        why_no_stock="",
        classes=CLASSES,
        limits=[{}] * len(CLASSES),
        varier=Varier(settings.variation, settings.seed, donors, None),
        border=np.zeros(1, np.uint8),
    )


def moves() -> Iterator[tuple[str, float]]:
    """Each slider in turn, all of them ever farther."""
    for number in range(EVENTS):
        yield PIXEL_FACTORS[number % len(PIXEL_FACTORS)], 0.5 + 0.2 * (number // len(PIXEL_FACTORS))


def server_alone(network: str, folder: Path) -> list[float]:
    ground = playground(network, folder)
    subject, severities, seconds = ground.picked(0), dict.fromkeys(FACTORS, 0.0), []
    picture.outcome(ground, subject, severities, 0)
    for factor, severity in moves():
        severities[factor] = severity
        start = time.perf_counter()
        picture.outcome(ground, subject, severities, 0)
        for name, value in severities.items():
            picture.note(ground, subject, name, value, 0)
        seconds.append(time.perf_counter() - start)
    return seconds


def whole_way(network: str) -> list[float]:
    command = [sys.executable, __file__, network]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process,
        sync_playwright() as driver,
    ):
        assert process.stdout is not None
        process.stdout.readline()  # which comes once it answers
        browser = driver.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        page.goto(f"http://127.0.0.1:{PORT}")
        page.locator("#varied").wait_for()
        page.wait_for_timeout(2000)
        seconds = [page.evaluate(MOVE, [factor, f"{by:.1f}"]) for factor, by in moves()]
        browser.close()
        process.terminate()
    return seconds


def row(name: str, seconds: Sequence[float]) -> str:
    ordered = sorted(seconds)
    late = ordered[int(0.95 * len(ordered))]
    return f"{name:<24}{1000 * statistics.median(ordered):>8.0f}{1000 * late:>14.0f}"


def main() -> None:
    found = {}
    with tempfile.TemporaryDirectory() as name:
        for network in COLORS:
            (Path(name) / network).mkdir()
            found[f"{network}, server alone"] = server_alone(network, Path(name) / network)
            found[f"{network}, whole way"] = whole_way(network)
    print(f"{'ms':<24}{'median':>8}{'1 in 20 over':>14}")
    for arm, seconds in found.items():
        print(row(arm, seconds))
    medians = {arm: statistics.median(seconds) for arm, seconds in found.items()}
    slowest = max(value for arm, value in medians.items() if "whole" in arm)
    late = {arm: sorted(seconds)[int(0.95 * EVENTS)] for arm, seconds in found.items()}
    record("play", MOST / slowest, 1, medians, over_in_one_of_twenty=late)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        with tempfile.TemporaryDirectory() as name:
            serve(playground(sys.argv[1], Path(name)), PORT)
    else:
        main()
