"""Stage 4: train the network."""

import shutil
from contextlib import nullcontext

from constancy import paths
from constancy.settings import Settings
from constancy.stage import stage


@stage
def train(settings: Settings) -> None:
    from pytorch_lightning.utilities import rank_zero_only

    from constancy.data.packed import Dataset
    from constancy.files import replacing, write_json
    from constancy.models.disk import save_model, weights_digest
    from constancy.registry.run import UNTRACKED, tracked_run
    from constancy.training.data import ImageData
    from constancy.training.fit import describe, fit
    from constancy.training.mix import choose_mix
    from constancy.training.workspace import open_workspace, workspace_key

    recipe, seed = settings.train, settings.seed
    data = ImageData(
        paths.PREPARED,
        paths.AUGMENTED,
        paths.SUITES,
        mix=choose_mix(settings),
        batch_size=recipe.batch_size,
        seed=seed,
    )
    card = describe(settings.model, Dataset.load(paths.PREPARED))
    # With several devices Lightning runs this file once for each; the first one keeps the records.
    first = getattr(rank_zero_only, "rank", 0) == 0
    root = paths.training_folder()
    inputs = settings.model_dump(include={"seed", "model", "train", "variation"})
    key = workspace_key(inputs, data.digest())
    with (
        open_workspace(root, key) if first else nullcontext(root / key) as workspace,
        tracked_run(settings, key) if first else nullcontext(UNTRACKED) as run,
    ):
        fitted = fit(card, data, recipe, seed=seed, workspace=workspace, logger=run.logger)
        if not first:
            return
        with replacing(paths.CANDIDATE, paths.HISTORY, paths.RUN) as (candidate, history, report):
            candidate.mkdir()
            save_model(candidate, fitted.network, fitted.card)
            shutil.copyfile(fitted.history, history)
            write_json(report, fitted.record())
            weights = weights_digest(candidate)
        speed = {"seconds": fitted.seconds, "images_per_second": fitted.images_per_second}
        run.complete(weights, **speed)
    print(
        f"train: epoch {fitted.best_epoch + 1} of {fitted.epochs} was best, "
        f"validation score {fitted.score:.4f}; {fitted.seconds:.0f} s, "
        f"{fitted.images_per_second:,.0f} images a second"
    )


if __name__ == "__main__":
    train()
