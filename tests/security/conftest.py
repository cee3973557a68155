"""A running server to be attacked, and people with every role on it."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.running import Server
from tests.security.asking import Described, operations
from tests.security.oauth2_flow import App, Browser, proof, register
from tests.security.people import PASSWORD, Attached, People, Person, make_person
from tests.security.world import World, build

__all__ = ["PASSWORD", "People", "Person"]
# Where another run has a server already: a file with its port and folder.
RUNNING = "SECURITY_SERVER"


@pytest.fixture(scope="session", autouse=True)
def _with_the_same_faults() -> Iterator[None]:
    """Give servers that tests start by themselves the fault of the one that runs already."""
    if RUNNING not in os.environ:
        yield
        return
    switch = Path(json.loads(Path(os.environ[RUNNING]).read_text())["var"]) / "faults"
    start = Server.__init__

    def start_with_fault(self: Server, var: Path, *options: str, **settings: str) -> None:
        settings.setdefault("DJANGO_SETTINGS_MODULE", "tests.security.faulty.settings")
        if switch.exists():
            var.mkdir(mode=0o700, parents=True, exist_ok=True)
            (var / "faults").write_text(switch.read_text())
        start(self, var, *options, **settings)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Server, "__init__", start_with_fault)
        yield


@pytest.fixture(scope="session")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server of these tests, with the real settings but for how long access lives."""
    if RUNNING in os.environ:
        yield Attached(json.loads(Path(os.environ[RUNNING]).read_text()))
        return
    var = tmp_path_factory.mktemp("guarded") / "var"
    with Server(var, "--no-samples") as server:
        yield server


@pytest.fixture(scope="session")
def guarded_admin(guarded: Server) -> Person:
    """The first admin."""
    session = guarded.admin()
    me = session.get(f"{guarded.api}/users/me").json()
    return Person(guarded, me["id"], **guarded.first_admin(), session=session)


@pytest.fixture(scope="session")
def somebody(guarded: Server, guarded_admin: Person) -> People:
    """Make a new user with a role, signed in."""

    def make(role: str) -> Person:
        person = make_person(guarded_admin, role)
        person.session = guarded.signed_in(person.username, person.password)
        return person

    return make


@pytest.fixture(scope="session")
def world(guarded: Server, somebody: People) -> World:
    """People with every right, and datasets of every visibility; nothing of it is taken away."""
    return build(guarded, somebody)


@pytest.fixture(scope="module")
def user(somebody: People) -> Person:
    """Somebody who lets applications in."""
    return somebody("analyst")


@pytest.fixture(scope="module")
def browser(user: Person) -> Browser:
    return Browser(user)


@pytest.fixture(scope="module")
def app_owner(somebody: People) -> Person:
    """Whose applications these are."""
    return somebody("steward")


@pytest.fixture
def app(app_owner: Person) -> App:
    return register(app_owner)


@pytest.fixture
def code(app: App, browser: Browser) -> tuple[str, str]:
    """A code that has just been given, and its verifier."""
    verifier, challenge = proof()
    return browser.allow(app.asking(challenge)), verifier


@pytest.fixture(scope="session")
def described(guarded: Server) -> dict[str, Described]:
    """What the running server says that it can do."""
    return operations(requests.get(f"{guarded.url}/api/schema", timeout=60).json())
