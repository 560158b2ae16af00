from pathlib import Path

import joblib
import numpy as np

from constancy.variation.scene import Donors


def kind_and_donor(donors: Donors) -> tuple[type, np.ndarray]:
    donor = donors.of_another_class(0, 0)
    return type(donor), np.array(donor)


def test_donors_from_a_file_are_plain_arrays_in_other_processes_too(tmp_path: Path) -> None:
    # An np.memmap, as joblib passes files on, costs several times as much to slice.
    images = np.arange(2**21, dtype=np.uint8).reshape(-1, 32, 32, 1)
    np.save(tmp_path / "images.npy", images)
    donors = Donors.of(np.load(tmp_path / "images.npy", mmap_mode="r"), np.arange(2048) % 2)
    here = kind_and_donor(donors)
    (there,) = joblib.Parallel(n_jobs=2)([joblib.delayed(kind_and_donor)(donors)])
    for kind, donor in (here, there):
        assert kind is np.ndarray
        assert np.array_equal(donor, images[1])
