"""Drafts of made-up facts for the tests of the log: those of the bench, all at one moment."""

from bench import small_log
from exchange.ledger.entries import Draft
from exchange.ledger.store import Store

ORIGIN = "ledger.exchange.example/test/2026"
NOW_US = 1_767_225_600_000_000


def draft(subject: str, version: int = 1, refs: tuple[str, ...] = (), content: bytes = small_log.CONTENT) -> Draft:
    return small_log.draft(subject, version, refs, content, at_us=NOW_US)


def write(store: Store, *drafts: Draft) -> None:
    small_log.write(store, drafts)
