"""Environments of what ours is measured beside: made once, from pinned packages."""

import subprocess
import sys
from pathlib import Path


def install(name: str, python: Path, *, requirements: Path) -> bool:
    """Make the environment of this interpreter, once; False where it cannot be had."""
    folder, wanted = python.parents[1], requirements.read_text()
    stamp = folder / "installed.txt"
    if stamp.exists() and stamp.read_text() == wanted:
        return True
    print(f"Installing {name}.")
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command = [*pip, "--require-hashes", "-r", str(requirements)]
    if subprocess.run(command, check=False).returncode:
        print(f"{name} cannot be installed here, so there is nothing to compare with.")
        return False
    stamp.write_text(wanted)
    return True
