"""Stage 4: train the network."""

from constancy.paths import (
    AUGMENTED,
    CANDIDATE,
    HISTORY,
    PREPARED,
    RUN,
    STATE,
    SUITES,
    project_root,
)
from constancy.settings import Settings
from constancy.stage import stage


@stage
def train(settings: Settings) -> None:
    from constancy.registry.tracking import open_run

    from constancy.data.packed import Dataset
    from constancy.files import replacing, write_json
    from constancy.models.disk import save_model
    from constancy.training.data import ImageData
    from constancy.training.fit import describe, fit

    recipe = settings.train
    data = ImageData(
        PREPARED,
        AUGMENTED,
        SUITES,
        weights=recipe.mix.positive(),
        batch_size=recipe.batch_size,
        seed=settings.seed,
    )
    card = describe(settings.model, Dataset.load(PREPARED))
    with replacing(CANDIDATE, HISTORY, RUN) as (candidate, history, report):
        run = open_run(settings)
        fitted = fit(
            card,
            data,
            recipe,
            seed=settings.seed,
            checkpoints=project_root() / STATE / "checkpoints",
            history=history,
            logger=run.logger(),
        )
        candidate.mkdir()
        save_model(candidate, fitted.network, fitted.card)
        write_json(report, run.record() | fitted.record())
    print(
        f"train: best of {fitted.epochs} epochs is {fitted.best_epoch + 1}, "
        f"validation score {fitted.score:.4f}"
    )


if __name__ == "__main__":
    train()
