"""`manage.py verify_audit`: walk the chain over the audit log and name the first broken row."""

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from accounts.selectors import chain as selectors
from accounts.selectors.chain import Chain

BROKEN = 1


class Command(BaseCommand):
    help = (
        "Check the chain of hashes over the audit log. Exit code 0: it holds, 1: it is broken, "
        "and the first broken row is named."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print what was found as JSON")
        parser.add_argument(
            "--expect-position", type=int, help="a position that was noted elsewhere before"
        )
        parser.add_argument("--expect-hash", help="the hash that was noted with it, in hex")

    def handle(self, *args: Any, **options: Any) -> None:
        expected = _expected(options["expect_position"], options["expect_hash"])
        with tqdm(
            total=selectors.count(),
            desc="Verifying",
            unit=" seals",
            disable=not sys.stderr.isatty(),
            leave=False,
        ) as bar:
            chain = selectors.verify(bar.update)
        if expected and chain.broken is None:
            chain.broken = selectors.expect(*expected)
        self._say(chain, as_json=options["json"])
        if chain.broken:
            sys.exit(BROKEN)

    def _say(self, chain: Chain, *, as_json: bool) -> None:
        told = _told(chain)
        if as_json:
            self.stdout.write(json.dumps(told))
            return
        if chain.broken:
            where = [f"position {chain.broken.position}"] if chain.broken.position else []
            where += [f"event {chain.broken.event}"] if chain.broken.event else []
            self.stdout.write(f"BROKEN at {', '.join(where)}: {chain.broken.what}.")
            self.stdout.write(f"The chain holds up to position {chain.position}.")
        else:
            self.stdout.write(f"The chain holds: {chain.position} events are sealed.")
        self.stdout.write(f"position: {chain.position}, hash: {chain.hash.hex()}")
        if chain.unsealed:
            age = f"the oldest for {chain.oldest_unsealed_s:.0f} s"
            self.stdout.write(f"{chain.unsealed} events wait to be sealed, {age}.")


def _expected(position: int | None, text: str | None) -> tuple[int, bytes] | None:
    if position is None and text is None:
        return None
    if position is None or text is None:
        raise CommandError("Give --expect-position and --expect-hash together.", returncode=2)
    try:
        return position, bytes.fromhex(text)
    except ValueError as error:
        raise CommandError("--expect-hash is not in hex.", returncode=2) from error


def _told(chain: Chain) -> dict[str, Any]:
    broken = chain.broken and {
        "what": chain.broken.what,
        "position": chain.broken.position,
        "event": chain.broken.event,
    }
    return {
        "intact": chain.broken is None,
        "position": chain.position,
        "hash": chain.hash.hex(),
        "unsealed": chain.unsealed,
        "oldest_unsealed_s": round(chain.oldest_unsealed_s, 1),
        "broken": broken,
    }
