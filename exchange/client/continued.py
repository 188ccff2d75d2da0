"""That a log goes on where another was frozen: its entries, behind entry 0, are the other's. Verifies neither."""

from itertools import islice
from pathlib import Path

from exchange.client.verify import Report, VerificationRefused, entries_of
from exchange.wire.entries import Entry
from exchange.wire.merkle import Frontier, leaf_hash

CHECK = "13 continued"


def check_continued(folder: Path, report: Report, before: Report) -> None:
    """Both were verified. Nothing of the older one may be missing, changed or out of order in the newer one."""
    entries = entries_of(folder, report.size)
    if Entry.opened(next(entries, b"")).type != "log.continued":
        raise VerificationRefused(CHECK, "the log does not begin with log.continued")
    frontier = Frontier()
    for entry in islice(entries, before.size):
        frontier.add(leaf_hash(entry))
    if (frontier.size, frontier.root()) != (before.size, before.root):
        raise VerificationRefused(CHECK, "its entries are not those of the log before it")
