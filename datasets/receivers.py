"""What datasets does on announcements from below."""

from typing import Any

from django.dispatch import receiver

from accounts.models import User
from accounts.signals import user_leaving
from datasets.models import Dataset
from datastream.core.errors import ConflictError


@receiver(user_leaving)
def keep_owners(sender: type[User], user: User, **kwargs: Any) -> None:
    count = Dataset.objects.filter(owner=user).count()
    if count:
        raise ConflictError(
            f"The user owns {count} datasets; hand them over or delete them first.",
            details={"datasets": count},
        )
