"""The examples of README and guides run, as they stand there, against a real server."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from datastream.core.embedded import Server
from tests.acceptance.installation import PROJECT, Installation, eventually

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc").exists(), reason="processes are found by /proc"),
]

PAGES = ["README.md", "docs/guide/write.md", "docs/guide/read.md", "docs/guide/analyse.md"]
EXAMPLE = re.compile(r"^```(bash|python)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A platform with its samples, served."""
    installation = Installation(tmp_path_factory.mktemp("docs"))
    with installation.manage("serve", "--port", str(installation.port)) as serve:
        assert eventually(installation.is_ready, 120), installation.output.read_text()
        yield installation
        serve.terminate()
    installation.kill_everything()
    shutil.rmtree(Server(installation.var / "postgres").socket_folder, ignore_errors=True)


@pytest.mark.parametrize("page", PAGES)
def test_the_examples_run_as_they_stand(page: str, served: Installation, tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    shutil.copy(served.var / "first-admin.json", tmp_path / "var")
    examples = EXAMPLE.findall((PROJECT / page).read_text())
    assert examples
    script = ["set -euo pipefail", 'curl() { command curl -f "$@"; }']
    for number, (language, example) in enumerate(examples):
        text = example.replace("127.0.0.1:8000", f"127.0.0.1:{served.port}")
        if language == "bash":
            script.append(text)
        else:
            (tmp_path / f"{number}.py").write_text(text)
            script.append(f"{sys.executable} -W error::DeprecationWarning {number}.py")
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
