"""An experiment of its own: what shuffling the pixels costs a dense and a convolutional network."""

from dataclasses import asdict

from constancy import paths
from constancy.settings import Settings
from constancy.stage import alone, stage


@stage
@alone
def why_convolution(settings: Settings) -> None:
    from constancy.data.packed import Dataset, PackedSplit
    from constancy.experiments.why_convolution import compare_networks, pixel_order
    from constancy.experiments.why_convolution_page import render_why_convolution
    from constancy.files import replacing, write_json, write_text

    outcomes = list(compare_networks(settings, paths.PREPARED, paths.SUITES))
    test, classes = PackedSplit.load(paths.PREPARED / "test"), Dataset.load(paths.PREPARED).classes
    order = pixel_order(settings.data.image.size, settings.seed)
    names = [classes[label] for label in test.labels]
    page = render_why_convolution(outcomes, test.images, order, names)
    with replacing(paths.WHY_CONVOLUTION, paths.WHY_CONVOLUTION_PAGE) as (numbers, html):
        write_json(numbers, {each.network: asdict(each) for each in outcomes})
        write_text(html, page)
    for each in outcomes:
        print(f"{each.network}: {each.natural:.4f} as they are, {each.shuffled:.4f} shuffled")


if __name__ == "__main__":
    why_convolution()
