"""Without a proxy: the server speaks https itself."""

import socket
import ssl
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import pytest
import requests

from tests.security.production.conftest import Admin, Production

pytestmark = pytest.mark.slow


def test_it_speaks_https_itself(encrypted: Production, first_admin: Admin):
    session = requests.Session()
    # Else a certificate that the surroundings name takes the place of this one.
    session.trust_env, session.verify = False, encrypted.verify
    session.headers.update(first_admin.bearer)
    # Several on one connection, small and large, both ways.
    made = session.post(f"{encrypted.api}/datasets", json={"name": "Over TLS"}, timeout=60)
    assert made.status_code == 201, made.text
    data = f"{encrypted.api}/datasets/{made.json()['id']}/data"
    rows = "\n".join(
        f"{2000 + n // 300:04}-01-01T00:00:{n % 60:02}.{n:06}Z,{n}" for n in range(60_000)
    )
    sent = session.post(
        data, data=f"timestamp,T\n{rows}\n", headers={"Content-Type": "text/csv"}, timeout=60
    )
    assert sent.status_code == 200, sent.text[:500]
    assert sent.json()["inserted"] == 60_000
    read = session.get(f"{data}?format=csv", timeout=60)
    assert len(read.text.splitlines()) == 60_001
    assert session.get(f"{encrypted.api}/users/me", timeout=60).status_code == 200
    assert read.headers["Strict-Transport-Security"].startswith(f"max-age={31_536_000}")


def test_a_header_does_not_make_it_another_scheme(encrypted: Production, first_admin: Admin):
    headers = {**first_admin.bearer, "X-Forwarded-Proto": "http"}
    assert encrypted.ask("GET", "/api/v1/users/me", headers=headers).status_code == 200


def handshake(port: int, *options: str) -> str:
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", *options]
    done = subprocess.run(command, input=b"", capture_output=True, timeout=30, check=False)
    return (done.stdout + done.stderr).decode(errors="replace")


def test_tls_1_2_and_newer_are_spoken_and_nothing_older(encrypted: Production):
    weak = ("-cipher", "ALL:@SECLEVEL=0")
    for old in ("-tls1", "-tls1_1"):
        assert "alert protocol version" in handshake(encrypted.port, old, *weak)
    assert "Protocol  : TLSv1.2" in handshake(encrypted.port, "-tls1_2")
    assert "TLSv1.3" in handshake(encrypted.port, "-tls1_3")


def test_plain_http_to_that_port_is_answered_by_nobody(encrypted: Production, first_admin: Admin):
    plain = f"http://127.0.0.1:{encrypted.port}/api/v1/users/me"
    with pytest.raises(requests.ConnectionError):
        requests.get(plain, headers=first_admin.bearer, timeout=30)
    assert encrypted.ask("GET", "/health/live").status_code == 200


def test_who_does_not_finish_the_handshake_is_cut(encrypted: Production):
    with socket.create_connection(("127.0.0.1", encrypted.port), timeout=30) as silent:
        silent.sendall(b"\x16\x03\x01\x02\x00\x01")
        start = time.monotonic()
        # Others are served meanwhile.
        assert encrypted.ask("GET", "/health/live").status_code == 200
        with suppress(ConnectionResetError):
            while silent.recv(1000):
                pass
        assert time.monotonic() - start < 20
    assert "Traceback" not in encrypted.log.read_text()


def test_an_answer_ends_with_a_farewell(encrypted: Production, certificate: tuple[Path, Path]):
    context = ssl.create_default_context(cafile=str(certificate[0]))
    address = ("127.0.0.1", encrypted.port)
    request = b"GET /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    # An end without a farewell would be an error here.
    with (
        socket.create_connection(address, timeout=30) as plain,
        context.wrap_socket(
            plain, server_hostname="127.0.0.1", suppress_ragged_eofs=False
        ) as secure,
    ):
        secure.sendall(request)
        answer = b"".join(iter(lambda: secure.recv(1000), b""))
    assert answer.startswith(b"HTTP/1.1 200")


def test_nothing_went_wrong_on_the_way(encrypted: Production):
    assert "Traceback" not in encrypted.log.read_text()
