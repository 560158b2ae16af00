"""What is sent over bad lines in tests: some blocks and a bit, and as much of something else."""

import random

BLOCK = 65536
DATA = random.Random(1).randbytes(10 * BLOCK + 123)
OTHER = random.Random(2).randbytes(10 * BLOCK + 123)
