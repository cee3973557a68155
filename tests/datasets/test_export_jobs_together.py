"""Exports of which several threads know, with commits that are real."""

import threading
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from datasets.models import Export
from datasets.services import exports
from datastream.core import leases
from tests.datasets.exporting import ask
from tests.factories import days, make_dataset, write
from tests.running import eventually


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.EXPORTS = tmp_path / "exports"
    return tmp_path / "exports"


def test_of_two_that_ask_at_once_there_is_one_export(committed_db: None):
    dataset = make_dataset()
    write(dataset, days(3))
    together, made = threading.Barrier(4), []

    def work() -> None:
        try:
            together.wait(60)
            made.append(ask(dataset).pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(made) == 4
    assert len(set(made)) == 1


@pytest.mark.slow
def test_the_progress_is_told_on_the_way(committed_db: None, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(exports, "TOLD_S", 0.05)
    dataset = make_dataset()
    write(dataset, days(3))
    # Its task has run at once, as all do in tests.
    export = ask(dataset)
    Export.objects.filter(pk=export.pk).update(status="queued", progress=0)
    running = leases.take(Export.objects.all(), export.pk)
    assert running is not None
    progress = exports.Progress(expected_bytes=100, written_bytes=50)
    with exports._told(running, progress):

        def is_told() -> bool:
            running.refresh_from_db()
            return running.progress == 0.5

        assert eventually(is_told, every_s=0.02)
