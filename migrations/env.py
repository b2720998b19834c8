"""Runs the migrations in one transaction on the connection that `pathway.store.migrate` brings."""

from alembic import context

from pathway.store.tables import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, compare_type=True)
with context.begin_transaction():
    context.run_migrations()
