"""The tests of the promises are shown to fail where a rule is broken on purpose."""

import importlib
import json
import os
import pkgutil
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

import pytest

from tests.running import PROJECT, Server
from tests.security import faults
from tests.security.faults import FAULTS, Fault

for _module in pkgutil.iter_modules(faults.__path__):
    importlib.import_module(f"{faults.__name__}.{_module.name}")

HERE = Path(__file__).parent
PROMISES = [f"test_a_{n:02}" for n in range(1, 11)] + [f"test_k_{n:02}" for n in range(1, 16)]
FAILED = re.compile(r"^FAILED (\S+::\S+(?: [^-\s]\S*)*)", re.MULTILINE)
FAULTY = {"DJANGO_SETTINGS_MODULE": "tests.security.faulty.settings"}
# Each runs one proof after the other; more would only wait for the machine.
SERVERS = 2
PROOF_S = 1200


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the tests of a promise said while its rule was broken."""

    code: int
    failed: list[str]
    output: str


def test_every_promise_has_a_test_and_a_fault() -> None:
    texts = "".join(path.read_text() for path in HERE.glob("test_*.py"))
    tested = {name for name in PROMISES if re.search(rf"def {name}_\w", texts)}
    broken = {one.proof for one in FAULTS.values()}
    assert (set(PROMISES) - tested, set(PROMISES) - broken) == (set(), set())


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Path]]:
    """Addresses of servers whose rules can be broken one at a time."""
    started = [
        Server(tmp_path_factory.mktemp(f"faulty{n}") / "var", "--no-samples", **FAULTY)
        for n in range(SERVERS)
    ]
    addresses = []
    try:
        for server in started:
            server.wait()
            address = server.folder / "address.json"
            address.write_text(json.dumps({"port": server.port, "var": str(server.var)}))
            addresses.append(address)
        yield addresses
    finally:
        for server in started:
            server.stop()


def run(address: Path, *options: str) -> Verdict:
    """Run tests of the promises against a server that runs already."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "--tb=line", "-rf"]
    done = subprocess.run(
        [*command, *options],
        cwd=PROJECT,
        env={**os.environ, "SECURITY_SERVER": str(address)},
        capture_output=True,
        text=True,
        timeout=PROOF_S,
        check=False,
    )
    return Verdict(done.returncode, FAILED.findall(done.stdout), done.stdout[-3000:])


def files_with(beginning: str) -> list[str]:
    """Where there are tests whose names begin so."""
    files = sorted(HERE.glob("test_*.py"))
    return [str(path) for path in files if f"def {beginning}_" in path.read_text()]


def proof(address: Path, one: Fault) -> Verdict:
    """What the tests of a promise say while its rule is broken; it is mended again."""
    switch = Path(json.loads(address.read_text())["var"]) / "faults"
    switch.write_text(one.name)
    try:
        return run(address, *files_with(one.proof), "-x", "-k", f"{one.proof}_")
    finally:
        switch.unlink()


def is_noticed(verdict: Verdict, one: Fault) -> bool:
    """Whether a test of the promise has failed, and nothing else went wrong."""
    names = [failed.rpartition("::")[2] for failed in verdict.failed]
    return verdict.code == 1 and len(names) == 1 and names[0].startswith(f"{one.proof}_")


@pytest.fixture(scope="module")
def verdicts(request: pytest.FixtureRequest, servers: list[Path]) -> dict[str, Verdict]:
    """What the tests said about each fault, tried on as many servers as there are at once."""
    names = {one.name for one in request.session.items}
    asked = [name for name in FAULTS if f"test_a_broken_rule_is_noticed[{name}]" in names]
    free: SimpleQueue[Path] = SimpleQueue()
    for address in servers:
        free.put(address)

    def judged(one: Fault) -> Verdict:
        address = free.get()
        try:
            verdict = proof(address, one)
            # Once more, as every test may be tried: a test that fails runs a second time.
            return verdict if is_noticed(verdict, one) else proof(address, one)
        finally:
            free.put(address)

    with ThreadPoolExecutor(SERVERS) as threads:
        found = threads.map(judged, [FAULTS[name] for name in asked])
        return dict(zip(asked, found, strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("name", FAULTS)
def test_a_broken_rule_is_noticed(name: str, verdicts: dict[str, Verdict]) -> None:
    verdict, one = verdicts[name], FAULTS[name]
    assert is_noticed(verdict, one), f"{one.says}\n{verdict.code}\n{verdict.output}"


@pytest.mark.slow
def test_what_failed_passes_where_no_rule_is_broken(
    servers: list[Path], verdicts: dict[str, Verdict]
) -> None:
    failed = sorted({name for one in verdicts.values() for name in one.failed})
    assert failed
    parts = [part for n in range(SERVERS) if (part := failed[n::SERVERS])]
    with ThreadPoolExecutor(SERVERS) as threads:
        for verdict in threads.map(lambda address, part: run(address, *part), servers, parts):
            assert verdict.code == 0, verdict.output
