"""The examples of README and guides run, as they stand there, against a real server."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.running import PROJECT, Server

pytestmark = pytest.mark.slow

PAGES = [
    "README.md",
    "docs/guide/sign-in.md",
    "docs/guide/write.md",
    "docs/guide/read.md",
    "docs/guide/aggregate.md",
    "docs/guide/export.md",
    "docs/guide/history.md",
    "docs/guide/analyse.md",
    "docs/guide/share.md",
    "docs/guide/audit.md",
    "docs/guide/oauth2.md",
    "docs/guide/limits.md",
]
EXAMPLE = re.compile(r"^```(bash|python)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("page", PAGES)
def test_the_examples_run_as_they_stand(page: str, server: Server, tmp_path: Path) -> None:
    run_examples(page, server, tmp_path)


def run_examples(page: str, server: Server, tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    shutil.copy(server.var / "first-admin.json", tmp_path / "var")
    examples = EXAMPLE.findall((PROJECT / page).read_text())
    assert examples
    script = ["set -euo pipefail", 'curl() { command curl -f "$@"; }']
    for number, (language, example) in enumerate(examples):
        text = example.replace("127.0.0.1:8000", f"127.0.0.1:{server.port}")
        if language == "bash":
            script.append(text)
        else:
            (tmp_path / f"{number}.py").write_text(text)
            python = shlex.quote(sys.executable)
            script.append(f"{python} -W error::DeprecationWarning {number}.py")
    done = subprocess.run(
        ["bash", "-c", "\n".join(script)],
        check=False,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": ""},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "VALIDATION_ERROR" not in done.stdout
