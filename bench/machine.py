"""On what it was measured."""

import os
import platform
import re
from pathlib import Path

from django.db import connection

WANTED = ("server_version", "fsync", "synchronous_commit", "shared_buffers")


def describe() -> dict[str, str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, current_setting(name) FROM unnest(%s) name", [list(WANTED)])
        database = dict(cursor.fetchall())
    version = database.pop("server_version").split(" ")[0]
    rest = ", ".join(f"{name} {value}" for name, value in database.items())
    return {
        "Processor": f"{os.cpu_count()} cores, {_first('/proc/cpuinfo', 'model name') or '?'}",
        "Memory": _memory(),
        "System": f"{platform.system()} {platform.release()} {platform.machine()}",
        "Python": platform.python_version(),
        "PostgreSQL": f"{version}, {rest}",
    }


def _memory() -> str:
    found = re.match(r"\d+", _first("/proc/meminfo", "MemTotal"))
    return f"{int(found[0]) / 2**20:.1f} GiB" if found else "?"


def _first(file: str, name: str) -> str:
    """The value of the first such line of a file of the kernel's, or "" where it has none."""
    try:
        found = re.search(rf"^{name}\s*:\s*(.*)$", Path(file).read_text(), re.MULTILINE)
    except OSError:
        return ""
    return found[1] if found else ""
