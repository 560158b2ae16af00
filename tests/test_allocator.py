"""Memory that is kept for the next batch."""

import platform
import subprocess
import sys

import pytest

BATCHES = """
import resource, sys
import numpy as np
from constancy.allocator import keep_freed_memory

if sys.argv[1] == "kept":
    keep_freed_memory()
np.ones(2**23)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    np.ones(2**23)  # 64 MiB
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def page_faults(how: str) -> int:
    command = [sys.executable, "-c", BATCHES, how]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="this C library is left alone")
def test_a_block_that_was_freed_is_not_asked_of_the_system_again() -> None:
    assert page_faults("kept") * 10 < page_faults("given back")
