"""What datasets does on announcements from below."""

from typing import Any
from uuid import UUID

from django.dispatch import receiver

from accounts.models import User
from accounts.signals import user_leaving
from datasets.models import Dataset
from datasets.services import rollups
from datasets.signals import revision_committed
from datastream.core import jobs
from datastream.core.errors import ConflictError


@receiver(user_leaving)
def keep_owners(sender: type[User], user: User, **kwargs: Any) -> None:
    count = Dataset.objects.filter(owner=user).count()
    if count:
        raise ConflictError(
            f"The user owns {count} datasets; hand them over or delete them first.",
            details={"datasets": count},
        )


@receiver(revision_committed)
def roll_up_later(sender: type[Dataset], dataset_id: UUID, **kwargs: Any) -> None:
    jobs.enqueue(rollups.TASK, dataset_id=str(dataset_id))
