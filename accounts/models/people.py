"""People, and which roles they have."""

import uuid
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, Group, PermissionsMixin
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Lower, Now
from django.utils.functional import cached_property

from accounts.roles import ADMIN

# No "@", so that a user name is never taken for an e-mail address.
username_validator = RegexValidator(r"\A[\w.+-]+\Z", "Use letters, digits and . + - _ only.")


DEFAULT_WORKSPACE = 1


class Workspace(models.Model):
    """Whom things belong to. There is one now; datasets, feeds, pictures and roles carry it."""

    name = models.CharField(max_length=100, unique=True)

    class Meta:
        db_table = "workspaces"

    def __str__(self) -> str:
        return self.name


class UserManager(BaseUserManager["User"]):
    def create_superuser(self, username: str, email: str, password: str, **more: Any) -> "User":
        user = self.model(username=username, email=email, is_superuser=True, **more)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractBaseUser, PermissionsMixin):
    """Somebody who signs in. Roles are the groups `viewer`, `analyst`, `steward`, `admin`."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    username = models.CharField(max_length=50, validators=[username_validator])
    email = models.EmailField(max_length=254)
    is_active = models.BooleanField(default=True)
    groups = models.ManyToManyField(  # type: ignore[assignment]  # with the workspace
        Group,
        through="Membership",
        related_name="user_set",
        related_query_name="user",
        verbose_name="roles",
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    # What the user's roles may do, where it was fetched with the user.
    granted: list[str] | None = None

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["email"]
    objects: ClassVar[UserManager] = UserManager()

    class Meta:
        db_table = "users"
        ordering = ("username",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                Lower("username"),
                name="username_once",
                violation_error_message="This user name is taken.",
            ),
            models.UniqueConstraint(
                Lower("email"),
                name="email_once",
                violation_error_message="This e-mail address is taken.",
            ),
        ]

    def __str__(self) -> str:
        return self.username

    @cached_property
    def roles(self) -> list[str]:
        """The names of the user's groups; one query, none where they were prefetched."""
        return sorted(group.name for group in self.groups.all())

    @property
    def is_admin(self) -> bool:
        return self.is_active and (self.is_superuser or ADMIN in self.roles)

    @property
    def is_staff(self) -> bool:
        """Who may enter the admin site; the framework asks for this name."""
        return self.is_admin

    def get_full_name(self) -> str:
        return self.username


class Membership(models.Model):
    """A user has a role in a workspace."""

    user = models.ForeignKey(User, on_delete=models.CASCADE)
    group = models.ForeignKey(Group, on_delete=models.CASCADE, verbose_name="role")
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, default=DEFAULT_WORKSPACE)

    class Meta:
        db_table = "memberships"
        verbose_name = "role"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint("user", "group", "workspace", name="role_once_a_workspace"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} is {self.group_id}"
