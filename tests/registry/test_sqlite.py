"""A SQLite store is made whole, once, and never spoiled."""

import multiprocessing
import os
import shutil
import sqlite3
import time
from contextlib import closing
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest
import sqlalchemy
from nobody import as_nobody, open_folder

from constancy.errors import UserError
from constancy.registry.sqlite import prepare_sqlite
from constancy.registry.store import answering, connect, experiment
from constancy.settings.tracking import Tracking
from constancy.stage import with_clear_ends

# Children of this process have MLflow imported already, which takes each of them seconds else.
FORK = multiprocessing.get_context("fork")


def use_store(uri: str, all_ready: Barrier) -> None:
    tracking = Tracking(uri=uri, experiment="constancy", model="constancy")
    all_ready.wait()
    client = connect(tracking)
    client.create_run(experiment(client, tracking))


def revision(file: Path) -> str:
    with closing(sqlite3.connect(file)) as database:
        return str(database.execute("select version_num from alembic_version").fetchone()[0])


def test_processes_that_meet_in_a_fresh_store_all_get_on(tmp_path: Path, migrated: Path) -> None:
    file = tmp_path / "new folder" / "mlflow.db"
    all_ready = FORK.Barrier(3)
    arguments = (f"sqlite:///{file}", all_ready)
    processes = [FORK.Process(target=use_store, args=arguments) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0, 0]
    with closing(sqlite3.connect(file)) as database:
        query = "select e.name, count(*) from runs join experiments e using (experiment_id)"
        assert database.execute(query).fetchall() == [("constancy", 3)]


def test_a_kill_in_the_first_migration_leaves_nothing_broken(
    tmp_path: Path, migrated: Path
) -> None:
    file = tmp_path / "mlflow.db"
    file.touch()  # an empty file is no store yet
    process = FORK.Process(target=prepare_sqlite, args=(file,))
    process.start()
    unfinished = tmp_path / f".mlflow.db.{process.pid}.new"
    while not (unfinished.exists() and unfinished.stat().st_size):
        assert process.is_alive()
        time.sleep(0.002)
    process.kill()
    process.join()
    assert file.stat().st_size == 0
    prepare_sqlite(file)
    assert not list(tmp_path.glob(".*.new*"))
    assert revision(file) == revision(migrated)


def test_a_current_store_is_left_alone(migrated: Path, tmp_path: Path) -> None:
    file = Path(shutil.copy(migrated, tmp_path))
    os.utime(file, (1, 1))
    inode = file.stat().st_ino
    prepare_sqlite(file)
    assert (file.stat().st_mtime, file.stat().st_ino) == (1, inode)
    assert list(tmp_path.iterdir()) == [file]


def test_the_store_of_an_older_mlflow_is_brought_up_with_what_it_holds(
    tmp_path: Path, migrated: Path
) -> None:
    from alembic import command
    from mlflow.store.db.utils import _get_alembic_config, create_sqlalchemy_engine
    from mlflow.store.tracking.dbmodels.initial_models import Base

    file = tmp_path / "mlflow.db"
    engine = create_sqlalchemy_engine(f"sqlite:///{file}")
    Base.metadata.create_all(engine)
    config = _get_alembic_config(f"sqlite:///{file}")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "f5a4f2784254")  # that of MLflow 2.3
    engine.dispose()
    with closing(sqlite3.connect(file)) as database:
        database.execute(
            "insert into experiments values (7, 'old', '/old', 'active', 1600000000000, 1600000000000)"
        )
        database.commit()
    prepare_sqlite(file)
    assert revision(file) == revision(migrated)
    with closing(sqlite3.connect(file)) as database:
        query = "select name, artifact_location from experiments where experiment_id = 7"
        assert database.execute(query).fetchall() == [("old", "/old")]


def test_the_store_of_a_newer_mlflow_is_refused_and_left_as_it_was(
    migrated: Path, tmp_path: Path
) -> None:
    file = Path(shutil.copy(migrated, tmp_path))
    with closing(sqlite3.connect(file)) as database:
        database.execute("update alembic_version set version_num = 'ffffffffffff'")
        database.commit()
    before = file.read_bytes()
    with pytest.raises(UserError, match=rf"{file} cannot be brought to the schema .*ffffffffffff"):
        prepare_sqlite(file)
    assert file.read_bytes() == before


@pytest.mark.parametrize("content", [b"these are my notes\n" * 100, None])
def test_a_file_that_is_no_store_is_refused(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "mlflow.db"
    if content:
        file.write_bytes(content)
    else:
        with closing(sqlite3.connect(file)) as database:
            database.execute("create table recipes (name text)")
    with pytest.raises(UserError, match=rf"{file} is no MLflow database .*: move it away"):
        prepare_sqlite(file)


def test_a_database_without_permission_says_so(
    migrated: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """It may be read and not written, or not even read."""
    with open_folder() as folder:
        file = Path(shutil.copy(migrated, folder))
        for mode, advice in ((0o444, "writable"), (0, "readable")):
            file.chmod(mode)
            tracking = Tracking(uri=f"sqlite:///{file}", experiment="new", model="constancy")

            def use(tracking: Tracking = tracking) -> None:
                experiment(connect(tracking), tracking)

            assert as_nobody(lambda use=use: with_clear_ends(use)) == 2
            sentence = f"constancy: {file}: permission denied: make it {advice} and run again\n"
            assert capfd.readouterr().err == sentence


def test_a_database_that_can_grow_no_more_says_so(migrated: Path, tmp_path: Path) -> None:
    """SQLite tells of its own limit as of a full disk."""
    file = Path(shutil.copy(migrated, tmp_path))
    tracking = Tracking(uri=f"sqlite:///{file}", experiment="new", model="constancy")
    client = connect(tracking)
    number = experiment(client, tracking)
    with closing(sqlite3.connect(file)) as database:
        (pages,) = database.execute("pragma page_count").fetchone()

    @sqlalchemy.event.listens_for(sqlalchemy.engine.Engine, "begin")
    def fill(connection: sqlalchemy.Connection) -> None:
        connection.exec_driver_sql(f"pragma max_page_count = {pages}")

    try:
        with pytest.raises(OSError, match="No space left on device"), answering(client):
            for _ in range(1000):
                client.create_run(number, tags={"note": "x" * 1000})
    finally:
        sqlalchemy.event.remove(sqlalchemy.engine.Engine, "begin", fill)
