"""What `serve` does before anything runs."""

import io
import signal
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from datastream.management.commands.serve import Command


@pytest.fixture(autouse=True)
def _own_signals() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_ends_it_also_where_the_interrupt_was_lost(
    number: signal.Signals, monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path
) -> None:
    def prepare(*_: Any, **__: Any) -> None:
        # As in a finalizer, out of which nothing is raised.
        with suppress(KeyboardInterrupt):
            signal.raise_signal(number)

    ran: list[object] = []
    monkeypatch.setattr(Command, "_prepare", prepare)
    monkeypatch.setattr(Command, "_run", lambda *words: ran.append(words))
    settings.VAR = tmp_path
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    said = io.StringIO()
    call_command("serve", port=str(port), stdout=said)
    assert (ran, said.getvalue()) == ([], "Stopped.\n")
