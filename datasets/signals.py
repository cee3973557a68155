"""What datasets announces, inside the transaction that caused it."""

from django.dispatch import Signal

# dataset_id: UUID, revision: int
revision_committed = Signal()
