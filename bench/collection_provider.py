"""A provider that has its answers ready, in a process of its own: `FOLDER` gets its port."""

import sys
from datetime import date
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from bench.collection_rows import FIRST, LAST, days

HOST = "127.0.0.2"
NAMES = ("TMAX", "TMIN", "PRCP")
ANY = b"USW99999999"


class Provider(ThreadingHTTPServer):
    daemon_threads = True
    calls = 0


@cache
def template(first: date, last: date) -> bytes:
    """The answer for a station that is yet to be named."""
    head = ",".join(f'"{name}","{name}_ATTRIBUTES"' for name in NAMES)
    lines = [f'"STATION","DATE",{head}']
    for day, *values in days(first, last):
        cells = ",".join(f'"{value:5.1f}",",,W"' for value in values)
        lines.append(f'"{ANY.decode()}","{day}",{cells}')
    return "\n".join([*lines, ""]).encode()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Provider

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if parts.path == "/calls":
            self._answer(str(self.server.calls).encode())
            return
        self.server.calls += 1
        asked = dict(parse_qsl(parts.query))
        first, last = (date.fromisoformat(asked[name]) for name in ("startDate", "endDate"))
        self._answer(template(first, last).replace(ANY, asked["stations"].encode()))

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/csv")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the base class names it
        pass


def main(folder: Path) -> None:
    # Whole decades, which are what is asked for.
    for year in range(FIRST.year, LAST.year, 10):
        template(date(year, 1, 1), date(year + 9, 12, 31))
    provider = Provider((HOST, 0), Handler)
    (folder / "port.new").write_text(str(provider.server_address[1]))
    (folder / "port.new").rename(folder / "port")
    provider.serve_forever()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
