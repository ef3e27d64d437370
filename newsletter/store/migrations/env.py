"""Run by Alembic: migrate on the connection that `newsletter.store.migrations` hands over."""

from alembic import context

from newsletter.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=False,  # the caller's transaction holds all
)
context.run_migrations()
