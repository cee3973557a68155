"""Encrypt all secrets in the database anew, with the first of ENCRYPTION_KEYS."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from tqdm import tqdm

from datastream.core import rotation
from datastream.core.encryption import current_key
from datastream.core.rotation import Holder, Progress

SOME_REMAIN = 1


class Command(BaseCommand):
    help = "Encrypt everything that is encrypted with the first key; may be stopped and repeated."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="change nothing; say how much is on other keys"
        )

    def handle(self, *_args: Any, check: bool, **_options: Any) -> None:
        holders = rotation.holders()
        if not check:
            renewed = sum(self._rotate(one, dry_run=False).renewed for one in holders)
            self.stdout.write(f"{renewed} encrypted anew with the key {current_key()}.")
        # Looked at again: a server that still has the old keys may have written meanwhile.
        found = [self._rotate(one, dry_run=True) for one in holders]
        remain = sum(one.renewed + sum(one.unread.values()) for one in found)
        self.stdout.write(f"{remain} remain on other keys.")
        if remain:
            sys.exit(SOME_REMAIN)

    def _rotate(self, holder: Holder, *, dry_run: bool) -> Progress:
        progress, told = Progress(), 0
        bar = tqdm(total=holder.rows().count(), desc=holder.name, unit=" rows", disable=None)
        with bar:
            for progress in rotation.rotate(holder, dry_run=dry_run):
                bar.update(progress.seen - told)
                told = progress.seen
        for key, count in sorted(progress.unread.items() if dry_run else ()):
            why = "were changed" if key == "damaged" else f"need the encryption key {key}"
            self.stderr.write(f"{holder.name}: {count} {why}.")
        return progress
