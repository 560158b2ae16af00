"""Silence for what Lightning tells at every start and what no user can act on."""

import logging
import warnings

_MESSAGES = (
    ".*does not have many workers.*",
    ".*treespec.*LeafSpec.*",
    ".*Checkpoint directory.*",
    ".*in eval mode at the start of training.*",  # frozen batch norms
    ".*sync_dist=True.*",  # sums are gathered from all processes already
    ".*your dataloader is not resumable.*",  # it starts where the loops say
    ".*callbacks used to create the checkpoint.*",
    ".*dataloader_iter.*",  # see ManySteps
    ".*Detected call of `lr_scheduler.step.*",
)


def quiet_lightning() -> None:
    """Let through errors and the warnings that ask for something."""
    for name in ("pytorch_lightning", "lightning_fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)
    for message in _MESSAGES:
        warnings.filterwarnings("ignore", message=message)
