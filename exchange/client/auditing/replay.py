"""The whole audit: mirror and verify the log, open it, keep the books a second time, and compare them with those shown.

Trusts the log's keys as given. The books are compared at a moment at which no fact is missing from the log; on a busy
market that moment is waited for.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from exchange.client.auditing.acts import Acts
from exchange.client.auditing.age import Brackets
from exchange.client.auditing.books import VIEWS, Books
from exchange.client.auditing.decisions import Judge
from exchange.client.auditing.door import AuditDoor
from exchange.client.auditing.findings import FINDINGS_SHOWN_MAX, AuditReport, Finding, in_order
from exchange.client.auditing.openings import Opened, opened
from exchange.client.connection import TimedOut
from exchange.client.mirror import download_log
from exchange.client.verify import Report, verify_log


@dataclass(frozen=True, slots=True)
class Audit:
    """Who audits, when, with which keys of the log, and where the mirror is kept."""

    folder: Path
    rules: Path
    vkeys: Sequence[str]
    auditor: str
    now_s: int
    old_note: str | None = None
    root: str = ""
    """The log's offline root, for a log whose keys were changed."""


def replay(door: AuditDoor, audit: Audit, *, deadline_s: float) -> AuditReport:
    """Everything that is not as the log says. Raises `VerificationRefused` where the log itself does not hold."""
    found: AuditReport | None = door.exchange.http.until(lambda: _at_one_moment(door, audit), deadline_s=deadline_s)
    if found is None:
        raise TimedOut("facts were added all the while; audit a copy, or at a quieter time")
    return found


def _at_one_moment(door: AuditDoor, audit: Audit) -> AuditReport | None:
    download_log(door.exchange.log, audit.folder)
    verified = verify_log(audit.folder, audit.vkeys, audit.old_note, root=audit.root)
    if door.position() != verified.size:
        return None
    shown = {view: door.book(view) for view in VIEWS}
    if door.position() != verified.size:
        return None
    books, judge, acts, findings = Books(), Judge(door.rules, audit.rules), Acts(), list[Finding]()
    times, sealed = Brackets(audit.folder, verified.keys), 0
    for fact in opened(audit.folder, verified.size, door.openings()):
        findings += [*fact.findings, *_decided(judge, fact), *acts.findings(fact), *_timed(times, fact)]
        books.fold(fact)
        sealed += fact.sealed
    findings += books.findings
    for view, rows in shown.items():
        findings += books.differences(view, rows)
    return _report(audit, verified, books, (judge, acts), findings, sealed)


def _decided(judge: Judge, fact: Opened) -> Iterable[Finding]:
    """What is not opened is a finding already; it is not decided on half its content."""
    return () if fact.findings else judge.findings(fact)


def _timed(times: Brackets, fact: Opened) -> Iterable[Finding]:
    entry = fact.entry
    if not times.hold(fact.index, entry.at):
        says = "its time does not fit between the checkpoints around it"
        yield Finding(kind="time", row=entry.subject, entry=entry.id, index=fact.index, says=says)


def _report(
    audit: Audit, verified: Report, books: Books, by: tuple[Judge, Acts], findings: Sequence[Finding], sealed: int
) -> AuditReport:
    judge, acts = by
    return AuditReport(
        origin=verified.origin,
        size=verified.size,
        root=verified.root.hex(),
        auditor=audit.auditor,
        audited_at_s=audit.now_s,
        sealed=sealed,
        rows={view: len(rows) for view, rows in books.rows.items()},
        unfolded=books.unfolded[:FINDINGS_SHOWN_MAX],
        decided_again=judge.again,
        not_decided_again=judge.not_again,
        acts_opened=acts.checked,
        findings_total=len(findings),
        findings=in_order(findings)[:FINDINGS_SHOWN_MAX],
    )
