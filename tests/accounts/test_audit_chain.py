"""The chain over the audit log: laid in order, and broken by whatever is done to it."""

import io
import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from accounts.models import AuditEvent, AuditSeal
from accounts.selectors import chain
from accounts.services import audit, seals
from accounts.services.seals import Sealer
from tests.running import eventually
from tests.threads import at_once

# ruff: noqa: S608 - all that stands in the statements is the tests' own

YESTERDAY = "now() - interval '1 day'"


@pytest.fixture
def sealed(db: None) -> list[int]:
    """Nine sealed events; their ids."""
    for number in range(9):
        audit.record("tested", of=("thing", number), number=number)
    Sealer().seal()
    assert chain.verify().broken is None
    return list(AuditSeal.objects.values_list("event_id", flat=True))


def tamper(*statements: str) -> None:
    """What only the owner of the tables can do, and must do on purpose."""
    with connection.cursor() as cursor:
        for table in ("audit_events", "audit_seals"):
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {table}_are_kept")
        for statement in statements:
            cursor.execute(statement)


def broken() -> tuple[str, int | None, int | None]:
    found = chain.verify().broken
    assert found is not None
    return found.what, found.position, found.event


def test_each_event_is_sealed_once_in_the_order_of_ids(sealed: list[int]) -> None:
    assert sealed == sorted(AuditEvent.objects.values_list("pk", flat=True))
    assert list(AuditSeal.objects.values_list("position", flat=True)) == list(range(1, 10))


def test_a_changed_event_is_named(sealed: list[int]) -> None:
    tamper(f"UPDATE audit_events SET user_id = gen_random_uuid() WHERE id = {sealed[4]}")
    assert broken() == ("the event was changed", 5, sealed[4])


@pytest.mark.parametrize(
    "column",
    ["at = at + interval '1 us'", "credential = 'x'", "credential_id = 'x'", "action = 'x'",
     "object_type = 'x'", "object_id = 'x'", "outcome = 'denied'", "address = '::1'",
     "request_id = 'x'", "details = '{}'"],
)  # fmt: skip
def test_no_column_can_be_changed_unseen(sealed: list[int], column: str) -> None:
    tamper(f"UPDATE audit_events SET {column} WHERE id = {sealed[7]}")
    assert broken() == ("the event was changed", 8, sealed[7])


def test_an_event_that_is_gone_is_named(sealed: list[int]) -> None:
    tamper(f"DELETE FROM audit_events WHERE id = {sealed[2]}")
    assert broken() == ("the event is missing", 3, sealed[2])


def test_a_seal_that_is_gone_is_named(sealed: list[int]) -> None:
    tamper(f"DELETE FROM audit_events WHERE id = {sealed[2]}",
           f"DELETE FROM audit_seals WHERE event_id = {sealed[2]}")  # fmt: skip
    assert broken() == ("a seal is missing", 3, None)


def test_a_seal_that_was_changed_is_named(sealed: list[int]) -> None:
    tamper("UPDATE audit_seals SET hash = sha256('x') WHERE position = 6")
    assert broken() == ("the seal does not fit its event", 6, sealed[5])


def test_an_event_changed_with_its_own_seal_breaks_the_next(sealed: list[int]) -> None:
    tamper(f"UPDATE audit_events SET action = 'x' WHERE id = {sealed[3]}")
    with connection.cursor() as cursor:
        cursor.execute("SELECT hash FROM audit_seals WHERE position = 3")
        before = bytes(cursor.fetchone()[0])
        cursor.execute(f"SELECT {chain.COLUMNS} FROM audit_events e WHERE id = {sealed[3]}")
        made_anew = chain.digest(before, cursor.fetchone()).hex()
    tamper(f"UPDATE audit_seals SET hash = '\\x{made_anew}' WHERE position = 4")
    assert broken()[1:] == (5, sealed[4])


def test_events_that_changed_places_are_named(sealed: list[int]) -> None:
    one, other = sealed[1], sealed[6]
    tamper(f"UPDATE audit_events SET id = -1 WHERE id = {one}",
           f"UPDATE audit_events SET id = {one} WHERE id = {other}",
           f"UPDATE audit_events SET id = {other} WHERE id = -1")  # fmt: skip
    assert broken() == ("the event was changed", 2, one)


def test_an_event_slipped_in_is_named_before_and_after_it_is_sealed(sealed: list[int]) -> None:
    # An id that no event has: something was undone.
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('audit_events', 'id'))")
        (free,) = cursor.fetchone()
    audit.record("tested")
    Sealer().seal()
    tamper(f"INSERT INTO audit_events (id, at, credential, credential_id, action, object_type, "
           f"object_id, outcome, request_id, details) VALUES "
           f"({free}, {YESTERDAY}, '', '', 'x', '', '', 'done', '', '{{}}')")  # fmt: skip
    assert broken() == ("the event was inserted later", None, free)
    Sealer().seal()
    assert broken() == ("the event was inserted later", 11, free)


# ------------------------------------------------------------------ the command


def verified(*options: str) -> tuple[int, Any]:
    said = io.StringIO()
    try:
        call_command("verify_audit", "--json", *options, stdout=said)
    except SystemExit as ended:
        return int(str(ended.code)), json.loads(said.getvalue())
    return 0, json.loads(said.getvalue())


def test_the_command_tells_the_newest_seal_and_what_waits(sealed: list[int]) -> None:
    audit.record("tested")
    code, told = verified()
    newest = AuditSeal.objects.get(position=9)
    assert (code, told["intact"], told["position"]) == (0, True, 9)
    assert told["hash"] == bytes(newest.hash).hex()
    assert told["unsealed"] == 1
    assert 0 <= told["oldest_unsealed_s"] < 60


def test_the_command_names_the_first_broken_row_and_fails(sealed: list[int]) -> None:
    tamper(f"UPDATE audit_events SET action = 'x' WHERE id IN ({sealed[3]}, {sealed[6]})")
    code, told = verified()
    assert code == 1
    assert told["broken"] == {"what": "the event was changed", "position": 4, "event": sealed[3]}
    said = io.StringIO()
    with pytest.raises(SystemExit):
        call_command("verify_audit", stdout=said)
    assert f"BROKEN at position 4, event {sealed[3]}: the event was changed." in said.getvalue()


def test_a_chain_cut_at_its_end_is_seen_only_from_outside(sealed: list[int]) -> None:
    _, before = verified()
    kept = ["--expect-position", str(before["position"]), "--expect-hash", before["hash"]]
    assert verified(*kept)[0] == 0
    tamper("DELETE FROM audit_seals WHERE position > 7",
           f"DELETE FROM audit_events WHERE id > {sealed[6]}")  # fmt: skip
    assert verified()[0] == 0
    code, told = verified(*kept)
    assert (code, told["broken"]["what"]) == (1, "the chain ends before the expected position")
    Sealer().seal()
    for _ in range(2):
        audit.record("another")
    Sealer().seal()
    code, told = verified(*kept)
    assert (code, told["broken"]["what"]) == (1, "another hash stands at the expected position")


def test_an_empty_log_holds(db: None) -> None:
    assert verified() == (
        0,
        {"intact": True, "position": 0, "hash": "00" * 32, "unsealed": 0,
         "oldest_unsealed_s": 0.0, "broken": None},
    )  # fmt: skip


# ------------------------------------------------------------------ the sealer


def test_batches_make_one_chain(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seals, "BATCH", 4)
    monkeypatch.setattr(chain, "BATCH", 3)
    for number in range(10):
        audit.record("tested", number=number)
    assert Sealer().seal() == 10
    found = chain.verify()
    assert (found.position, found.broken) == (10, None)


def test_two_sealers_at_once_make_one_chain(committed_db: None) -> None:
    for number in range(200):
        audit.record("tested", number=number)
    sealed = at_once(Sealer().seal, Sealer().seal, Sealer().seal)
    assert sum(sealed) == 200
    assert chain.verify().position == 200


@contextmanager
def slow_upload() -> Iterator[None]:
    """An event is written by somebody else, and committed only when the block ends."""
    begun, end = threading.Event(), threading.Event()

    def upload() -> None:
        with closing(connection), transaction.atomic():
            audit.record("slow")
            begun.set()
            assert end.wait(20)

    with ThreadPoolExecutor(1) as pool:
        uploaded = pool.submit(upload)
        try:
            assert begun.wait(20)
            yield
        finally:
            end.set()
        uploaded.result()


def test_a_slow_transaction_holds_nobody_up_and_is_sealed_later(
    committed_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seals, "MARGIN_S", 0.0)
    with slow_upload():
        sealer = Sealer()
        for _ in range(5):
            audit.record("quick")
            assert sealer.seal() == 1
        slow = AuditEvent.objects.order_by("pk").first()
        assert slow is not None
        assert slow.action == "quick"
        # However often it looks, it does not give up what is not committed.
        assert sealer.settled < slow.pk
    assert sealer.seal() == 1
    assert AuditSeal.objects.get(position=6).event_id == AuditEvent.objects.get(action="slow").pk
    assert chain.verify().broken is None


def test_a_sealer_looks_no_further_back_than_anybody_can_write(
    committed_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seals, "MARGIN_S", 0.0)
    sealer = Sealer()
    for _ in range(4):
        audit.record("tested")
        sealer.seal()
    newest = AuditEvent.objects.latest("pk").pk
    # Not at once: other tests beside this one have transactions in the same server.
    assert eventually(lambda: sealer.seal() == 0 and sealer.settled == newest, every_s=0.01)


def test_what_is_far_back_is_looked_at_now_and_then(
    committed_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seals, "FAR", 0)
    with slow_upload():
        sealer = Sealer()
        audit.record("quick")
        assert sealer.seal() == 1
    audit.record("quick")
    # Only what is new, until it is time to look at all.
    assert sealer.seal() == 1
    assert sealer.seal() == 0
    monkeypatch.setattr(seals, "FAR_EVERY_S", 0.0)
    assert sealer.seal() == 1
    assert AuditSeal.objects.count() == AuditEvent.objects.count() == 3


@pytest.mark.slow
def test_a_pass_with_nothing_to_do_is_quick(committed_db: None) -> None:
    for number in range(3000):
        audit.record("tested", number=number)
    sealer = Sealer()
    sealer.seal()
    spent = []
    for _ in range(20):
        began = time.perf_counter()
        sealer.seal()
        spent.append(time.perf_counter() - began)
    # 2 ms is what it may take on a machine that is not shared.
    assert sorted(spent)[5] < 0.02
