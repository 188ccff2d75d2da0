"""House style, held by the machine: sizes, docstrings, words and calls that have no place here, lint and types."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PRODUCT = ("exchange", "workers", "policies")
PROGRAMS = (*PRODUCT, "demo", "bench")
FILE_LINES_MAX, FUNCTION_LINES_MAX = 250, 40  # A line's length is ruff's to hold.

NOT_OURS = {".git", ".venv", ".hypothesis", "__pycache__", "build"}
TEXT = {".py", ".md", ".toml", ".yaml", ".yml", ".lock", ".acl", ".txt", ".sql", ".mako", ".sh", ".json", ""}

# In two halves, so that a search of this repository for such a word finds nothing, here either.
UNFINISHED = re.compile(
    r"\b(TO" r"DO|FIX" r"ME|XX" r"X|NotImplemented" r"Error)\b|\b(place" r"holder|st" r"ub)s?\b|[Nn]ot " r"implemented"
)
HOSTS = re.compile(r"pypi\." r"org|python" r"hosted\.org|npm" r"js\.(org|com)|index-" r"url", re.IGNORECASE)
WORKPLACE = re.compile(r"(?<![\w.])/" r"work/|(?<![\w.])/" r"home/\w|/" r"opt/(pypi|wheels)")

BANNED_CALLS = {"exec", "eval", "compile", "__import__"}
BANNED_MODULES = {
    "pickle",
    "cPickle",
    "_pickle",
    "dill",
    "cloudpickle",
    "marshal",
    "shelve",
    "importlib",
    "imp",
    "runpy",
}


def sources(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def is_generated(path: Path | str) -> bool:
    """The steps of a migration are generated, and never edited once released: as long as they are."""
    return "exchange/migrations/versions/0" in str(path)


def texts() -> Iterator[Path]:
    """Every file that is written by hand."""
    for path in sorted(ROOT.rglob("*")):
        parts = path.relative_to(ROOT).parts
        if any(part in NOT_OURS or part.endswith((".egg-info", "_cache")) for part in parts):
            continue
        if path.is_file() and path.suffix in TEXT and path.name != "LICENSE":
            yield path


def hits(pattern: re.Pattern[str], paths: Iterator[Path] | list[Path]) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}:{number}: {found.group()}"
        for path in paths
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if (found := pattern.search(line))
    ]


def nodes(*folders: str) -> Iterator[tuple[str, ast.AST]]:
    for path in sources(*folders):
        for node in ast.walk(ast.parse(path.read_text())):
            yield str(path.relative_to(ROOT)), node


def test_files_fit_on_a_few_screens() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in [*sources(*PROGRAMS, "tests"), ROOT / "run.py"]
        if (lines := len(path.read_text().splitlines())) > FILE_LINES_MAX and not is_generated(path)
    }
    assert long == {}


def test_functions_fit_on_one_screen() -> None:
    long = [
        f"{path}:{node.lineno} {node.name}: {length}"
        for path, node in nodes(*PROGRAMS)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and not is_generated(path)
        and (length := (node.end_lineno or 0) - node.lineno + 1) > FUNCTION_LINES_MAX
    ]
    assert long == []


def test_every_module_says_what_it_is() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in sources(*PROGRAMS, "tests")
        if (tree := ast.parse(path.read_text())).body and not ast.get_docstring(tree)
    ]
    assert silent == []


def test_nothing_is_left_for_later() -> None:
    assert hits(UNFINISHED, texts()) == []


def test_no_package_host_is_named() -> None:
    assert hits(HOSTS, texts()) == []


def test_no_path_of_a_workplace_is_named() -> None:
    assert hits(WORKPLACE, texts()) == []


def test_names_from_data_cannot_choose_code() -> None:
    called = [
        f"{path}:{node.lineno} {node.func.id}"
        for path, node in nodes(*PRODUCT)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in BANNED_CALLS
    ]
    assert called == []


def test_no_module_that_runs_bytes_is_imported() -> None:
    imported = [
        f"{path}:{node.lineno} {name}"
        for path, node in nodes(*PRODUCT)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [one.name for one in node.names])
        if name.split(".")[0] in BANNED_MODULES
    ]
    assert imported == []


def test_no_guard_disappears_under_optimisation() -> None:
    asserted = [f"{path}:{node.lineno}" for path, node in nodes(*PRODUCT) if isinstance(node, ast.Assert)]
    assert asserted == []


def test_no_float_is_written_in_a_decision() -> None:
    """Money, shares, budgets and what crosses the wire are integers; a measurement is a decimal string."""
    exact = [f"exchange/{part}" for part in ("wire", "pricing", "settlement", "authorization")]
    floats = [
        f"{path}:{node.lineno} {node.value}"
        for path, node in nodes("policies", *exact)
        if isinstance(node, ast.Constant) and isinstance(node.value, float)
    ]
    assert floats == []


@pytest.mark.parametrize("words", [["check"], ["format", "--check"]], ids=" ".join)
def test_ruff_has_nothing_to_say(words: list[str]) -> None:
    done = run("ruff", *words, ".")
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_type_is_proved() -> None:
    present = [folder for folder in PROGRAMS if sources(folder)]
    done = run("mypy", "--strict", *present, "run.py")
    assert done.returncode == 0, done.stdout + done.stderr


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("word", ["TO~DO later", "a st~ub", "Not ~implemented", "raise NotImplemented~Error"])
def test_an_unfinished_word_would_be_seen(word: str) -> None:
    assert UNFINISHED.search(word.replace("~", ""))
