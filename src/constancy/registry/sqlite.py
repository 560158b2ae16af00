"""A SQLite database with MLflow's current schema, whatever was there before."""

import errno
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from constancy.errors import UserError
from constancy.files import replacing


def prepare_sqlite(file: Path) -> None:
    """Bring the database to MLflow's current schema; quick where it is there already.

    MLflow would do so itself, but processes that meet in a fresh database break it for good, and
    so does a kill in mid-migration: so one process migrates a copy and puts it in place.
    Raises UserError for a file that is something else, or that cannot be migrated; OSError where
    the disk is full or a permission is missing.
    """
    from filelock import FileLock

    if _is_current(file):
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(lock_of(file)):
        if not _is_current(file):
            with replacing(file) as (new,):
                if file.exists():
                    shutil.copyfile(file, new)
                _migrate(new, file)


def lock_of(file: Path) -> Path:
    """The file whose lock is held by the one process that changes more than a transaction can."""
    return file.with_name(f"{file.name}.lock")


def as_os_error(error: Exception, file: Path) -> OSError | None:
    """What SQLite tells of a full disk or a missing permission, as Python tells it; else None."""
    text = str(error)
    if "database or disk is full" in text:
        number = errno.ENOSPC
    elif "attempt to write a readonly database" in text or (
        "unable to open database file" in text and not file.is_dir()
    ):
        read_only = os.statvfs(file.parent).f_flag & os.ST_RDONLY
        number = errno.EROFS if read_only else errno.EACCES
    else:
        return None
    return OSError(number, os.strerror(number), str(file))


def _migrate(database: Path, name: Path) -> None:
    from alembic.util import CommandError
    from mlflow.db import upgrade
    from sqlalchemy.exc import SQLAlchemyError

    try:
        upgrade.main([f"sqlite:///{database}"], standalone_mode=False)
    except (CommandError, SQLAlchemyError) as error:
        if plain := as_os_error(error, database):
            raise plain from None
        reason = str(error).splitlines()[0]
        raise UserError(
            f"{name} cannot be brought to the schema of the installed MLflow ({reason}): move it "
            "away, or set tracking.uri"
        ) from None


def _is_current(file: Path) -> bool:
    revision = _revision(file)
    if revision is None:
        return False
    from mlflow.store.db.utils import _get_latest_schema_revision

    return bool(revision == _get_latest_schema_revision())


def _revision(file: Path) -> str | None:
    """The schema's revision, None for a database that does not exist or is empty."""
    if not file.exists() or file.stat().st_size == 0:
        return None
    try:
        # Who may write rolls back what a killed process left half done; reading alone cannot.
        mode = "rw" if os.access(file, os.W_OK) else "ro"
        with closing(sqlite3.connect(f"{file.as_uri()}?mode={mode}", uri=True)) as database:
            rows = database.execute("select version_num from alembic_version").fetchall()
    except sqlite3.Error as error:
        if plain := as_os_error(error, file):
            raise plain from None
        raise UserError(
            f"{file} is no MLflow database ({error}): move it away, or set tracking.uri"
        ) from None
    return str(rows[0][0]) if rows else "none"
