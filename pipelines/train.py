"""Stage 4: train the network."""

import shutil
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

from constancy import paths
from constancy.settings import Settings
from constancy.stage import stage


@stage
def train(settings: Settings) -> None:
    import torch
    from pytorch_lightning.utilities import rank_zero_only

    from constancy.code import code_digest, own_files
    from constancy.data.packed import Dataset
    from constancy.files import replacing, write_json
    from constancy.locks import held
    from constancy.models.disk import save_model, weights_digest
    from constancy.models.transfer import check_start
    from constancy.registry.lineage import data_digests
    from constancy.registry.run import UNTRACKED, tracked_run
    from constancy.training.choices import Choices
    from constancy.training.data import ImageData
    from constancy.training.debug import debugged, shorten
    from constancy.training.fit import describe, fit
    from constancy.training.mix import choose_mix
    from constancy.training.workspace import open_workspace, workspace_key
    from constancy.variation.suites import check_suite

    # What a run is to be found by is what the user has set, not what a preset makes of it.
    inputs = settings.model_dump(include={"seed", "model", "train", "variation"})
    settings = debugged(settings)
    model = settings.model
    dataset = Dataset.load(paths.PREPARED)
    begins_from = check_start(model, dataset.image)
    folders = (paths.PREPARED, paths.AUGMENTED, paths.SUITES)
    data = ImageData(*folders, mix=choose_mix(settings), seed=settings.seed)
    check_suite(paths.SUITES / "validation", data.suite, "validation", data.validation)
    card = describe(model, dataset, len(data.train))
    shorten(data, settings.train)
    # With several devices Lightning runs this file once for each; the first one keeps the records.
    first = getattr(rank_zero_only, "rank", 0) == 0
    root = paths.training_folder()
    # Other images, other code or another torch goes on with nobody's state.
    images = data.digest(), data_digests()
    code = code_digest(own_files(Path(__file__))), Path(__file__).read_text(encoding="utf-8")
    key = workspace_key(inputs, images, begins_from, code, torch.__version__)
    with ExitStack() as stack:
        workspace, run = root / key, UNTRACKED
        if first:
            stack.enter_context(held(paths.STATE / "train.lock", "is training in this folder"))
            stack.enter_context(open_workspace(root, key))
            run = stack.enter_context(tracked_run(settings, key))

        def tell(choices: Choices) -> None:
            for name, value in asdict(choices).items():
                run.tag(f"choices.{name}", str(value))

        fitted = fit(
            card,
            data,
            settings,
            workspace=workspace,
            logger=run.logger,
            first=first,
            tell=tell,
        )
        if not first:
            return
        with replacing(paths.CANDIDATE, paths.HISTORY, paths.RUN) as (candidate, history, report):
            candidate.mkdir()
            save_model(candidate, fitted.network, fitted.card)
            shutil.copyfile(fitted.history, history)
            write_json(report, fitted.record() | {"settings": inputs})
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
