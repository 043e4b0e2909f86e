"""One command per job, with nothing but Python 3.11 or later:

  python make.py brief            install, file the example's weeks, make its last week's briefs
  python make.py test [-- ARGS]   run the tests; ARGS go to pytest, as in: python make.py test -- -k store
  python make.py check            ruff, mypy and the tests
  python make.py clean            remove .venv, caches and what the example made

Everything is installed into .venv beside this file. A step whose result is current is skipped.
Standard library only.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent
EXAMPLE_PERIOD = "2023-W42"  # the example's last week
# Earlier issues first: what a later one says of changes and of last time's suggestions rests on them.
EXAMPLE_ISSUES = (
    ("2023-W38", "report/*"),
    ("2023-W41", "weekly/*"),
    (EXAMPLE_PERIOD, "*"),
    ("2023-10-23", "daily/*"),
)
OLDEST_PYTHON = (3, 11)
SIDE_BY_SIDE = ("-n", "auto", "--dist", "loadfile")  # the whole suite; a few tests start sooner without
# What a computer without a way to a package index makes pip say.
NO_NETWORK = (
    "NewConnectionError",
    "Failed to establish a new connection",
    "ConnectTimeoutError",
    "Temporary failure in name resolution",
    "Name or service not known",
    "getaddrinfo failed",
    "Network is unreachable",
    "No route to host",
    "Max retries exceeded",
    "ProxyError",
    "NameResolutionError",
)


class Problem(Exception):
    """What stops a job: the place, the problem, the way out."""


def main(argv: list[str]) -> int:
    """Do the job named first in `argv`; 0 done, 1 failed tests or checks or a problem, 2 no such job."""
    job, *rest = argv or ["help"]
    passed_on = rest[1:] if rest[:1] == ["--"] else rest
    if job in ("help", "-h", "--help"):
        print(__doc__.strip())
        return 0
    if job not in JOBS:
        print(f"make.py: there is no job {job!r}. There are: {', '.join(JOBS)}.", file=sys.stderr)
        return 2
    if passed_on and job != "test":
        print(f"make.py {job} takes no arguments; it was given {' '.join(passed_on)}.", file=sys.stderr)
        return 2
    try:
        check_python(sys.version_info[:3])
        return JOBS[job](passed_on)
    except Problem as problem:
        print(f"\n{problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped. What was finished is kept; the same command goes on from there.", file=sys.stderr)
        return 130


# The jobs


def brief(_: list[str]) -> int:
    environment(extra="")
    example()
    receive()
    began = time.monotonic()
    for period, only in EXAMPLE_ISSUES:
        said = ["run", period, "--only", only, "--jobs", "2"]
        print(f"{'brief':<12}jianbao {' '.join(said)}", flush=True)
        if subprocess.run([tool("jianbao"), *said], cwd=ROOT, env=environ()).returncode:
            raise Problem(
                f"jianbao run {period}: not every brief could be made; the reasons stand above.\n"
                f"Put them right and run `python make.py brief` again: finished steps are not repeated."
            )
    print(f"{'done':<12}The briefs of {EXAMPLE_PERIOD} lie in data/issues ({time.monotonic() - began:.0f} s).")
    return 0


def test(pytest_args: list[str]) -> int:
    environment(extra="test")
    return subprocess.run([python(), "-m", "pytest", *(pytest_args or SIDE_BY_SIDE)], cwd=ROOT, env=environ()).returncode


def check(_: list[str]) -> int:
    environment(extra="test")
    failed = 0
    for module, *args in (["ruff", "check", "."], ["mypy"], ["pytest", *SIDE_BY_SIDE]):
        print(f"{'check':<12}{' '.join([module, *args])}", flush=True)
        failed = subprocess.run([python(), "-m", module, *args], cwd=ROOT, env=environ()).returncode or failed
    return 1 if failed else 0


def clean(_: list[str]) -> int:
    # A filed workbook is somebody's work: the data go only if the example alone made them.
    if is_only_example():
        for name in ("inbox", "outbox", "returns", "store", "issues", "site"):
            remove(ROOT / "data" / name)
    elif weeks() or (ROOT / "data" / "store").exists():
        print(f"{'kept':<12}data/: it holds more than the example made; remove it yourself if you mean to")
    for name in (".venv", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis", "build", "dist"):
        remove(ROOT / name)
    for path in (ROOT / "lib").glob("*.egg-info"):
        remove(path)
    for folder in ("lib", "tests", "bench", "data", "notebooks"):
        for path in sorted((ROOT / folder).rglob("__pycache__")):
            remove(path)
    return 0


JOBS = {"brief": brief, "test": test, "check": check, "clean": clean}


# The environment


def environment(extra: str) -> None:
    """Make `.venv` hold the project, its dependencies and those of `extra`."""
    if is_installed(extra):
        print(f"{'install':<12}.venv is current")
        return
    if not starts(python()):
        check_venv_module()
        with step("environment", ".venv"):
            command = [sys.executable, "-m", "venv", "--clear", str(venv())]
            run(command, "python -m venv .venv", "Remove .venv and try again.")
    extras = sorted({extra, *stamp().get("extras", [])} - {""})
    target = f".[{','.join(extras)}]" if extras else "."
    with step("install", f"pip install -e {target} (minutes the first time)"):
        command = [python(), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-e", target]
        done = captured(command)
        if done.returncode:
            raise Problem(explain_pip(done.stdout + done.stderr, target))
        stamp_path().write_text(json.dumps({**fingerprint(), "extras": extras}), encoding="utf-8")


def is_installed(extra: str) -> bool:
    """Whether the last installation was of this pyproject.toml, in this place, and had `extra`."""
    last = stamp()
    extras = last.pop("extras", [])
    return last == fingerprint() and (not extra or extra in extras) and Path(python()).exists()


def fingerprint() -> dict[str, str]:
    # An editable installation points at a folder, so moving the folder makes it stale.
    return {"pyproject": digest(ROOT / "pyproject.toml"), "root": str(ROOT)}


def stamp() -> dict:
    return read_json(stamp_path())


def stamp_path() -> Path:
    return venv() / "jianbao-installed.json"


def venv() -> Path:
    return ROOT / ".venv"


def tool(name: str) -> str:
    """The path of a program in `.venv`."""
    windows = os.name == "nt"
    return str(venv() / ("Scripts" if windows else "bin") / (f"{name}.exe" if windows else name))


def python() -> str:
    return tool("python")


def starts(executable: str) -> bool:
    """Whether `executable` is a Python new enough, with pip: a half-made or moved environment is not."""
    probe = f"import sys, pip; sys.exit(sys.version_info < {OLDEST_PYTHON})"
    try:
        return subprocess.run([executable, "-c", probe], capture_output=True, env=environ()).returncode == 0
    except OSError:
        return False


def environ() -> dict[str, str]:
    """The shell's variables less those that would send an installation, an import or the data elsewhere."""
    astray = {"PYTHONHOME", "PYTHONPATH", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_NO_DEPS", "PIP_DRY_RUN"}
    astray |= {"JIANBAO_WORKSPACE"}  # this folder is meant, and the tests open their own
    kept = {name: value for name, value in os.environ.items() if name not in astray}
    return {
        **kept,
        "PIP_USER": "0",  # stands over `user = true` in a pip.conf, which an environment refuses
        "PYTHONUTF8": "1",  # Windows would read and print in its own code page
        "PATH": os.pathsep.join([str(Path(python()).parent), kept.get("PATH", "")]),
    }


def check_python(version: tuple[int, ...]) -> None:
    if version < OLDEST_PYTHON:
        raise Problem(
            f"{sys.executable}: this is Python {'.'.join(map(str, version))}; jianbao needs 3.11 or later.\n"
            "Install a later Python and name it: python3.11 make.py brief"
        )


def check_venv_module() -> None:
    missing = [name for name in ("venv", "ensurepip") if importlib.util.find_spec(name) is None]
    if missing:
        raise Problem(
            f"{sys.executable}: it lacks {' and '.join(missing)}, so .venv cannot be made.\n"
            "On Debian or Ubuntu: sudo apt-get install python3-venv. Elsewhere: use the Python of python.org or conda."
        )


def explain_pip(output: str, target: str) -> str:
    """What to tell the person when pip failed with `output`."""
    if any(sign in output for sign in NO_NETWORK):
        return (
            f"pip install -e {target}: no package index could be reached.\n"
            "Check the network; behind a proxy set HTTPS_PROXY. With an index of your own set PIP_INDEX_URL; with a\n"
            "folder of wheels set PIP_NO_INDEX=1 and PIP_FIND_LINKS=FOLDER. Then run the same command again."
        )
    return (
        f"pip install -e {target} failed; pip's last words:\n{tail(output)}\n"
        "If a package has no wheel for this machine, another Python version may have one (3.11 is the most tried)."
    )


# The example


def example() -> None:
    """Write the example's filed workbooks under data/inbox, one folder per week, if there are none."""
    if weeks():
        print(f"{'example':<12}{len(weeks())} weeks in data/inbox are current")
        return
    maker = ROOT / "data" / "example" / "make_example.py"
    if not maker.exists():
        raise Problem(f"{shown(maker)}: not there, so no example can be made. Restore it: git checkout data/example")
    with step("example", "writing the filed workbooks to data/inbox"):
        run([python(), str(maker)], shown(maker), "Remove data/inbox and try again.")
    if not weeks():
        raise Problem(f"{shown(maker)}: it ended well but left no week with a received.csv in data/inbox.")


def receive() -> None:
    """Receive every week that was not yet received as it lies now, in order."""
    known = received()
    due = [week for week in weeks() if known.get(week.name) != digest(week)]
    if not due:
        print(f"{'receive':<12}all weeks are current")
    for week in due:
        command = f"jianbao receive {shown(week)}"
        with step("receive", command):
            # 1 says that a workbook was returned; the example has such on purpose. A crash ends with 1 too.
            run([tool("jianbao"), "receive", str(week)], command, "Put it right and try again.", good=(0, 1))
        known[week.name] = digest(week)
        received_path().parent.mkdir(parents=True, exist_ok=True)
        received_path().write_text(json.dumps(known, indent=1), encoding="utf-8")


def weeks() -> list[Path]:
    """The folders of data/inbox that say when their files were received, earliest first."""
    return sorted(path.parent for path in (ROOT / "data" / "inbox").glob("*/received.csv"))


def received() -> dict[str, str]:
    """Week → digest of the folder as it was received."""
    return read_json(received_path())


def received_path() -> Path:
    # Inside the store: with the store gone, nothing has been received.
    return ROOT / "data" / "store" / "received-by-make.json"


def is_only_example() -> bool:
    inbox = ROOT / "data" / "inbox"
    return inbox.exists() and received() == {path.name: digest(path) for path in inbox.iterdir()}


# Small things


@contextmanager
def step(name: str, what: str) -> Iterator[None]:
    """One printed line for one step: what is done, then how long it took."""
    print(f"{name:<12}{what}", end=" ... ", flush=True)
    began = time.monotonic()
    try:
        yield
    except BaseException:
        print("failed", flush=True)
        raise
    print(f"{time.monotonic() - began:.1f} s", flush=True)


def run(command: list[str], said: str, way_out: str, good: tuple[int, ...] = (0,)) -> None:
    """Run `command` quietly; a failure shows its last lines, and `said` in place of long paths."""
    done = captured(command)
    if done.returncode not in good or "Traceback (most recent call last)" in done.stderr:
        last_words = tail(done.stdout + done.stderr)
        raise Problem(f"{said}: ended with {done.returncode}; its last words:\n{last_words}\n{way_out}")


def captured(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=ROOT, env=environ(), capture_output=True, text=True, encoding="utf-8", errors="replace"
    )


def tail(text: str, lines: int = 12) -> str:
    return "\n".join(f"  {line}" for line in text.strip().splitlines()[-lines:])


def digest(path: Path) -> str:
    """SHA-256 of a file, or of a folder's file names and contents."""
    total = hashlib.sha256()
    for file in [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file()):
        name = "" if file == path else file.relative_to(path).as_posix()
        total.update(f"{name}\n{hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode())
    return total.hexdigest()


def read_json(path: Path) -> dict:
    """The file's content; empty if it is missing or torn."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def remove(path: Path) -> None:
    if path.exists():
        shutil.rmtree(path)
        print(f"{'removed':<12}{shown(path)}")


def shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


if __name__ == "__main__":
    for stream in (sys.stdout, sys.stderr):
        # A console that cannot print a folder's name shows it escaped, and the job goes on.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    sys.exit(main(sys.argv[1:]))
