"""What a bank writes, for tests: a status report and a notification of bookings, by their schemas."""

from collections.abc import Sequence

SPACE = "urn:iso:std:iso:20022:tech:xsd:"
_HEAD = "<CreDtTm>2026-04-02T10:00:00Z</CreDtTm>"


def status_report(message_id: str, our_message: str, *said: tuple[str, str], version: str = "12") -> str:
    """`said`: end-to-end id and status; RJCT is said with a reason."""
    reason = "<StsRsnInf><Rsn><Cd>AC01</Cd></Rsn></StsRsnInf>"
    words = "".join(
        f"<TxInfAndSts><OrgnlEndToEndId>{known}</OrgnlEndToEndId><TxSts>{status}</TxSts>"
        f"{reason if status == 'RJCT' else ''}</TxInfAndSts>"
        for known, status in said
    )
    return (
        f'<?xml version="1.0"?><Document xmlns="{SPACE}pain.002.001.{version}"><CstmrPmtStsRpt>'
        f"<GrpHdr><MsgId>{message_id}</MsgId>{_HEAD}</GrpHdr><OrgnlGrpInfAndSts><OrgnlMsgId>{our_message}</OrgnlMsgId>"
        f"<OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId></OrgnlGrpInfAndSts><OrgnlPmtInfAndSts>"
        f"<OrgnlPmtInfId>{our_message}</OrgnlPmtInfId>{words}</OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>"
    )


def bookings(
    message_id: str, entries: Sequence[tuple[str, str, str, str]], currency: str = "CNY", account: str = "ESCROW-1"
) -> str:
    """Each entry: DBIT or CRDT, yuan, the reference, and who paid."""
    told = "".join(_entry(*entry, currency) for entry in entries)
    return (
        f'<Document xmlns="{SPACE}camt.054.001.08"><BkToCstmrDbtCdtNtfctn><GrpHdr><MsgId>{message_id}</MsgId>{_HEAD}'
        f"</GrpHdr><Ntfctn><Id>N-{message_id}</Id><Acct><Id><Othr><Id>{account}</Id></Othr></Id></Acct>{told}</Ntfctn>"
        "</BkToCstmrDbtCdtNtfctn></Document>"
    )


def _entry(way: str, yuan: str, reference: str, debtor: str, currency: str) -> str:
    parties = f"<RltdPties><Dbtr><Pty><Nm>{debtor}</Nm></Pty></Dbtr></RltdPties>" if debtor else ""
    return (
        f'<Ntry><Amt Ccy="{currency}">{yuan}</Amt><CdtDbtInd>{way}</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BkTxCd/>'
        f"<NtryDtls><TxDtls><Refs><EndToEndId>{reference}</EndToEndId></Refs>{parties}</TxDtls></NtryDtls></Ntry>"
    )
