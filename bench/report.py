"""What was measured, as a table and as JSON."""

import json
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Line:
    """One figure. `ratio` has to be at least `least` or at most `most`, where one is given."""

    subject: str
    what: str
    value: float
    unit: str
    ratio: float | None = None
    least: float | None = None
    most: float | None = None

    @property
    def is_reached(self) -> bool:
        if self.ratio is None:
            return True
        return (self.least is None or self.ratio >= self.least) and (
            self.most is None or self.ratio <= self.most
        )

    @property
    def mark(self) -> str:
        if self.least is not None:
            return f">= {self.least:g}"
        return f"<= {self.most:g}" if self.most is not None else ""


def peak_bytes() -> int:
    """The most this process has held, since it runs its own program; 0 where there is no /proc.

    What `resource` says counts the process that started it, too.
    """
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM")), 0)


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def print_table(machine: dict[str, str], lines: Sequence[Line]) -> None:
    for name, value in machine.items():
        print(f"{name:<14}{value}")
    subject = ""
    for line in lines:
        if line.subject != subject:
            subject = line.subject
            print(f"\n{subject:<56}{'':>12}{'':10}{'ratio':>7}  mark")
        ratio = "" if line.ratio is None else f"{line.ratio:.2f}"
        verdict = "" if line.is_reached else "  MISSED"
        value = f"{line.value:>12,.{0 if line.value >= 100 else 1}f}"
        print(f"  {line.what:<54}{value} {line.unit:<9}{ratio:>7}  {line.mark}{verdict}")


def write_json(file: Path, machine: dict[str, str], lines: Sequence[Line]) -> None:
    body = {"machine": machine, "lines": [asdict(line) for line in lines]}
    file.write_text(json.dumps(body, indent=1) + "\n")
