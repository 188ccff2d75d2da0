"""The same question put to smartnoise-sql, over the same rows, in an environment of its own that this bench makes.

It is no dependency of ours: where it cannot be installed, that is said and nothing is compared.
"""

import json
import subprocess
import sys
from pathlib import Path

from bench.figures import Figure
from bench.wards import WARDS, Wards

FASTER = 20
PACKAGE = "smartnoise-sql==1.0.10"
_ASKS = Path(__file__).with_name("smartnoise_asks.py")
_INSTALL_S, _ASK_S = 600, 600


def smartnoise_ms(folder: Path, asked_of: Wards, rounds: int) -> float | str:
    """The median of the peer's answers in milliseconds, or a sentence that says why there is none."""
    python = folder / "peer" / "bin" / "python"
    try:
        _run([sys.executable, "-m", "venv", str(folder / "peer")], _INSTALL_S)
        _run([str(python), "-m", "pip", "-q", "--disable-pip-version-check", "install", PACKAGE, "pyarrow"], _INSTALL_S)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired, OSError):
        return f"{PACKAGE} could not be installed here, so nothing is compared with it."
    try:
        told = _run([str(python), str(_ASKS), str(asked_of.file), str(rounds), str(WARDS)], _ASK_S)
        return float(json.loads(told.splitlines()[-1])["median_ms"])
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired, ValueError, KeyError, IndexError):
        return f"{PACKAGE} did not answer here, so nothing is compared with it."


def figures(rows: int, noisy_ms: float, peer: float | str) -> list[Figure]:
    if isinstance(peer, str):
        return [Figure(peer, "")]
    faster = peer / noisy_ms
    return [
        Figure(f"peer: {PACKAGE}, {rows:,} rows, loading left out", f"{peer:.0f} ms"),
        Figure("  as many times our whole noisy answer", f"{faster:.0f} ×", f"≥ {FASTER} ×", faster >= FASTER),
    ]


def _run(words: list[str], seconds: int) -> str:
    done = subprocess.run(words, check=True, capture_output=True, text=True, timeout=seconds, stdin=subprocess.DEVNULL)  # noqa: S603 - our own words
    return done.stdout
