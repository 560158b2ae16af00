"""Silence for what Lightning tells at every start and what no user can act on."""

import logging
import warnings

_MESSAGES = (
    ".*does not have many workers.*",
    ".*treespec.*LeafSpec.*",
    ".*Checkpoint directory.*",
    ".*sync_dist=True.*",  # sums are gathered from all processes already
    ".*your dataloader is not resumable.*",  # it starts where the loops say
    ".*callbacks used to create the checkpoint.*",
    ".*Detected call of `lr_scheduler.step.*",
)


def quiet_lightning() -> None:
    """Let through errors and the warnings that ask for something."""
    for name in ("utilities.rank_zero", "accelerators.cuda"):
        logging.getLogger(f"pytorch_lightning.{name}").setLevel(logging.WARNING)
    for message in _MESSAGES:
        warnings.filterwarnings("ignore", message=message)
