"""The due list."""

from django.db.models import Case, IntegerField, QuerySet, Value, When
from django.utils import timezone
from rest_framework.generics import ListAPIView

from due.models import Reason
from due.serializers import ReasonSerializer


class DueList(ListAPIView):
    """What a consultant's due list holds now, the most urgent first."""

    serializer_class = ReasonSerializer

    def get_queryset(self) -> QuerySet[Reason]:
        """The rows of the caller's agency that are shown now."""
        now = timezone.now()
        late = (
            When(escalate_at__lte=now, then=Value("escalated")),
            When(overdue_at__lte=now, then=Value("overdue")),
        )
        rank = (
            When(urgent=True, then=Value(0)),
            When(escalate_at__lte=now, then=Value(1)),
            When(overdue_at__lte=now, then=Value(2)),
        )
        return (
            Reason.objects.filter(
                agency_id=self.request.user.username,
                consultant_id=self.request.query_params["consultant_id"],
                application_id__isnull=False,
                flagged_from__lte=now,
                flagged_until__gt=now,
            )
            .select_related("application__job", "candidate", "client_contact", "consultant")
            .annotate(
                level=Case(*late, default=Value("due")),
                rank=Case(*rank, default=Value(3), output_field=IntegerField()),
            )
            .order_by("rank", "position", "due_at", "application_id")
        )
