"""What accounts announces."""

from django.dispatch import Signal

# user: User. A receiver raises ConflictError where the user still owns something.
user_leaving = Signal()
