"""DVC as `constancy run` starts it: when somebody else is at work, it says so in our words."""

import logging
import os
import re
import sys
from pathlib import Path

import dvc.cli
from dvc.lock import LockError

from constancy.stage import FAILURE_FILE


class _Busy(logging.Filter):
    """Holds back what DVC tells of its locks, and leaves a sentence in its stead."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        while error is not None and not isinstance(error, LockError):
            error = error.__cause__
        if error is None:
            return True
        processes = ", ".join(dict.fromkeys(re.findall(r"\(PID (\d+)\)", str(error))))
        who = f"process {processes}" if processes else "another process"
        sentence = f"{who} is running this pipeline already: wait until it ends, or stop it"
        try:
            Path(os.environ[FAILURE_FILE]).write_text(sentence, encoding="utf-8")
        except OSError:
            return True  # a full disk: then DVC's own words
        return False


if __name__ == "__main__":
    for handler in logging.getLogger("dvc").handlers:
        handler.addFilter(_Busy())
    sys.exit(dvc.cli.main())
