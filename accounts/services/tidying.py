"""Deleting what has expired."""

from allauth.usersessions.models import UserSession
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db.models.functions import Now
from oauth2_provider import models

from accounts.models import Login


def tidy() -> None:
    """Delete sign-ins, sessions, codes and tokens that can open nothing any more.

    A used refresh token stays as long as its family could live: so it is known when it comes again.
    """
    Login.objects.filter(expires_at__lt=Now()).delete()
    SessionStore.clear_expired()
    UserSession.objects.exclude(session_key__in=Session.objects.values("session_key")).delete()
    models.clear_expired()
