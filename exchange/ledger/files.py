"""Files that survive a power cut whole: written beside, flushed, renamed into place, the folder flushed."""

import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path


def make_folder_durably(path: Path) -> None:
    """Make a folder and those above it, each recorded in the one that holds it."""
    if path.is_dir():
        return
    make_folder_durably(path.parent)
    path.mkdir(exist_ok=True)
    parent = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(parent)
    finally:
        os.close(parent)


def write_durably(path: Path, data: bytes, beside: Path | None = None) -> None:
    """Replace a file at once or not at all. An I/O error ends the caller: a failed flush is never retried.

    `beside` is where it is written first, on the same file system; what a crash leaves there is overwritten next time.
    """
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)  # Held open, so that an error in it is not lost.
    try:
        beside = beside or path.with_name(path.name + ".new")
        target = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
        try:
            with open(target, "wb", closefd=False) as file:
                file.write(data)
            os.fsync(target)
        finally:
            os.close(target)
        os.rename(beside, path)
        os.fsync(folder)
    finally:
        os.close(folder)


def kept_secret(path: Path, made: Callable[[], str]) -> str:
    """The secret in this file, readable by its owner only; made at the first asking, whole or not at all.

    Of several that ask at once, one makes it and all get the same; one that is killed leaves no half of it behind.
    """
    if not path.exists():
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        handle, beside = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(handle, "w") as file:
                file.write(made())
                file.flush()
                os.fsync(handle)
            with suppress(FileExistsError):
                os.link(beside, path)
            os.fsync(folder)
        finally:
            os.unlink(beside)
            os.close(folder)
    return path.read_text()


def replace_secret(held: Path, coming: Path) -> None:
    """The new file takes the old one's place, and the old one's bytes are overwritten where they lie."""
    handle = os.open(held, os.O_WRONLY | os.O_CLOEXEC)
    folder = os.open(held.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.rename(coming, held)
        os.fsync(folder)
        os.write(handle, bytes(os.fstat(handle).st_size))
        os.fsync(handle)
    finally:
        os.close(handle)
        os.close(folder)
