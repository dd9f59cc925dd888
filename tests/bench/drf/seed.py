"""Makes a user and a token for each agency, and prints the tokens by agency as JSON. Run after `migrate`."""

import json
import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")
django.setup()

from django.contrib.auth.models import User  # noqa: E402
from due.models import Agency  # noqa: E402
from rest_framework.authtoken.models import Token  # noqa: E402

tokens = {}
for agency_id in Agency.objects.values_list("agency_id", flat=True):
    user, _ = User.objects.get_or_create(username=str(agency_id))
    tokens[str(agency_id)] = Token.objects.get_or_create(user=user)[0].key
print(json.dumps(tokens))  # noqa: T201
