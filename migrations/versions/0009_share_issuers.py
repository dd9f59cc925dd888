"""Let several agencies trust one issuer for one audience, so that nobody takes another's by being first.

The previous release works on with it: it still refuses an agency a pair that another has, and the tokens of a pair that
two of them have by way of this release.
"""

from alembic import op

revision = "0009_share_issuers"
down_revision = "0008_name_the_managers_duties"
branch_labels = None
depends_on = None

TABLE = "credentials"
KEY = "credentials_pkey"
# Built while everybody works on, and then the key's.
INDEX = "credentials_lookup_agency_id"


def upgrade() -> None:
    """Go forward."""
    with op.get_context().autocommit_block():
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {INDEX}")
        op.execute(f"CREATE UNIQUE INDEX CONCURRENTLY {INDEX} ON {TABLE} (lookup, agency_id)")
    op.drop_constraint(KEY, TABLE)
    op.execute(f"ALTER TABLE {TABLE} ADD CONSTRAINT {KEY} PRIMARY KEY USING INDEX {INDEX}")


def downgrade() -> None:
    """Go back. Where two agencies share a pair by now, this fails and changes nothing."""
    op.drop_constraint(KEY, TABLE)
    op.create_primary_key(KEY, TABLE, ["lookup"])
