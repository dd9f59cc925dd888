"""Let the look-up of credentials name agencies without a foreign key.

It is read before the agency is known, so a cluster keeps it whole on every machine, while the agencies are spread:
what is everywhere cannot refer to what is somewhere. Each is made together with a row that does refer to its agency.
"""

from alembic import op

revision = "0006_unbind_credentials"
down_revision = "0005_tell_the_systems"
branch_labels = None
depends_on = None

KEY = "credentials_agency_id_fkey"


def upgrade() -> None:
    """Go forward."""
    op.drop_constraint(KEY, "credentials", type_="foreignkey")


def downgrade() -> None:
    """Go back."""
    op.create_foreign_key(KEY, "credentials", "agencies", ["agency_id"], ["agency_id"])
