"""CPU seconds and peak memory of a command, its children included. Standard library only: a parent's memory would count as
the child's."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

BENCH = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Spent:
    cpu: float          # user and system seconds
    wall: float
    peak: int           # bytes, of the largest process


def spent(command: Sequence[str]) -> Spent:
    """Runs `command`; raises RuntimeError with what it said when it fails."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert process.stdout is not None
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stdout.close()
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{said.decode(errors='replace')}")
    return Spent(usage.ru_utime + usage.ru_stime, time.perf_counter() - began, usage.ru_maxrss * 1024)


def python(*arguments: object) -> list[str]:
    return [sys.executable, *map(str, arguments)]


def rounds(commands: Mapping[str, Sequence[str]], times: int, said: Callable[[str], None] = lambda _: None,
           before: Callable[[], None] = lambda: None) -> dict[str, list[Spent]]:
    """Each command `times` times, in turns, so that a busy minute falls on all of them; `before` each, unmeasured."""
    found: dict[str, list[Spent]] = {name: [] for name in commands}
    for n in range(times):
        for name, command in commands.items():
            before()
            found[name].append(spent(command))
            said(f"  round {n + 1}: {name:12} {found[name][-1].cpu:8.2f} CPU s {found[name][-1].wall:8.2f} s")
    return found


def table(found: Mapping[str, Sequence[Spent]], against: str) -> str:
    """Medians by command and the least CPU, and each one's as multiples of that of `against`."""
    base, least = (how(s.cpu for s in found[against]) for how in (median, min))
    lines = [f"{'':14}{'CPU s':>10}{'wall s':>10}{'peak MiB':>10}{'× ' + against:>14}{'least CPU s':>14}{'×':>8}"]
    for name, runs in found.items():
        cpu, wall = (median(getattr(s, what) for s in runs) for what in ("cpu", "wall"))
        lines.append(f"{name:14}{cpu:10.2f}{wall:10.2f}{max(s.peak for s in runs) / 2**20:10.0f}{cpu / base:14.2f}"
                     f"{min(s.cpu for s in runs):14.2f}{min(s.cpu for s in runs) / least:8.2f}")
    return "\n".join(lines)
