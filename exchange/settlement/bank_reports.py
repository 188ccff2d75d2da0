"""What the bank says: status reports (pain.002) and bookings (camt.054), read. Pure; amounts are CNY, never floats.

A status report is held to the standard's schema; of camt.054 no schema is at hand: its classes decide, strictly.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from pyiso20022.camt import camt_054_001_02, camt_054_001_08
from pyiso20022.pain import pain_002_001_03, pain_002_001_12
from xsdata.exceptions import ParserError
from xsdata.formats.dataclass.parsers import XmlParser
from xsdata.formats.dataclass.parsers.config import ParserConfig

from exchange.settlement.iso_schemas import SPACE, Unreadable, hold
from exchange.settlement.rails import RailStatus

_STATES = {
    "ACSC": RailStatus.PAID, "ACCC": RailStatus.PAID, "RJCT": RailStatus.REJECTED, "CANC": RailStatus.REJECTED,
}  # fmt: skip
"""What a status means; any other means that the bank is at work."""


@dataclass(frozen=True, slots=True)
class Word:
    """What the bank says of one payment (or, without `end_to_end_id`, of every payment of our `message_id`)."""

    status: RailStatus
    end_to_end_id: str = ""
    message_id: str = ""
    amount_fen: int | None = None
    code: str = ""
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Credit:
    """Money that came in."""

    reference: str
    amount_fen: int
    debtor: str


@dataclass(frozen=True, slots=True)
class Read:
    """A file of the bank, read. `message_id` is its own; `accounts` are those whose bookings it tells of."""

    kind: str
    message_id: str
    words: tuple[Word, ...]
    credits: tuple[Credit, ...]
    accounts: frozenset[str] = frozenset()


def read(content: bytes) -> Read:
    """A status report or a notification of bookings. Raises `Unreadable`, which says nothing of the content."""
    kind = next((one for one in _KINDS if f'{SPACE}{one}"'.encode() in content[:2_000].replace(b"'", b'"')), None)
    if kind is None:
        raise Unreadable("not a kind of file we read")
    document, schema, understood = _KINDS[kind]
    hold(content, schema)
    try:
        config = ParserConfig(fail_on_converter_warnings=True)
        return understood(kind, XmlParser(config=config).from_bytes(content, document))
    except (ParserError, ValueError, TypeError, AttributeError, ArithmeticError):
        raise Unreadable("not as its schema says") from None


def _status_report(kind: str, document: Any) -> Read:
    report = document.cstmr_pmt_sts_rpt
    group = report.orgnl_grp_inf_and_sts
    words = []
    if group.grp_sts is not None and not report.orgnl_pmt_inf_and_sts:
        words.append(Word(_status(group.grp_sts), message_id=group.orgnl_msg_id, code=_reason(group)))
    for information in report.orgnl_pmt_inf_and_sts:
        if information.pmt_inf_sts is not None and not information.tx_inf_and_sts:
            status, code = _status(information.pmt_inf_sts), _reason(information)
            words.append(Word(status, message_id=group.orgnl_msg_id, code=code))
        for one in information.tx_inf_and_sts:
            known, reference = one.orgnl_end_to_end_id or "", one.acct_svcr_ref or ""
            word = Word(_status(one.tx_sts), end_to_end_id=known, code=_reason(one), reference=reference)
            words.append(word)
    return Read(kind, report.grp_hdr.msg_id, tuple(words), ())


def _bookings(kind: str, document: Any) -> Read:
    notice = document.bk_to_cstmr_dbt_cdt_ntfctn
    words: list[Word] = []
    credits: list[Credit] = []
    for entry, detail in _booked(notice):
        references = getattr(detail, "refs", None)
        amount_fen = _fen(getattr(detail, "amt", None) or _instructed(detail) or entry.amt)
        known = getattr(references, "end_to_end_id", None) or ""
        booked_as = entry.acct_svcr_ref or getattr(references, "acct_svcr_ref", None) or ""
        if _plain(entry.cdt_dbt_ind) == "DBIT":
            words.append(Word(RailStatus.PAID, end_to_end_id=known, amount_fen=amount_fen, reference=booked_as))
        else:
            credits.append(Credit(_named(entry, detail, known), amount_fen, _debtor(detail)))
    accounts = frozenset(_number(account.acct.id) for account in notice.ntfctn)
    return Read(kind, notice.grp_hdr.msg_id, tuple(words), tuple(credits), accounts)


def _number(account: Any) -> str:
    return str(account.iban or account.othr.id)


def _booked(notice: Any) -> Iterator[tuple[Any, Any]]:
    """Each transaction that is booked, None where an entry has no details; what is only announced says nothing yet."""
    for account in notice.ntfctn:
        for entry in account.ntry:
            if _plain(getattr(entry.sts, "cd", entry.sts)) == "BOOK":
                details = [detail for details in entry.ntry_dtls for detail in details.tx_dtls]
                yield from ((entry, detail) for detail in details or [None])


def _named(entry: Any, detail: Any, end_to_end_id: str) -> str:
    """Under what an incoming payment was sent: what the payer gave it, else what it wrote, else the bank's own word."""
    told = getattr(getattr(detail, "rmt_inf", None), "ustrd", None) or [entry.ntry_ref or entry.acct_svcr_ref or ""]
    return end_to_end_id if end_to_end_id not in ("", "NOTPROVIDED") else str(told[0])


def _instructed(detail: Any) -> Any:
    found = getattr(detail, "amt_dtls", None)
    told = found and (found.tx_amt or found.instd_amt)
    return told.amt if told else None


def _debtor(detail: Any) -> str:
    found = getattr(getattr(detail, "rltd_pties", None), "dbtr", None)
    return getattr(getattr(found, "pty", found), "nm", None) or ""


def _status(code: Any) -> RailStatus:
    return _STATES.get(_plain(code), RailStatus.PENDING)


def _reason(about: Any) -> str:
    found = [one.rsn.cd for one in about.sts_rsn_inf if one.rsn is not None and one.rsn.cd]
    return _plain(found[0]) if found else ""


def _plain(code: Any) -> str:
    """Older versions have closed lists of codes, newer ones text."""
    return str(getattr(code, "value", code))


def _fen(amount: Any) -> int:
    fen = amount.value * 100
    if amount.ccy != "CNY" or fen != fen.to_integral_value() or not 0 < fen <= 10**15:
        raise ValueError("amounts are whole fen of yuan")
    return int(fen)


_KINDS: dict[str, tuple[type, str, Callable[[str, Any], Read]]] = {
    "pain.002.001.03": (pain_002_001_03.Document, "pain001/pain002/schemas/pain.002.001.03.xsd", _status_report),
    "pain.002.001.12": (pain_002_001_12.Document, "pain001/pain002/schemas/pain.002.001.12.xsd", _status_report),
    "camt.054.001.02": (camt_054_001_02.Document, "", _bookings),
    "camt.054.001.08": (camt_054_001_08.Document, "", _bookings),
}
"""What is read: the class it is read into, the schema if the standard's is at hand, and what is made of it."""
