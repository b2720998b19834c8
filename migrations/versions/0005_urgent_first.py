"""How much of an episode has to be seen to at once, so that the worklist can begin with it.

Rows that were there already do not know it: it follows from the log, which no migration folds. They stand first too,
until something is recorded of the episode.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | Sequence[str] | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

LEADS = sa.text("urgent IS NULL OR urgent > 0")


def upgrade() -> None:
    """Adds the column, which the release before passes over, and the index that leads to the urgent ones."""
    op.add_column("episode", sa.Column("urgent", sa.Integer, nullable=True))
    op.create_index(
        "episode_urgent_idx",
        "episode",
        ["site_id", "is_open", "due_target", "episode_id"],
        sqlite_where=LEADS,
        postgresql_where=LEADS,
    )
