"""Walls between sites, held by the database itself: on PostgreSQL a row is seen and written by its own site alone.

The site in force is a setting of the transaction, `pathway.site`; without it nothing is there. A wall binds the tables'
owner too; whoever may pass all walls of the server (a superuser, or a role with BYPASSRLS) passes these. SQLite has no
such policies: there each connection puts up a wall of its own (`pathway/store/sqlite_wall.py`).
"""

from collections.abc import Sequence

from alembic import op

revision: str = "0004"
down_revision: str | Sequence[str] | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TABLES = (
    "patient",
    "identifier_key",
    "episode",
    "entry",
    "message",
    "answer",
    "audit",
    "unlogged",
    "leaf",
    "node",
    "tree",
)
EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
"""The root of a log without leaves: SHA-256 of nothing."""


def upgrade() -> None:
    """Puts up the walls; release 0003 would see nothing behind them, unless its role passes them."""
    _list_every_site()
    if op.get_context().dialect.name == "postgresql":
        for table in TABLES:
            op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
            op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
            # Not a bare "=", from which the planner concludes that a site has few rows, and looks up by the site alone
            # what a statement names the whole key of.
            op.execute(
                f"CREATE POLICY {table}_of_the_site ON {table}"
                " USING (coalesce(site_id = current_setting('pathway.site', true), false))"
            )
        # Which sites there are, and how long their logs, has to be known to whoever goes from site to site.
        op.execute(
            "CREATE POLICY tree_of_every_site ON tree FOR SELECT"
            " USING (current_setting('pathway.sites', true) = 'listed')"
        )


def _list_every_site() -> None:
    """A site that recorded before there were logs has none yet; from here on every site has one, and is found by it."""
    on_postgresql = op.get_context().dialect.name == "postgresql"
    now = "now()" if on_postgresql else "strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now')"
    known = " UNION ".join(f"SELECT site_id FROM {table}" for table in TABLES if table != "tree")  # noqa: S608
    op.execute(
        f"INSERT INTO tree (site_id, size, root, updated_at) SELECT site_id, 0, '{EMPTY}', {now}"  # noqa: S608
        f" FROM ({known}) AS known WHERE site_id NOT IN (SELECT site_id FROM tree)"
    )
