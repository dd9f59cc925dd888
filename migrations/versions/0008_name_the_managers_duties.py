"""Tell what is the manager's to do from what is the consultant's.

The previous release works on with it: it says of nothing that it is the manager's. What it writes beside this release
is put right with the next record of the application.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008_name_the_managers_duties"
down_revision = "0007_share_recomputations"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.add_column(
        "reasons", sa.Column("for_manager", sa.Boolean(), server_default=sa.false(), nullable=False)
    )


def downgrade() -> None:
    """Go back."""
    op.drop_column("reasons", "for_manager")
