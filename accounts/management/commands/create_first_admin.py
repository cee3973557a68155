"""Make the first admin of a new installation."""

import json
import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import transaction

from accounts import services
from accounts.models import User
from accounts.roles import ADMIN
from datastream.core import origin


class Command(BaseCommand):
    help = "Make the first admin with a random password, unless there is an admin."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--username", default="admin")
        parser.add_argument("--email", default="admin@localhost.localdomain")

    def handle(self, *args: Any, **options: Any) -> None:
        if User.objects.filter(groups__name=ADMIN).exists():
            return
        path = settings.VAR / "first-admin.json"
        # The file first: a kill in between leaves no admin whose password nobody knows.
        with origin.command("create_first_admin"), transaction.atomic():
            user, password = services.create_first_admin(options["username"], options["email"])
            write_private(path, {"username": user.username, "password": password})
        self.stdout.write(f"First admin: {user.username}, password: {password} (kept in {path})")


def write_private(path: Path, content: dict[str, str]) -> None:
    """Write a file that nobody else may read, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(content, file)
    draft.replace(path)
