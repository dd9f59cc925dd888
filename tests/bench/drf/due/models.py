"""The tables of Touchbase that a due list needs, as Django sees them."""

from django.db import models


def refers(model: type[models.Model], column: str) -> models.ForeignObject:
    """A reference within the agency."""
    return models.ForeignObject(
        model,
        on_delete=models.DO_NOTHING,
        from_fields=("agency_id", column),
        to_fields=("agency_id", "id"),
        related_name="+",
        null=True,
    )


class Agency(models.Model):
    """An agency."""

    agency_id = models.UUIDField(primary_key=True)
    name = models.TextField()

    class Meta:
        managed = False
        db_table = "agencies"


class Tenanted(models.Model):
    """A row of one agency."""

    pk = models.CompositePrimaryKey("agency_id", "id")
    agency_id = models.UUIDField()
    id = models.UUIDField()

    class Meta:
        abstract = True


class Consultant(Tenanted):
    """A consultant."""

    name = models.TextField()

    class Meta:
        managed = False
        db_table = "consultants"


class Candidate(Tenanted):
    """A candidate."""

    name = models.TextField()
    timezone = models.TextField()
    holidays = models.TextField(null=True)

    class Meta:
        managed = False
        db_table = "candidates"


class ClientContact(Tenanted):
    """A person at a client."""

    name = models.TextField()
    timezone = models.TextField()
    holidays = models.TextField(null=True)

    class Meta:
        managed = False
        db_table = "client_contacts"


class Job(Tenanted):
    """A job."""

    title = models.TextField()

    class Meta:
        managed = False
        db_table = "jobs"


class Application(Tenanted):
    """An application."""

    mode = models.TextField()
    job_id = models.UUIDField()
    job = refers(Job, "job_id")

    class Meta:
        managed = False
        db_table = "applications"


class Reason(Tenanted):
    """A status row: why somebody is owed a word, and when it is shown."""

    code = models.TextField()
    rule = models.TextField()
    target = models.TextField()
    position = models.IntegerField()
    urgent = models.BooleanField()
    due_at = models.DateTimeField()
    overdue_at = models.DateTimeField(null=True)
    escalate_at = models.DateTimeField(null=True)
    flagged_from = models.DateTimeField()
    flagged_until = models.DateTimeField()
    fact_kind = models.TextField()
    fact_id = models.UUIDField(null=True)
    fact_at = models.DateTimeField()
    application_id = models.UUIDField(null=True)
    candidate_id = models.UUIDField()
    consultant_id = models.UUIDField(null=True)
    client_contact_id = models.UUIDField(null=True)
    application = refers(Application, "application_id")
    candidate = refers(Candidate, "candidate_id")
    consultant = refers(Consultant, "consultant_id")
    client_contact = refers(ClientContact, "client_contact_id")

    class Meta:
        managed = False
        db_table = "reasons"
