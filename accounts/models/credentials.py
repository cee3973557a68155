"""What people sign in with, beside their password: sign-ins through the API, and keys."""

import uuid
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from accounts.models.people import User


class Login(models.Model):
    """One sign-in through the API: its refresh token is renewed, its access tokens name it.

    Only the newest refresh token is good. An older one presented again ends the whole sign-in.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="logins")
    refresh_id = models.CharField(max_length=64)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "logins"
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["expires_at"], name="login_expires"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} since {self.created_at}"


class ApiKey(models.Model):
    """A key of a user for programs: `dsk_<public id>_<secret and checksum>`.

    Of the secret only a keyed hash is stored; `hash_key` names the key that it was made with.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=100)
    public_id = models.CharField(max_length=16, unique=True, editable=False)
    secret_hash = models.CharField(max_length=64, editable=False)
    hash_key = models.CharField(max_length=16, editable=False)
    scopes = ArrayField(models.CharField(max_length=20))
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    expires_at = models.DateTimeField()
    # True to a minute.
    last_used_at = models.DateTimeField(null=True, editable=False)
    revoked_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        db_table = "api_keys"
        ordering = ("-created_at",)
        verbose_name = "API key"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=~Q(name=""), name="key_has_a_name"),
            models.CheckConstraint(condition=Q(scopes__len__gt=0), name="key_has_a_scope"),
        ]

    def __str__(self) -> str:
        return self.name
