"""One more worker, on this or another machine."""

from typing import Any

from django.core.management.base import BaseCommand

from datastream.management.commands.serve import workers
from datastream.supervisor import Supervisor


class Command(BaseCommand):
    help = "Run one more worker until Ctrl-C: for runs of feeds, for analyses, and for all else."
    requires_system_checks: list[str] = []

    def handle(self, *_args: Any, **_options: Any) -> None:
        Supervisor(workers(), say=self._say, watch=lambda: None).run()

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
