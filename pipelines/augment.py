"""Stage 3: make the training copies and the frozen suites."""

from constancy.paths import AUGMENTED, PREPARED, SUITES
from constancy.settings import Settings
from constancy.stage import alone, stage


@stage
@alone
def augment(settings: Settings) -> None:
    from constancy.data.packed import Dataset, PackedSplit
    from constancy.files import replacing
    from constancy.parallel import cluster
    from constancy.variation.copies import write_copies
    from constancy.variation.embedding import fit_embedding
    from constancy.variation.write_suites import write_suites

    variation, seed = settings.variation, settings.seed
    classes = Dataset.load(PREPARED).classes
    train = PackedSplit.load(PREPARED / "train")
    embedding = fit_embedding(train)
    with cluster(), replacing(AUGMENTED, SUITES) as (augmented, suites):
        write_copies(train, classes, variation, seed, augmented)
        for name, count in settings.suites.counts(len(train)).items():
            split = PackedSplit.load(PREPARED / name)
            write_suites(name, split, classes, embedding, variation, count, seed, suites / name)
    copies = sum(variation.copies.positive().values())
    print(
        f"augment: {copies} copies of {len(train):,} training images; suites for test and validation"
    )


if __name__ == "__main__":
    augment()
