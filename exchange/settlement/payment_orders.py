"""Payment orders as the bank takes them: pain.001.001.09, valid by its schema. Pure; amounts are CNY, never floats."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from pyiso20022.pain import pain_001_001_09 as out
from xsdata.formats.dataclass.serializers import XmlSerializer
from xsdata.models.datatype import XmlDate, XmlDateTime

from exchange.settlement.iso_schemas import SPACE, hold

_SCHEMA = "pain001/templates/pain.001.001.09/pain.001.001.09.xsd"


@dataclass(frozen=True, slots=True)
class Transfer:
    """One payment to be made. `end_to_end_id` comes back in every word the bank says of it."""

    end_to_end_id: str
    amount_fen: int
    name: str
    account: str


@dataclass(frozen=True, slots=True)
class Order:
    """A file of payments, from one account of ours. `message_id` tells a copy from a second file."""

    message_id: str
    created_at: XmlDateTime
    pay_on: date
    debtor: str
    debtor_account: str
    transfers: Sequence[Transfer]


def written(order: Order) -> bytes:
    """The payment order as XML, valid by its schema."""
    total = sum(transfer.amount_fen for transfer in order.transfers)
    count, paying = str(len(order.transfers)), _party(order.debtor)
    information = out.PaymentInstruction30(
        pmt_inf_id=order.message_id,
        pmt_mtd=out.PaymentMethod3Code.TRF,
        nb_of_txs=count,
        ctrl_sum=_yuan(total),
        reqd_exctn_dt=out.DateAndDateTime2Choice(dt=XmlDate.from_date(order.pay_on)),
        dbtr=paying,
        dbtr_acct=_account(order.debtor_account),
        dbtr_agt=_agent(),
        cdt_trf_tx_inf=[_transfer(transfer) for transfer in order.transfers],
    )
    header = out.GroupHeader85(
        msg_id=order.message_id, cre_dt_tm=order.created_at, nb_of_txs=count, ctrl_sum=_yuan(total), initg_pty=paying
    )
    initiation = out.CustomerCreditTransferInitiationV09(grp_hdr=header, pmt_inf=[information])
    document = out.Document(cstmr_cdt_trf_initn=initiation)
    text = XmlSerializer().render(document, ns_map={None: f"{SPACE}pain.001.001.09"}).encode()
    hold(text, _SCHEMA)
    return text


def _yuan(amount_fen: int) -> Decimal:
    return Decimal(amount_fen).scaleb(-2)


def _transfer(transfer: Transfer) -> out.CreditTransferTransaction34:
    amount = out.ActiveOrHistoricCurrencyAndAmount(value=_yuan(transfer.amount_fen), ccy="CNY")
    return out.CreditTransferTransaction34(
        pmt_id=out.PaymentIdentification6(instr_id=transfer.end_to_end_id, end_to_end_id=transfer.end_to_end_id),
        amt=out.AmountType4Choice(instd_amt=amount),
        cdtr=_party(transfer.name),
        cdtr_acct=_account(transfer.account),
    )


def _party(name: str) -> out.PartyIdentification135:
    return out.PartyIdentification135(nm=name)


def _account(number: str) -> out.CashAccount38:
    other = out.GenericAccountIdentification1(id=number)
    return out.CashAccount38(id=out.AccountIdentification4Choice(othr=other))


def _agent() -> out.BranchAndFinancialInstitutionIdentification6:
    """The bank knows itself; the standard's word for what need not be said."""
    known = out.GenericFinancialIdentification1(id="NOTPROVIDED")
    return out.BranchAndFinancialInstitutionIdentification6(
        fin_instn_id=out.FinancialInstitutionIdentification18(othr=known)
    )
