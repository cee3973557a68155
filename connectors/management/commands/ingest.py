"""`manage.py ingest sample | file PATH | PROVIDER | --feed NAME | --all-due`: collect, and tell."""

import json
import sys
from argparse import SUPPRESS, ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from accounts.models import User
from accounts.roles import ADMIN
from connectors import loading, services
from connectors.management import parameters, running
from connectors.management.running import DONE, FAILED, PARTLY, WRONG_USE
from connectors.models import Feed, Trigger
from connectors.registry import connectors
from connectors.samples import SAMPLES
from datasets import ingest
from datastream.core import origin
from datastream.core.errors import InvalidInputError, NotFoundError, PlatformError

# Of the whole command; a word before the provider counts as one after it.
FLAGS = {"json": False, "dry_run": False, "refetch": False, "replay_documents": False}


class Command(BaseCommand):
    help = (
        "Collect observations. Exit code 0: done, 1: failed, 2: wrong use, 6: partly "
        "(some rows were rejected, or a run ended early)."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        self._feed_arguments(parser)
        kinds = parser.add_subparsers(dest="what")
        sample = kinds.add_parser("sample", help="real series that come with the platform")
        sample.set_defaults(do=self.samples)
        for connector in connectors:
            provider = kinds.add_parser(connector.name, help=connector.title)
            self._provider_arguments(provider, connector)
        self._file_arguments(kinds.choices["file"])
        for one in (parser, *kinds.choices.values()):
            _flag(one, "--json", "print the receipt as JSON")
        for one in kinds.choices.values():
            one.add_argument("--owner", help="user name of the owner; the first admin if not given")

    def _feed_arguments(self, parser: ArgumentParser) -> None:
        parser.set_defaults(do=self.feeds)
        which = parser.add_mutually_exclusive_group()
        which.add_argument("--feed", help="run this feed now, by its name or id")
        which.add_argument("--all-due", action="store_true", help="run all whose time has come")
        parser.add_argument(
            "--replay-documents",
            action="store_true",
            help="with --feed: read the kept answers again, without asking the provider",
        )
        _flag(parser, "--dry-run", "with --feed: say what it would ask for")
        _flag(parser, "--refetch", "with --feed: ask again for what is known")

    def _file_arguments(self, parser: ArgumentParser) -> None:
        """Beside those of a provider: a path is sent once, without a feed."""
        parser.set_defaults(do=self.file)
        about = "of points, to be sent once to the dataset of this id or name"
        parser.add_argument("path", type=Path, nargs="?", help=about)
        once = parser.add_argument_group("with a path")
        once.add_argument("--on-conflict", choices=["update", "skip", "error"], default="update")
        once.add_argument("--on-invalid", choices=["reject", "skip"], default="reject")

    def _provider_arguments(self, parser: ArgumentParser, connector: Any) -> None:
        parser.set_defaults(do=self.provider)
        names = ", ".join(product.name for product in connector.products)
        parser.add_argument("--product", default="", help=f"one of {names}; the first by default")
        parser.add_argument("--dataset", help="name of the dataset it goes to")
        parser.add_argument("--name", help="name of the feed; made of what it asks for by default")
        parser.add_argument("--credential", help="label of a key that is kept for this provider")
        parser.add_argument("--schedule", help="every:6h, or cron:30 6 * * * (UTC); by hand if not")
        parser.add_argument("--param", action="append", help="NAME=VALUE, for any parameter")
        _flag(parser, "--dry-run", "only say what would be asked")
        _flag(parser, "--refetch", "ask again for what is known")
        parameters.add_parameters(parser, connector)

    def handle(self, *args: Any, do: Callable[..., int], **options: Any) -> None:
        options = {**FLAGS, **options}
        with origin.command("ingest"):
            code = self._guarded(do, options)
        if code:
            sys.exit(code)

    def _guarded(self, do: Callable[..., int], options: dict[str, Any]) -> int:
        try:
            return do(**options)
        except (InvalidInputError, NotFoundError) as error:
            self._say(error)
            # Rows that are bad are a failure of the file, not of the command's words.
            return FAILED if "rows" in error.details or error.code == "PARSE_ERROR" else WRONG_USE
        except PlatformError as error:
            self._say(error)
            return FAILED

    def _say(self, error: PlatformError) -> None:
        self.stderr.write(error.message)
        for name, problems in error.details.items():
            if name == "rows":
                for one in problems[:10]:
                    self.stderr.write(f"  row {one['row']}, {one['field']}: {one['message']}")
            elif isinstance(problems, list):
                self.stderr.write(f"  {name}: {' '.join(map(str, problems))}")

    # ------------------------------------------------------------------ what to collect
    def samples(self, *, owner: str | None, json: bool, **_: Any) -> int:
        user = self._owner(owner)
        receipts = []
        for sample in self._bar(SAMPLES, "samples"):
            dataset, outcome = loading.load_sample(sample, user)
            receipts.append({"sample": sample.name, "dataset": str(dataset.pk), **_counts(outcome)})
        self._print(receipts, as_json=json)
        return DONE

    def file(self, *, path: Path | None, **options: Any) -> int:
        if path is None:
            return self.provider(**options)
        if not options["dataset"]:
            raise InvalidInputError.of("dataset", "Say by --dataset where the file goes.")
        if options["dry_run"] or options["refetch"]:
            raise InvalidInputError.of("path", "A file is sent as it is; see `ingest file --help`.")
        return self._send(path, **options)

    def _send(
        self, path: Path, *, dataset: str, owner: str | None, json: bool, **options: Any
    ) -> int:
        target = loading.dataset_named(dataset)
        with self._bar(None, path.name, unit="B") as bar:
            bar.total = path.stat().st_size if path.is_file() else None
            outcome = loading.load_file(
                path,
                target,
                timezone=options[f"{parameters.PREFIX}timezone"],
                options=ingest.Options(options["on_conflict"], options["on_invalid"]),
                user=self._owner(owner) if owner else None,
                progress=lambda position: bar.update(position - bar.n),
            )
        self._print([{"dataset": str(target.pk), **_counts(outcome)}], as_json=json)
        for one in outcome.errors[:10]:
            self.stderr.write(f"  row {one['row']}, {one['field']}: {one['message']}")
        return PARTLY if outcome.rejected else DONE

    def provider(self, *, what: str, owner: str | None, **options: Any) -> int:
        if options["feed"] or options["all_due"]:
            raise InvalidInputError.of("what", "Name a provider, or a feed; not both.")
        connector = services.connector_named(what)
        asked = parameters.given(connector.product(options["product"]), options)
        if options["dry_run"]:
            self._tell(running.described(running.planned(connector, options, asked)), options)
            return DONE
        feed = running.feed_of(connector, self._owner(owner), options, asked)
        return self._run(feed, options)

    def feeds(self, *, feed: str | None, all_due: bool, **options: Any) -> int:
        if all_due:
            return self._all_due(options)
        if not feed:
            raise InvalidInputError.of("what", "Say what to collect; see `ingest --help`.")
        found = running.feed_named(feed)
        if options["dry_run"]:
            self._tell(running.described(services.plan_of(found)), options)
            return DONE
        return self._run(found, options)

    def _all_due(self, options: dict[str, Any]) -> int:
        if options["dry_run"] or options["replay_documents"]:
            raise InvalidInputError.of("all-due", "It runs all that is due, and nothing else.")
        codes = [self._in_turn(*one, options) for one in running.due()]
        if set(codes) <= {None}:
            self.stderr.write("No feed is due.")
        return max(filter(None, codes), default=DONE, key=[PARTLY, WRONG_USE, FAILED].index)

    def _in_turn(self, feed_id: UUID, name: str, options: dict[str, Any]) -> int | None:
        """Run a feed that is due; None where somebody else has taken its turn."""
        try:
            feed = services.take_turn(feed_id)
            return None if feed is None else self._run(feed, options, trigger=Trigger.SCHEDULE)
        except PlatformError as error:
            # The others are due all the same.
            self.stderr.write(f"{name}:")
            self._say(error)
            return FAILED

    # ------------------------------------------------------------------ one run
    def _run(self, feed: Feed, options: dict[str, Any], trigger: str = Trigger.HAND) -> int:
        with self._bar(None, feed.name, unit="request") as bar:

            def progress(done: int, planned: int) -> None:
                bar.total = planned
                bar.update(done - bar.n)

            finished = running.run(
                feed,
                progress,
                trigger=Trigger.REPLAY if options["replay_documents"] else trigger,
                refetches=options["refetch"],
            )
        self._tell(running.receipt(finished), options)
        for sentence in running.remarks(finished):
            self.stderr.write(sentence)
        return running.code(finished)

    # ------------------------------------------------------------------ how it is said
    def _owner(self, username: str | None) -> User:
        if username:
            found = User.objects.filter(username=username).first()
        else:
            found = (
                User.objects.filter(groups__name=ADMIN, is_active=True)
                .order_by("created_at")
                .first()
            )
        if found is None:
            message = f"There is no user {username!r}." if username else (
                "There is no admin yet; run `manage.py create_first_admin` first."
            )  # fmt: skip
            raise CommandError(message, returncode=WRONG_USE)
        return found

    def _bar(self, items: Any, words: str, unit: str = "row") -> Any:
        # Not at a terminal: nothing but the receipt.
        return tqdm(
            items,
            desc=words,
            unit=unit if unit == "B" else f" {unit}s",
            unit_scale=unit == "B",
            disable=not sys.stderr.isatty(),
            leave=False,
        )

    def _tell(self, receipt: dict[str, Any], options: dict[str, Any]) -> None:
        self._print([receipt], as_json=options["json"])

    def _print(self, receipts: list[dict[str, Any]], *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(receipts[0] if len(receipts) == 1 else receipts))
            return
        for receipt in receipts:
            self.stdout.write(", ".join(f"{name}: {value}" for name, value in receipt.items()))


def _flag(parser: ArgumentParser, name: str, about: str) -> None:
    """Left out where it is not given, or the parser of a provider would take it away again."""
    parser.add_argument(name, action="store_true", default=SUPPRESS, help=about)


def _counts(outcome: ingest.Outcome | None) -> dict[str, Any]:
    if outcome is None:
        return {"status": "there already"}
    return {**outcome.counts(), "revision": outcome.revision}
