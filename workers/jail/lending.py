"""Making a file readable to the jail's own user, when the worker is root. It never makes one readable to everybody."""

import os
import stat
from collections.abc import Iterable
from pathlib import Path


def lend(files: Iterable[Path], gid: int) -> None:
    """Group-read on exactly these files, and passage through the folder each lies in."""
    for file in files:
        _grant(file, gid, stat.S_IRGRP, stat.S_IROTH)
        _grant(file.parent, gid, stat.S_IXGRP, stat.S_IXOTH)


def _grant(path: Path, gid: int, right: int, already: int) -> None:
    found = path.stat()
    if found.st_mode & already or (found.st_gid == gid and found.st_mode & right):
        return
    os.chown(path, -1, gid)
    # Of the group's rights only the one needed: the group was somebody else's until now.
    os.chmod(path, (stat.S_IMODE(found.st_mode) & ~stat.S_IRWXG) | right)
