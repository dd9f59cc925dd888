"""Let agency systems name records by their own ids, so that none is recorded twice.

The previous release works on with it: it neither writes nor looks for the ids of records.
"""

from alembic import op

revision = "0010_name_records"
down_revision = "0009_share_issuers"
branch_labels = None
depends_on = None

ROLE = "touchbase_app"
TABLE = "external_refs"
CHECK = "external_refs_kind_check"
OBJECTS = "consultant client client_contact candidate job application interview"
RECORDS = "debrief timescale feedback contact"


def upgrade() -> None:
    """Go forward. Each statement is a transaction of its own, and a run that was cut off starts over."""
    with op.get_context().autocommit_block():
        op.execute(f"ALTER TABLE {TABLE} ADD COLUMN IF NOT EXISTS fingerprint bytea")
        op.execute(f"GRANT UPDATE ON {TABLE} TO {ROLE}")
        allow(f"{OBJECTS} {RECORDS}")


def downgrade() -> None:
    """Go back: under which ids records are known is forgotten."""
    op.execute(f"ALTER TABLE {TABLE} NO FORCE ROW LEVEL SECURITY")
    op.execute(f"DELETE FROM {TABLE} WHERE NOT {among(OBJECTS)}")
    op.execute(f"ALTER TABLE {TABLE} FORCE ROW LEVEL SECURITY")
    allow(OBJECTS)
    op.execute(f"REVOKE UPDATE ON {TABLE} FROM {ROLE}")
    op.drop_column(TABLE, "fingerprint")


def allow(kinds: str) -> None:
    """Allow these kinds alone, while everybody works on."""
    op.execute(f"ALTER TABLE {TABLE} DROP CONSTRAINT IF EXISTS {CHECK}")
    op.execute(f"ALTER TABLE {TABLE} ADD CONSTRAINT {CHECK} CHECK ({among(kinds)}) NOT VALID")
    op.execute(f"ALTER TABLE {TABLE} VALIDATE CONSTRAINT {CHECK}")


def among(kinds: str) -> str:
    """Whether a row is of one of these kinds."""
    return f"(kind IN ({', '.join(map(repr, kinds.split()))}))"
