"""One more worker, on this or another machine."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from datastream.management.commands.serve import clock, worker, worker_of_runs
from datastream.supervisor import Supervisor


class Command(BaseCommand):
    help = "Run one more worker until Ctrl-C: two processes, one of them for runs of feeds."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--clock", action="store_true", help="tell when periodic tasks are due; one is enough"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        quick = worker(*(clock(settings.VAR) if options["clock"] else ()))
        Supervisor([quick, worker_of_runs()], say=self._say, watch=lambda: None).run()

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
