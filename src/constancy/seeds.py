"""Random generators, each seeded by what its draws are for, never by a shared global state."""

import hashlib

import numpy as np


def derive_seed(seed: int, *purpose: object) -> int:
    """A 63-bit seed from the project's `seed` and the words, numbers or ids that name a purpose."""
    text = "\x1f".join(str(part) for part in (seed, *purpose))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little") >> 1


def generator(seed: int, *purpose: object) -> np.random.Generator:
    """A generator whose stream depends on (seed, purpose) alone.

    Philox is keyed directly (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"),
    which costs a few microseconds: cheap enough for one generator for each image and factor.
    """
    return np.random.Generator(np.random.Philox(key=derive_seed(seed, *purpose)))
