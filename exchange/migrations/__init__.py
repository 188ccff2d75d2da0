"""The schema's history. Applied before a process of a new version starts; never edits an entry of the log."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection


def configured(connection: Connection) -> Config:
    """Alembic on an open connection, without a file of its own: the address never passes through a text."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    return config


def upgrade(connection: Connection, revision: str = "head") -> None:
    command.upgrade(configured(connection), revision)


def downgrade(connection: Connection, revision: str) -> None:
    command.downgrade(configured(connection), revision)
