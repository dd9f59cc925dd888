"""Let several workers apply one change of policy, each to a stretch of its own.

The previous release works on with it: it knows no stretches and applies the whole change by itself, which does no harm
where this release has begun already. A stretch names the change it belongs to, so that those of an earlier one, which
that release leaves behind, count for nothing. After a downgrade it does the same.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007_share_recomputations"
down_revision = "0006_unbind_credentials"
branch_labels = None
depends_on = None

ROLE = "touchbase_app"
TABLE = "recomputation_stretches"


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        TABLE,
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("recomputation_id", sa.Uuid(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.Column("after_id", sa.Uuid(), nullable=True),
        sa.Column("through_id", sa.Uuid(), nullable=True),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("finished", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agency_id", "recomputation_id"],
            ["recomputations.agency_id", "recomputations.id"],
            name=op.f("recomputation_stretches_agency_id_recomputation_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["agencies.agency_id"], name=op.f("recomputation_stretches_agency_id_fkey")
        ),
        sa.CheckConstraint(
            "phase IN ('open', 'closed', 'candidates')", name=op.f("recomputation_stretches_phase_check")
        ),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("recomputation_stretches_pkey")),
    )
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {TABLE} TO {ROLE}")
    own = "agency_id = NULLIF(current_setting('app.agency_id', true), '')::uuid"
    op.execute(f"ALTER TABLE {TABLE} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {TABLE} FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY agency ON {TABLE} USING ({own}) WITH CHECK ({own})")


def downgrade() -> None:
    """Go back."""
    op.drop_table(TABLE)
