"""The addresses."""

from django.urls import path
from due.views import DueList

urlpatterns = [path("due/", DueList.as_view())]
