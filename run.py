#!/usr/bin/env python3
"""One command from a fresh clone: prepares `.venv` from `requirements.lock` once, then becomes the command asked for.

Standard library only. Installs nothing outside `.venv`, names no package host, and downloads no interpreter.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOCK = ROOT / "requirements.lock"
STAMP = VENV / "built-from"

# What each word becomes: arguments of the environment's Python. The user's own arguments follow.
COMMANDS = {
    "demo": ["-m", "demo", "play"],
    "serve": ["-m", "demo", "serve"],
    "worker": ["-m", "workers", "run"],
    # Each file stays in one process, so that its tests share the market it opens.
    "test": ["-m", "pytest", "-n", "logical", "--maxprocesses", "4", "--dist", "loadfile"],
    "bench": ["-m", "bench"],
}
# These speak of files of this repository; the others of the folder they were called from.
AT_HOME = {"test", "bench"}

USAGE = """usage: python3 run.py COMMAND [ARGUMENTS]

  demo [--home DIR] [--json]         a whole market on this machine: trades real data, verifies its log, stops
  serve [--home DIR] [--port N]      leaves the embedded exchange running; OpenAPI at /docs
  worker DOMAIN_DIR                  runs the worker of one provider's domain
  test [PYTEST ARGUMENTS]            passes the tests
  bench [trade|disclosure|log]       prints the figures, each aim beside what was measured
"""


def main(arguments: list[str]) -> int:
    if arguments[:1] in (["-h"], ["--help"], ["help"]):
        sys.stdout.write(USAGE)
        return 0
    if not arguments or arguments[0] not in COMMANDS:
        sys.stderr.write(USAGE)
        return 2
    if sys.version_info < (3, 11):  # noqa: UP036  Whoever has an older one should be told so, not shown a traceback.
        return complain(f"Python 3.11 or newer is needed; this is {sys.version.split()[0]}.")
    try:
        prepare()
    except subprocess.CalledProcessError as failed:
        return complain(f"the environment could not be built: {shlex.join(map(str, failed.cmd))}")
    become(arguments[0], arguments[1:])
    return 1


def become(command: str, arguments: list[str]) -> None:
    """Replaces this process, so that signals and exit codes are the command's own."""
    if command in AT_HOME:
        os.chdir(ROOT)
    else:
        # A folder named `demo` or `exchange` where the user stands must not be taken for ours, here or in a child.
        os.environ["PYTHONSAFEPATH"] = "1"
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(PYTHON, [str(PYTHON), *COMMANDS[command], *arguments])  # noqa: S606


def prepare() -> None:
    """Makes the environment equal to the lock; a second call finds the stamp and costs nothing."""
    if is_ready():
        return
    import fcntl  # Only POSIX has it, and the usage text should print everywhere.

    home = os.open(ROOT, os.O_RDONLY)
    # An installer that outlives a killed run.py keeps its place in the line, so nobody builds under its hands.
    os.set_inheritable(home, True)
    try:
        # Two calls at once: the second waits for the first and finds its work done.
        fcntl.flock(home, fcntl.LOCK_EX)
        if not is_ready():
            build()
    finally:
        os.close(home)


def is_ready() -> bool:
    try:
        return STAMP.read_text() == stamp() and os.access(PYTHON, os.X_OK)
    except OSError:
        return False


def stamp() -> str:
    """What an environment was built from. It holds absolute paths, so a moved folder needs a new one."""
    return f"{hashlib.sha256(LOCK.read_bytes()).hexdigest()}\n{ROOT}\n"


def build() -> None:
    """The stamp is written last: whatever was interrupted is built again from nothing."""
    began = time.monotonic()
    say(f"preparing {VENV} from {LOCK.name} (once)")
    uv = shutil.which("uv")
    if not uv and not has_ensurepip():
        sys.exit(
            complain(
                "this Python cannot make a virtual environment with pip.\n"
                "Debian and Ubuntu: apt install python3-venv. Elsewhere: a complete Python, or `uv` on PATH."
            )
        )
    base = getattr(sys, "_base_executable", None) or sys.executable
    run([base, "-m", "venv", "--clear", *(["--without-pip"] if uv else []), str(VENV)])
    install(uv)
    link()
    written = STAMP.with_suffix(".new")
    written.write_text(stamp())
    os.replace(written, STAMP)
    say(f"ready in {time.monotonic() - began:.1f} s")


def has_ensurepip() -> bool:
    try:
        import ensurepip  # noqa: F401  Debian ships Python without it until python3-venv is installed.
    except ImportError:
        return False
    return True


def install(uv: str | None) -> None:
    """The packages of the lock, each checked against its hash: by uv when it can be had, else by pip."""
    pip = [str(PYTHON), "-m", "pip", "-qq", "--no-input", "--disable-pip-version-check", "install"]
    if not uv and tried([*pip, "uv"]):
        uv = str(VENV / "bin" / "uv")
    if uv and tried([uv, "pip", "sync", "--quiet", "--python", str(PYTHON), "--require-hashes", str(LOCK)]):
        return
    say("uv is not to be had; pip does it, which takes longer")
    if not (VENV / "bin" / "pip").exists():
        run([str(PYTHON), "-m", "ensurepip", "--default-pip"])
    run([*pip, "--require-hashes", "-r", str(LOCK)])


def link() -> None:
    """Makes the project importable and `dex` a command, without a build step that would want the network."""
    asked = [str(PYTHON), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    packages = Path(subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip())  # noqa: S603
    (packages / "data-element-exchange.pth").write_text(f"{ROOT}\n")
    dex = VENV / "bin" / "dex"
    # A shell line, not a `#!` line to Python: paths may be long or hold spaces.
    call = "from exchange.client.cli import app; app(prog_name='dex')"
    dex.write_text(f'#!/bin/sh\nexec {shlex.quote(str(PYTHON))} -P -c {shlex.quote(call)} "$@"\n')
    dex.chmod(0o755)


def run(command: list[str]) -> None:
    # A user's settings for pip and uv hold (a mirror, a proxy), except those that would install elsewhere.
    surroundings = {**os.environ, "UV_PYTHON_DOWNLOADS": "never", "PIP_USER": "0"}
    surroundings.pop("PIP_TARGET", None)
    surroundings.pop("PIP_PREFIX", None)
    subprocess.run(  # noqa: S603
        command, check=True, env=surroundings, stdin=subprocess.DEVNULL, stdout=sys.stderr, close_fds=False
    )


def tried(command: list[str]) -> bool:
    try:
        run(command)
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


def say(text: str) -> None:
    sys.stderr.write(f"run.py: {text}\n")
    sys.stderr.flush()


def complain(text: str) -> int:
    say(text)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
