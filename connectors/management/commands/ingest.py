"""`manage.py ingest sample | file PATH | PROVIDER`: collect, and say what became of it."""

import hashlib
import json
import sys
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from accounts.models import User
from accounts.roles import ADMIN
from connectors import loading, services
from connectors.models import Run
from connectors.registry import connectors
from connectors.samples import SAMPLES
from datasets import ingest
from datastream.core import origin
from datastream.core.errors import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
    PlatformError,
)
from datastream.core.models import Status

DONE, FAILED, WRONG_USE, PARTLY = 0, 1, 2, 6
COUNTS = ("received", "inserted", "updated", "unchanged", "skipped", "rejected", "revision")


class Command(BaseCommand):
    help = (
        "Collect observations. Exit code 0: done, 1: failed, 2: wrong use, 6: partly "
        "(some rows were rejected, or a run ended early)."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        kinds = parser.add_subparsers(dest="what", required=True)
        sample = kinds.add_parser("sample", help="real series that come with the platform")
        sample.set_defaults(do=self.samples)
        self._file_arguments(kinds.add_parser("file", help="CSV, JSON, NDJSON, Parquet, Arrow"))
        for connector in connectors:
            self._provider_arguments(kinds.add_parser(connector.name, help=connector.title))
        for one in kinds.choices.values():
            one.add_argument("--json", action="store_true", help="print the receipt as JSON")
            one.add_argument("--owner", help="user name of the owner; the first admin if not given")

    def _file_arguments(self, parser: ArgumentParser) -> None:
        parser.set_defaults(do=self.file)
        parser.add_argument("path", type=Path)
        parser.add_argument("--dataset", required=True, help="id or name")
        parser.add_argument("--timezone", help="IANA zone of times without an offset")
        parser.add_argument("--on-conflict", choices=["update", "skip", "error"], default="update")
        parser.add_argument("--on-invalid", choices=["reject", "skip"], default="reject")

    def _provider_arguments(self, parser: ArgumentParser) -> None:
        parser.set_defaults(do=self.provider)
        parser.add_argument("--station", action="append", required=True, help="repeatable")
        parser.add_argument("--start", required=True, help="first day, YYYY-MM-DD")
        parser.add_argument("--end", required=True, help="last day, YYYY-MM-DD, this day included")
        parser.add_argument("--variables", help="names between commas; all if not given")
        parser.add_argument("--product", default="", help="the default product if not given")
        parser.add_argument("--dataset", help="name of the dataset it goes to")

    def handle(self, *args: Any, do: Callable[..., int], **options: Any) -> None:
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

    def file(
        self, *, path: Path, dataset: str, owner: str | None, json: bool, **options: Any
    ) -> int:
        target = loading.dataset_named(dataset)
        with self._bar(None, path.name, unit="B") as bar:
            bar.total = path.stat().st_size if path.is_file() else None
            outcome = loading.load_file(
                path,
                target,
                timezone=options["timezone"],
                options=ingest.Options(options["on_conflict"], options["on_invalid"]),
                user=self._owner(owner) if owner else None,
                progress=lambda position: bar.update(position - bar.n),
            )
        self._print([{"dataset": str(target.pk), **_counts(outcome)}], as_json=json)
        for one in outcome.errors[:10]:
            self.stderr.write(f"  row {one['row']}, {one['field']}: {one['message']}")
        return PARTLY if outcome.rejected else DONE

    def provider(self, *, what: str, owner: str | None, json: bool, **options: Any) -> int:
        connector = services.connector_named(what)
        parameters = {
            "stations": options["station"],
            "start": options["start"],
            "end": options["end"],
        }
        if options["variables"]:
            parameters["variables"] = options["variables"].split(",")
        product = connector.product(options["product"])
        checked = product.check(parameters)
        title = options["dataset"] or f"{connector.title}: {product.title}"
        target = services.target_of(connector, self._owner(owner), name=title, product=product.name)
        feed = services.make_feed(
            target,
            connector,
            name=f"{what} {product.name} {_together(checked['stations'])}",
            product=product.name,
            parameters=parameters,
        )
        return self._run(services.start_run(feed), as_json=json)

    def _run(self, run: Run, *, as_json: bool) -> int:
        with self._bar(None, run.feed.name, unit="request") as bar:

            def progress(done: int, planned: int) -> None:
                bar.total = planned
                bar.update(done - bar.n)

            finished = services.execute_run(run.pk, progress)
        if finished is None:
            raise ConflictError("A worker has taken this run; see it in the admin.")
        dataset = finished.feed.dataset
        dataset.refresh_from_db()
        counts = {name: getattr(finished, name) for name in COUNTS if hasattr(finished, name)}
        receipt = {"run": str(finished.pk), "status": finished.status, "dataset": str(dataset.pk)}
        self._print([{**receipt, **counts, "revision": dataset.revision}], as_json=as_json)
        if finished.status == Status.SUCCEEDED and not finished.received:
            self.stderr.write("The provider has nothing for these stations and days.")
        if finished.error:
            self.stderr.write(f"{finished.error['code']}: {finished.error['message']}")
        return {Status.SUCCEEDED: DONE, Status.PARTIAL: PARTLY}.get(Status(finished.status), FAILED)

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

    def _print(self, receipts: list[dict[str, Any]], *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(receipts[0] if len(receipts) == 1 else receipts))
            return
        for receipt in receipts:
            self.stdout.write(", ".join(f"{name}: {value}" for name, value in receipt.items()))


def _together(stations: list[str]) -> str:
    """Stations as a part of a feed's name; many are told apart by a digest."""
    if len(stations) <= 5:
        return " ".join(stations)
    digest = hashlib.sha256(" ".join(stations).encode()).hexdigest()[:12]
    return f"{stations[0]} and {len(stations) - 1} more, {digest}"


def _counts(outcome: ingest.Outcome | None) -> dict[str, Any]:
    if outcome is None:
        return {"status": "there already"}
    return {**outcome.counts(), "revision": outcome.revision}
