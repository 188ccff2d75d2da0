"""Run by Alembic: the tables of every slice, compared with the database of the connection it is given."""

from alembic import context
from sqlmodel import SQLModel

import exchange.app  # noqa: F401 - every slice's tables must be known.

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    render_as_batch=True,
    compare_type=True,
    compare_server_default=True,
)
with context.begin_transaction():
    context.run_migrations()
