"""`make run` as a user meets it: what it starts, what Ctrl-C and kill -9 leave, what it refuses."""

import os
import signal
import socket
from pathlib import Path

import pytest

from tests.acceptance.installation import Installation
from tests.running import eventually, started_at

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc").exists(), reason="processes are found by /proc"),
]


def test_one_command_serves_the_site_and_ctrl_c_ends_all_of_it(installation: Installation) -> None:
    with installation.start() as serve:
        assert eventually(installation.is_ready), installation.output.read_text()
        assert installation.status("/health/live") == 200
        assert eventually(lambda: "Ctrl-C ends" in installation.output.read_text())
        running = " ".join(installation.processes().values())
        assert all(program in running for program in ("gunicorn", "celery", "postgres"))

        serve.send_signal(signal.SIGINT)
        assert serve.wait(timeout=60) == 0
    assert installation.processes() == {}
    assert installation.output.read_text().rstrip().endswith("Stopped.")


def test_kill_9_leaves_no_server_behind_and_the_next_run_starts(
    installation: Installation,
) -> None:
    with installation.start() as serve:
        assert eventually(installation.is_ready), installation.output.read_text()
        serve.kill()

    def only_the_database_is_left() -> bool:
        return all("postgres" in command for command in installation.processes().values())

    assert eventually(only_the_database_is_left, 60), installation.processes()
    installation.kill_everything()
    with installation.start() as serve:
        assert eventually(installation.is_ready), installation.output.read_text()
        serve.terminate()
        assert serve.wait(timeout=60) == 0
    assert installation.processes() == {}


def test_a_web_server_that_dies_is_started_again(installation: Installation) -> None:
    with installation.start() as serve:
        assert eventually(installation.is_ready), installation.output.read_text()
        web = [p for p, command in installation.processes().items() if "gunicorn" in command]
        first = min(web, key=started_at)
        os.kill(first, signal.SIGKILL)
        assert eventually(lambda: "web server ended (SIGKILL)" in installation.output.read_text())
        assert eventually(installation.is_ready)

        # A second run of the same folder says so instead of taking the first one's place.
        with installation.start() as second:
            assert second.wait(timeout=60) == 1
        assert "It already runs here" in installation.output.read_text()
        assert installation.is_ready()
        serve.terminate()
        assert serve.wait(timeout=60) == 0


def test_a_port_in_use_is_said_before_anything_is_started(installation: Installation) -> None:
    with socket.create_server(("127.0.0.1", installation.port)), installation.start() as serve:
        assert serve.wait(timeout=60) == 1
    said = installation.output.read_text()
    assert f"Port {installation.port} is in use; stop what uses it, or choose another" in said
    assert not (installation.var / "postgres").exists()
