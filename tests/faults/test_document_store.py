"""F-06 with a real document store that is killed; only `make test-mongodb` has one."""

import os
import socket
from collections.abc import Iterator

import pymongo
import pytest

from tests import mongo
from tests.faults.conftest import folder
from tests.faults.feeding import A_RUN, Feeder
from tests.faults.site import PATIENCE_S, Site
from tests.faults.test_backing import ready
from tests.running import eventually

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif("MONGODB_URL" not in os.environ, reason="run by make test-mongodb"),
]


@pytest.fixture
def store() -> Iterator[mongo.Mongo]:
    """A document store of its own, which is not there yet when the site starts."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with mongo.running(port) as server:
        server.kill()
        yield server


@pytest.fixture
def with_store(store: mongo.Mongo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with Site(folder(tmp_path_factory, "stored"), MONGODB_URL=store.url) as site:
        yield site


def held(site: Site, store: mongo.Mongo) -> tuple[int, int]:
    """How many answers wait beside the points, and how many are in the store."""
    ((waiting,),) = site.ask("SELECT count(*) FROM documents")
    if store.process.poll() is not None:
        return int(waiting), 0
    client: mongo.Client = pymongo.MongoClient(store.url)
    with client:
        return int(waiting), client["datastream"]["documents"].count_documents({})


def test_f_06_raw_answers_arrive_when_their_store_is_there_again(
    with_store: Site, store: mongo.Mongo
) -> None:
    site = with_store
    # It starts and collects without it.
    feeder = Feeder(site, "Stored", stations=A_RUN)
    assert feeder.finish()
    assert held(site, store) == (A_RUN, 0)
    assert ready(site.server.url)[1]["checks"]["documents"]["status"] == "failed"

    # There at the next start, it is set up and gets what waited.
    store.start()
    site.kill_everything()
    assert eventually(lambda: held(site, store) == (0, A_RUN), PATIENCE_S)
    # Its worker may be back before the web server is.
    assert eventually(site.is_ready, PATIENCE_S)
    assert eventually(lambda: ready(site.server.url)[1]["status"] == "ok", PATIENCE_S)

    # Killed meanwhile, it holds no point up, and gets the rest without a hand.
    store.kill()
    feeder.stations = 2 * A_RUN
    assert feeder.finish()
    assert held(site, store) == (A_RUN, 0)
    assert ready(site.server.url)[1]["status"] == "degraded"
    store.start()
    assert eventually(lambda: held(site, store) == (0, 2 * A_RUN), PATIENCE_S)
