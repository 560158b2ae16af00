"""A manifest names images and their labels, beside it or elsewhere. What can be wrong with one is
among the cases in tests/data/hostile."""

import hashlib
from pathlib import Path
from urllib.parse import quote

import pandas as pd
import pytest
from http_server import HttpServer
from images import encoded
from s3_server import put, s3_server, use_s3
from source_reading import read, settings

from constancy.data.sources import manifest
from constancy.data.table import Sample
from constancy.errors import UserError

ROWS = {
    "path": ["x/1.png", "2.png", "x\\3.png", "2.png"],
    "label": ["cat", "dog", " cat ", "dog"],
    "group": ["litter", "", "litter", ""],
    "split": ["train", "Val", "", "Val"],
}
SAMPLES = [
    ("x/1.png", "cat", encoded(1), "train", "litter"),
    ("2.png", "dog", encoded(2), "validation", None),
    ("x/3.png", "cat", encoded(3), None, "litter"),
]


def facts(samples: list[Sample]) -> list[tuple[object, ...]]:
    assert not [sample.problem for sample in samples if sample.problem]
    return [(s.path, s.label, s.data, s.split, s.group) for s in samples]


@pytest.fixture
def pictures(in_tmp: Path) -> Path:
    """A folder of the current one, with the images that ROWS name."""
    folder = in_tmp / "pets"
    (folder / "x").mkdir(parents=True)
    for number, path in enumerate(("x/1.png", "2.png", "x/3.png"), 1):
        (folder / path).write_bytes(encoded(number))
    return folder


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_rows_become_samples_in_their_order(pictures: Path, params: dict, ending: str) -> None:
    table = pd.DataFrame(ROWS)
    if ending == "csv":
        table.to_csv(pictures / "pets.csv", index=False)
    else:
        table.to_parquet(pictures / "pets.parquet")
    samples, skipped = read(settings(params, f"manifest:pets/pets.{ending}"))
    assert facts(samples) == SAMPLES
    assert skipped == {"row given before": 1}


def test_path_and_label_are_enough(pictures: Path, params: dict) -> None:
    (pictures / "pets.csv").write_text("label,path\ncat,x/1.png\n")
    samples, skipped = read(settings(params, "manifest:pets/pets.csv"))
    assert facts(samples) == [("x/1.png", "cat", encoded(1), None, None)]
    assert skipped == {}


def test_the_hash_of_a_manifest_is_checked(pictures: Path, params: dict) -> None:
    (pictures / "pets.csv").write_text("label,path\ncat,x/1.png\n")
    digest = hashlib.sha256((pictures / "pets.csv").read_bytes()).hexdigest()
    assert len(read(settings(params, "manifest:pets/pets.csv", digest))[0]) == 1
    with pytest.raises(UserError, match=r"data.sha256: pets/pets.csv has the hash"):
        read(settings(params, "manifest:pets/pets.csv", "0" * 64))


def test_images_lie_beside_a_manifest_on_a_server(
    in_tmp: Path, params: dict, server: HttpServer
) -> None:
    for number, path in enumerate(("x/1.png", "2.png", "x/3.png"), 1):
        server.serve(f"pets/{path}", encoded(number))
    url = server.serve("pets/pets.csv", pd.DataFrame(ROWS).to_csv(index=False).encode())
    samples, _ = read(settings(params, f"manifest:{url}"))
    assert facts(samples) == SAMPLES


STRANGE = [
    "a#1.png",
    "what?.png",
    "50%.png",
    "a%20b.png",
    "x/a b+c.png",
    "caf\xe9.png",
    "a&b=c.png",
]
"""Names of files that mean something else in a URL."""


def strange_csv() -> bytes:
    return pd.DataFrame({"path": STRANGE, "label": "cat"}).to_csv(index=False).encode()


def test_a_server_is_asked_for_the_file_that_bears_the_name(
    in_tmp: Path, params: dict, server: HttpServer
) -> None:
    for number, path in enumerate(STRANGE):
        server.serve(f"pets/{quote(path, safe='/&=')}", encoded(number))
    url = server.serve("pets/pets.csv", strange_csv())
    samples, _ = read(settings(params, f"manifest:{url}?at=1/2#x/y"))
    assert facts(samples) == [
        (path, "cat", encoded(number), None, None) for number, path in enumerate(STRANGE)
    ]


def test_s3_is_asked_for_the_object_that_bears_the_name(
    in_tmp: Path, params: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    with s3_server() as s3:
        for number, path in enumerate(STRANGE):
            put(s3, "pets", f"v#1?/{path}", encoded(number))
        url = put(s3, "pets", "v#1?/pets.csv", strange_csv())
        use_s3(monkeypatch, s3)
        samples, _ = read(settings(params, f"manifest:{url}"))
    assert facts(samples) == [
        (path, "cat", encoded(number), None, None) for number, path in enumerate(STRANGE)
    ]


def test_an_address_in_a_manifest_stays_as_it_is(
    pictures: Path, params: dict, server: HttpServer
) -> None:
    url = server.serve("a%20b.png", encoded(7))
    (pictures / "pets.csv").write_text(f"path,label\n{url}?signature=a%2Fb#x,cat\n")
    samples, _ = read(settings(params, "manifest:pets/pets.csv"))
    assert facts(samples) == [(url, "cat", encoded(7), None, None)]


def test_a_local_manifest_may_name_images_elsewhere(
    pictures: Path, params: dict, server: HttpServer
) -> None:
    url = server.serve("far.png", encoded(7))
    lost = f"{server.url}/lost.png"
    (pictures / "pets.csv").write_text(
        f"path,label\n{url},cat\n2.png,dog\n{lost},cat\nno.png,cat\n"
    )
    samples, _ = read(settings(params, "manifest:pets/pets.csv"))
    assert [(s.path, s.data) for s in samples[:2]] == [(url, encoded(7)), ("2.png", encoded(2))]
    assert [(s.data, s.problem) for s in samples[2:]] == [
        (b"", "not found"),
        (b"", "no such file or directory"),
    ]


def test_many_rows_are_fetched_in_their_order(
    in_tmp: Path, params: dict, server: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manifest, "_CHUNK", 7)
    lines = ["path,label"]
    for number in range(40):
        data = encoded(number)
        if number % 3:
            lines.append(f"{server.serve(f'{number}.png', data)},cat")
        else:
            (in_tmp / f"{number}.png").write_bytes(data)
            lines.append(f"{number}.png,cat")
    (in_tmp / "pets.csv").write_text("\n".join(lines))
    samples, _ = read(settings(params, "manifest:pets.csv"))
    assert [sample.data for sample in samples] == [encoded(number) for number in range(40)]


def test_what_a_message_quotes_is_short(in_tmp: Path, params: dict) -> None:
    (in_tmp / "pets.csv").write_text(f"path,label\n../{'n' * 10_000}\x1b,cat\n")
    with pytest.raises(UserError, match=r"names '\.\./nnn") as told:
        read(settings(params, "manifest:pets.csv"))
    assert len(str(told.value)) < 500
