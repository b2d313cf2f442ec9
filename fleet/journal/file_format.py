"""Which format a database has, brought to the present one or refused; and how a file is opened to be read alone.

SQLite keeps the latest commits in a file beside the database, and reads them through a second one, which it has to
write. On a disk that cannot be written they cannot be read, unless both files are there.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from fleet.errors import StoreBusyError, StoreCorruptError

MIGRATIONS = Path(__file__).parent / "migrations"
READS_ONLY = "mode=ro"


def bring_up_to_date(connection: Connection) -> None:
    """Make the tables, or change them to what this program knows.

    Raises:
        StoreCorruptError: a newer program wrote it.
    """
    config = _config()
    _known_format(connection, config)
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def refuse_older(connection: Connection) -> None:
    """For a file that can only be read.

    Raises:
        StoreBusyError: it would have to be brought up to date.
        StoreCorruptError: a newer program wrote it.
    """
    config = _config()
    present = _known_format(connection, config)
    if present != ScriptDirectory.from_config(config).get_current_head():
        raise StoreBusyError(
            f"the journal has the older format {present}, and cannot be written to bring it up to date;"
            " copy its folder to a disk that can be written"
        )


def reading_uri(path: Path) -> str:
    """The file as SQLite opens it for reading alone.

    Raises:
        StoreBusyError: its latest commits cannot be read here.
    """
    uri = f"file:{quote(str(path.absolute()))}?{READS_ONLY}"
    try:
        with closing(sqlite3.connect(uri, uri=True)) as connection:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.OperationalError as error:
        beside = path.with_name(f"{path.name}-wal")
        if beside.is_file() and beside.stat().st_size:
            raise StoreBusyError(
                f"the latest commits stand in {beside.name}, and are read only where its folder can be written"
                f" ({error}); copy {path.name} and {beside.name} to one that can"
            ) from error
        return f"{uri}&immutable=1"  # nobody can change it while it is read
    return uri


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


def _known_format(connection: Connection, config: Config) -> str | None:
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    present = MigrationContext.configure(connection).get_current_revision()
    if present is not None and present not in known:
        raise StoreCorruptError(
            f"the journal has format {present}, which this program does not know;"
            " start the program that wrote it, or a newer one"
        )
    return present
