"""What somebody is signed in with through the API."""

from django.db.models import QuerySet
from django.db.models.functions import Now

from accounts.models import Login, User


def open_logins_of(user: User) -> QuerySet[Login]:
    """The sign-ins that go on, newest first."""
    logins = Login.objects.filter(user=user, ended_at__isnull=True, expires_at__gt=Now())
    return logins.order_by("-created_at")
