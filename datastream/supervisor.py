"""Keep a few processes running together: restart what dies, end all at once, leave none behind."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

BASE_DIR = Path(__file__).resolve().parent.parent
LOOK_EVERY_S = 0.2
STOP_AFTER_S = 10.0
LONGEST_PAUSE_S = 30.0
# A process that lived this long failed for a new reason, so it starts again without a pause.
LONG_LIFE_S = 60.0
PR_SET_PDEATHSIG = 1


def die_with(parent: int) -> None:
    """Have the kernel end this process when its parent ends, even by kill -9 (Linux only)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        sys.exit("The process that started this one has ended.")


@dataclass
class Child:
    """One process with all it starts, in a process group of its own."""

    name: str
    command: Sequence[str]
    process: "subprocess.Popen[bytes] | None" = None
    started_at: float = 0.0
    failures: int = 0
    due_at: float = 0.0

    def start(self) -> None:
        # This module is run in between: it ties the child to us and then becomes the command.
        # So nothing of ours runs between fork and exec, which is unsafe beside threads.
        tie = [sys.executable, "-m", "datastream.supervisor", str(os.getpid())]
        self.process = subprocess.Popen(  # noqa: S603 - commands of ours
            [*tie, *self.command], cwd=BASE_DIR, stdin=subprocess.DEVNULL, start_new_session=True
        )
        self.started_at = time.monotonic()

    def exit_code(self) -> int | None:
        return self.process.poll() if self.process else None

    def signal_all(self, number: signal.Signals) -> None:
        """Send a signal to the process and to whatever it started."""
        if self.process:
            try:
                os.killpg(self.process.pid, number)
            except ProcessLookupError:
                return

    def plan_restart(self) -> float:
        """Note a failure; say in how many seconds to start again."""
        now = time.monotonic()
        self.failures = 1 if now - self.started_at > LONG_LIFE_S else self.failures + 1
        pause_s = min(2.0 ** (self.failures - 1), LONGEST_PAUSE_S) if self.failures > 1 else 0.0
        self.process, self.due_at = None, now + pause_s
        return pause_s


@dataclass
class Supervisor:
    """Run the children until a signal to stop; `watch` is called every now and then meanwhile."""

    children: Sequence[Child]
    say: Callable[[str], None]
    watch: Callable[[], None]
    watch_every_s: float = 0.5
    signals: int = field(default=0, init=False)

    def run(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._note_signal)
        watched_at = 0.0
        try:
            while not self.signals:
                for child in self.children:
                    self._look_after(child)
                if time.monotonic() - watched_at > self.watch_every_s:
                    self.watch()
                    watched_at = time.monotonic()
                time.sleep(LOOK_EVERY_S)
        finally:
            self._stop()

    def _note_signal(self, _number: int, _frame: FrameType | None) -> None:
        self.signals += 1

    def _look_after(self, child: Child) -> None:
        code = child.exit_code()
        if code is not None:
            # What it started goes too, or the port would stay taken.
            child.signal_all(signal.SIGKILL)
            pause_s = child.plan_restart()
            when = f"in {pause_s:.0f} s" if pause_s else "now"
            self.say(f"The {child.name} ended ({_reason(code)}); it starts again {when}.")
        if child.process is None and time.monotonic() >= child.due_at:
            child.start()

    def _stop(self) -> None:
        """Ask all to end; whoever is still there after ten seconds or a second Ctrl-C is killed."""
        before = self.signals
        for child in self.children:
            if child.process and child.exit_code() is None:
                child.process.terminate()
        deadline = time.monotonic() + STOP_AFTER_S
        while any(child.process and child.exit_code() is None for child in self.children):
            if time.monotonic() > deadline or self.signals > before:
                break
            time.sleep(LOOK_EVERY_S / 4)
        for child in self.children:
            child.signal_all(signal.SIGKILL)
            if child.process:
                child.process.wait()


def _reason(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"


if __name__ == "__main__":
    die_with(int(sys.argv[1]))
    os.execv(sys.argv[2], sys.argv[2:])  # noqa: S606 - the supervisor's own arguments
