"""How an item of the due list is shown."""

from rest_framework import serializers

from due.models import Candidate, ClientContact, Consultant, Job, Reason


class CandidateSerializer(serializers.ModelSerializer):
    class Meta:
        model = Candidate
        fields = ("id", "name")


class ClientContactSerializer(serializers.ModelSerializer):
    class Meta:
        model = ClientContact
        fields = ("id", "name")


class ConsultantSerializer(serializers.ModelSerializer):
    class Meta:
        model = Consultant
        fields = ("id", "name")


class JobSerializer(serializers.ModelSerializer):
    class Meta:
        model = Job
        fields = ("id", "title")


class ReasonSerializer(serializers.ModelSerializer):
    level = serializers.CharField()
    candidate = CandidateSerializer()
    client_contact = ClientContactSerializer()
    consultant = ConsultantSerializer()
    job = JobSerializer(source="application.job")
    mode = serializers.CharField(source="application.mode")

    class Meta:
        model = Reason
        fields = (
            "code", "rule", "level", "target", "urgent", "due_at", "overdue_at", "escalate_at", "application_id",
            "candidate", "client_contact", "consultant", "job", "mode", "fact_kind", "fact_id", "fact_at",
        )  # fmt: skip
