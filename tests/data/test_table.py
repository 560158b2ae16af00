"""The image table keeps bytes, order and columns, in few files."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from constancy.data import table
from constancy.data.table import Sample, row_groups, write_table

SAMPLES = [
    Sample(f"c{number % 3}/{number}.png", f"c{number % 3}", bytes([number]) * (number + 1),
           split="train" if number % 2 else None, group="g" if number % 4 else None)
    for number in range(50)
]  # fmt: skip
SAMPLES.append(Sample("c0/missing.png", "c0", b"", problem="no such file or directory"))


def read(folder: Path) -> list[list[Sample]]:
    return [group.read() for group in row_groups(folder)]


def test_samples_come_back_as_they_went_in(tmp_path: Path) -> None:
    assert write_table(iter(SAMPLES), tmp_path / "raw") == 51
    assert sum(group.rows for group in row_groups(tmp_path / "raw")) == 51
    assert [sample for group in read(tmp_path / "raw") for sample in group] == SAMPLES


@pytest.mark.parametrize("limit", ["ROW_GROUP_BYTES", "ROW_GROUP_ROWS"])
def test_shards_and_row_groups_keep_the_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    monkeypatch.setattr(table, "SHARD_BYTES", 300)
    monkeypatch.setattr(table, limit, 100 if limit == "ROW_GROUP_BYTES" else 4)
    write_table(iter(SAMPLES), tmp_path / "raw")
    assert len(list((tmp_path / "raw").iterdir())) > 2
    groups = read(tmp_path / "raw")
    assert len(groups) > 5
    assert [sample for group in groups for sample in group] == SAMPLES


def test_the_layout_is_that_of_hugging_face(tmp_path: Path) -> None:
    write_table(iter(SAMPLES), tmp_path / "raw")
    schema = pq.read_schema(tmp_path / "raw" / "part-00000.parquet")
    assert str(schema.field("image").type) == "struct<bytes: binary, path: string>"
    assert schema.names == ["image", "label", "group", "split", "sha256", "problem"]


def test_the_same_samples_make_the_same_files(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_table(iter(SAMPLES), tmp_path / name)
    one, two = (tmp_path / name / "part-00000.parquet" for name in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()


def test_an_existing_folder_is_not_written_into(tmp_path: Path) -> None:
    with pytest.raises(FileExistsError):
        write_table(iter(SAMPLES), tmp_path)
