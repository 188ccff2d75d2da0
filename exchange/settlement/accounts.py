"""Where a payee is paid: an account or wallet it named, and that staff of the exchange has verified by name.

Give a wallet's alias, not a telephone number: what is here is read by those who settle. Never holds a balance.
"""

import hashlib
from typing import Any

from exchange.access.model import Participant
from exchange.kernel import errors, ids
from exchange.kernel.caller import Role
from exchange.kernel.entity import Entity, Event
from exchange.kernel.unit import Unit
from exchange.settlement.rails import Account, Wallet
from exchange.wire import canonical
from exchange.wire.acts import Digest


class AccountBound(Event):
    """The payee wants to be paid here. Nothing is paid here before it is verified."""

    payee_id: str
    wallet: Wallet
    reference: str
    account_digest: Digest
    by: str


class AccountVerified(Event):
    """Somebody who settles has seen that the account is in the payee's name."""

    account_digest: Digest
    by: str


class PayeeAccount(Entity):
    """The account of one payee. A new one is used once it is verified; until then the last verified one is."""

    NEXT = {
        ("NEW", AccountBound): "BOUND",
        ("BOUND", AccountBound): "BOUND",
        ("BOUND", AccountVerified): "VERIFIED",
        ("VERIFIED", AccountBound): "BOUND",
    }
    payee_id: str = ""
    wallet: Wallet = Wallet.BANK
    reference: str = ""
    account_digest: str = ""
    bound_by: str = ""
    used_wallet: Wallet = Wallet.BANK
    used_reference: str = ""
    """What is used: the last that was verified, empty before the first."""

    def learned(self, event: Event) -> dict[str, Any]:
        known = super().learned(event)
        if isinstance(event, AccountBound):
            known["bound_by"] = event.by
        elif isinstance(event, AccountVerified):
            known |= {"used_wallet": self.wallet, "used_reference": self.reference}
        return known


def account_of(unit: Unit, payee_id: str) -> PayeeAccount:
    """The account of a payee, NEW if it never named one."""
    return unit.load(PayeeAccount, ids.derived("acc", payee_id))


def bind(unit: Unit, payee_id: str, wallet: Wallet, reference: str) -> PayeeAccount:
    """Name where a payee is paid. Whether `payee_id` is the caller's to speak for is the slice's to know that asks."""
    digest = hashlib.sha256(canonical.encode({"reference": reference, "wallet": wallet.value})).hexdigest()
    fact = AccountBound(
        payee_id=payee_id, wallet=wallet, reference=reference, account_digest=digest, by=unit.caller.person_id
    )
    return unit.record(account_of(unit, payee_id), fact)


def verify(unit: Unit, payee_id: str, account_digest: str) -> PayeeAccount:
    """Verified by name (table 4.1, A10): the digest says which account this person has looked at."""
    unit.caller.require(Role.SETTLEMENT)
    account = unit.get(PayeeAccount, ids.derived("acc", payee_id))
    if account.account_digest != account_digest:
        raise errors.Guarded("the payee has named another account since", code="E_ACCOUNT")
    if account.bound_by == unit.caller.person_id:
        raise errors.Guarded("a second person must verify it", code="E_SECOND_PERSON")
    return unit.record(account, AccountVerified(account_digest=account_digest, by=unit.caller.person_id))


def payable_to(unit: Unit, payee_id: str) -> Account | None:
    """Where a payee is paid now: what was verified last; else, for an organisation, what it named when activated."""
    used = account_of(unit, payee_id)
    if not payee_id.startswith("part_"):
        # A pseudonym: its wallet is all that is known of it.
        return Account(payee_id, used.used_wallet, used.used_reference, payee_id) if used.used_reference else None
    participant = unit.load(Participant, payee_id)
    name = participant.org_name or payee_id
    if used.used_reference:
        return Account(payee_id, used.used_wallet, used.used_reference, name)
    return Account(payee_id, Wallet.BANK, participant.wallet or payee_id, name)
