"""Who plays in the rehearsed market: the exchange's staff and its participants, each with keys of its own."""

import hashlib
import secrets
from dataclasses import dataclass
from pathlib import Path
from string import ascii_uppercase, digits
from typing import Any

from exchange.access.uscc import is_uscc
from exchange.client.api import Exchange
from exchange.client.wallet import Wallet

STAFF = {
    "first reviewer": "REVIEWER",
    "second reviewer": "REVIEWER",
    "registrar": "REGISTRAR",
    "first compliance officer": "COMPLIANCE",
    "second compliance officer": "COMPLIANCE",
    "settlement clerk": "SETTLEMENT",
    "auditor": "AUDITOR",
}
FOUND: dict[str, bool | int] = {
    "identity_verified": True,
    "legal_form": True,
    "no_dishonesty": True,
    "source_undertaking": True,
    "mlps_level": 3,
    "handles_high_grade": False,
    "handles_important": False,
    "security_officer": True,
    "handles_pi": False,
    "pi_contact": True,
    "independent": True,
    "competitively_selected": False,
    "wallet_verified": True,
    "expects_payment": True,
    "node_attested": True,
    "mainland": True,
    "sponsor_required": False,
    "sponsored": False,
    "rulebook_signed": True,
}
"""What the reviewer found at every applicant of this rehearsal; the admission table asks for each of these."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a credential."""

    name: str
    at: Exchange


@dataclass(frozen=True, slots=True)
class Member:
    """An admitted participant: its wallet at home and its door to the exchange."""

    name: str
    wallet: Wallet
    at: Exchange

    @property
    def id(self) -> str:
        return self.wallet.identity.participant_id


def uscc(number: int) -> str:
    """A well-formed social credit code of nobody (rulebook 4.1)."""
    body = f"91420100MA{number:06d}X"
    return next(body + check for check in ascii_uppercase + digits if is_uscc(body + check))


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def staff(url: str, admin: Exchange) -> dict[str, Person]:
    """Every duty its own person, every person its own key."""
    people = {}
    for name, role in STAFF.items():
        secret = secrets.token_urlsafe(32)
        key = admin.issue_key(roles=[role], sha256=sha256(secret), person_name=name)
        people[name] = Person(name, Exchange(url, f"dxk_{key['id']}.{secret}"))
    return people


def admitted(
    url: str, people: dict[str, Person], wallets: Path, name: str, *, roles: list[str], number: int, node: bool
) -> Member:
    """From an application to an active participant: two reviewers, the table, the applicant's own signature."""
    wallet = Wallet.made(wallets / name.replace(" ", "-"))
    application: dict[str, Any] = {
        "org_name": name,
        "uscc": uscc(number),
        "roles": roles,
        "territory": "CN-HB",
        "operates_node": node,
        "evidence": {"identity": sha256(name), "undertaking": sha256(f"{name} undertakes")},
        "legal_representative": "Zhang San",
    }
    with Exchange(url) as stranger:
        stranger.apply(application, wallet)
    member = Member(name, wallet, Exchange(url, wallet.credential))
    people["first reviewer"].at.take_application(member.id)
    people["second reviewer"].at.approve(member.id, FOUND)
    member.at.activate(wallet, settlement_wallet="corporate-account")
    return member
