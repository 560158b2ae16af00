"""No image takes more memory than is stated, and no bytes end in another error than the stated one."""

import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from bundles import make_tar, make_zip
from hostile_bytes import GREYS, scene_png, ycck
from hostile_images import IMAGES, clear, deep
from hostile_manifests import whole
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from images import encoded
from preparation import data_settings

from constancy.data import images
from constancy.data.images import FORMATS, UnreadableImageError, decode_image
from constancy.data.sources import open_source
from constancy.errors import UserError
from constancy.settings.data import Data, Image

MOST_MEMORY = 600  # MiB of one process: the largest image allowed, four bytes a pixel, and Python
ADDRESS_SPACE = 2.5  # GiB

DECODE_ALL = f"""
import resource, sys
from pathlib import Path
resource.setrlimit(resource.RLIMIT_AS, (int({ADDRESS_SPACE} * 2**30),) * 2)
from constancy.data.images import UnreadableImageError, decode_image
from constancy.settings.data import Image
for color in ("grey", "rgb"):
    for path in sorted(Path(sys.argv[1]).iterdir()):
        try:
            decode_image(path.read_bytes(), Image(size=32, color=color, fit="pad"))
        except UnreadableImageError:
            pass
# What getrusage tells counts the process that started this one too.
[peak] = [line for line in Path("/proc/self/status").read_text().split("\\n") if "VmHWM" in line]
print(int(peak.split()[1]) // 1024)
"""


def test_all_images_are_decoded_within_bounded_memory(tmp_path: Path) -> None:
    files = tmp_path / "files"
    files.mkdir()
    for number, case in enumerate(IMAGES):
        place = tmp_path / f"case{number}"
        place.mkdir()
        [odd] = case.build(place).glob("cat/odd.*")
        odd.rename(files / f"{number}{odd.suffix}")
    done = subprocess.run(
        [sys.executable, "-c", DECODE_ALL, str(files)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < MOST_MEMORY


@pytest.mark.parametrize("color", ["grey", "rgb"])
def test_large_images_are_converted_in_strips_as_small_ones_at_once(
    color: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = Image(size=16, color=color, fit="pad")
    files = [clear("PNG"), clear("WEBP"), scene_png(deep(GREYS)[..., :1], 0)]
    at_once = [decode_image(file, image).pixels for file in files]
    monkeypatch.setattr(images, "_STRIP_PIXELS", 300)
    in_strips = [decode_image(file, image).pixels for file in files]
    assert np.array_equal(in_strips, at_once)


Mutation = Callable[[bytes], bytes]


@st.composite
def mutations(draw: st.DrawFn) -> Mutation:
    """Some bytes overwritten, and perhaps some cut out or put in: most at the beginning, where
    headers are."""
    near = draw(st.booleans())
    places = st.integers(0, 80) if near else st.integers(0, 2**16)
    wrong = draw(st.lists(st.tuples(places, st.binary(min_size=1, max_size=4)), max_size=6))
    cut = draw(st.tuples(places, st.integers(0, 40)))
    added = draw(st.tuples(places, st.binary(max_size=12)))

    def mutate(data: bytes) -> bytes:
        changed = bytearray(data)
        for place, some in wrong:
            place %= len(changed) + 1
            changed[place : place + len(some)] = some
        del changed[cut[0] % (len(changed) + 1) :][: cut[1]]
        place = added[0] % (len(changed) + 1)
        changed[place:place] = added[1]
        return bytes(changed[: len(changed) - cut[1]])

    return mutate


SEEDS = [
    *(encoded(1, kind, shape) for kind in FORMATS for shape in ((9, 7, 3), (9, 7))),
    encoded(1, "PNG", (9, 7, 4)),
    encoded(1, "WEBP", (9, 7, 4)),
    ycck(),
]


@settings(max_examples=600)
@given(st.one_of(st.binary(max_size=200), st.tuples(st.sampled_from(SEEDS), mutations())))
def test_no_bytes_raise_any_other_error(case: bytes | tuple[bytes, Mutation]) -> None:
    data = case if isinstance(case, bytes) else case[1](case[0])
    try:
        decoded = decode_image(data, Image(size=8, color="rgb", fit="pad"))
    except UnreadableImageError as error:
        assert str(error)  # noqa: PT017
    else:
        assert decoded.pixels.shape == (8, 8, 3)
        assert decoded.format in FORMATS


TABLES = [
    b"",
    b"path,label,group,split\na.png,cat,,train\nb.png,dog,2,test\n",
    'path,label\n"a,\n.png",cat\n\ufeff,\u00e9\n'.encode(),
    whole(),
]


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """Small archives of every kind."""
    folder = tmp_path_factory.mktemp("archives")
    files = {f"{label}/{'n' * 110}{n}.png": encoded(n) for n in range(2) for label in "ab"}
    made = [make_zip(folder / "x.zip", files).read_bytes()]
    for mode, form in (("w", tarfile.PAX_FORMAT), ("w:gz", tarfile.GNU_FORMAT), ("w:xz", None)):
        tarfile.DEFAULT_FORMAT, default = form or tarfile.PAX_FORMAT, tarfile.DEFAULT_FORMAT
        made.append(make_tar(folder / "x.tar", files, mode).read_bytes())
        tarfile.DEFAULT_FORMAT = default
    return made


@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 3), mutations(), st.booleans())
def test_no_archive_raises_any_other_error(
    in_tmp: Path, params: dict, archives: list[bytes], kind: int, mutate: Mutation, again: bool
) -> None:
    data = mutate(archives[kind])
    Path("pets.bin").write_bytes(mutate(data) if again else data)
    assert_told(data_settings(params, source="archive:pets.bin"))


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(TABLES), mutations(), st.binary(max_size=200))
def test_no_manifest_raises_any_other_error(
    in_tmp: Path, params: dict, table: bytes, mutate: Mutation, more: bytes
) -> None:
    Path("pets.csv").write_bytes(mutate(table) + more)
    assert_told(data_settings(params, source="manifest:pets.csv"))


def assert_told(data: Data) -> None:
    try:
        with open_source(data) as source:
            for sample in source.samples:
                assert sample.path.isprintable()
    except UserError as error:
        assert str(error)  # noqa: PT017
