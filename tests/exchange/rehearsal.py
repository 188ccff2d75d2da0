"""A small market for slice tests: a real store, a clock that is moved by hand, and people with roles."""

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime

from exchange.access import desk, service
from exchange.access.asks import Application, NodeAsk, Review
from exchange.access.model import Participant
from exchange.access.uscc import is_uscc
from exchange.kernel.calendar import Calendar
from exchange.kernel.caller import Caller, Role
from exchange.kernel.unit import Ground
from exchange.ledger.store import Store
from exchange.wire.admissions import RulebookSigned
from exchange.wire.envelope import Envelope
from exchange.wire.keys import PrivateKey
from exchange.wire.sealing import OpeningKey
from policies.engine import load_policies

POLICIES = load_policies()
USCC = "91420100MA00000X0W"
SEALING_KEY = OpeningKey.generated().public.text
FOUND = {
    "identity_verified": True,
    "legal_form": True,
    "no_dishonesty": True,
    "source_undertaking": True,
    "mlps_level": 3,
    "handles_high_grade": True,
    "handles_important": False,
    "security_officer": True,
    "handles_pi": True,
    "pi_contact": True,
    "independent": True,
    "competitively_selected": True,
    "wallet_verified": True,
    "expects_payment": True,
    "node_attested": True,
    "mainland": True,
    "sponsor_required": False,
    "sponsored": False,
    "rulebook_signed": True,
}
"""What a reviewer finds of an applicant with whom all is well."""


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def at(text: str) -> int:
    """Microseconds of a time written in Shanghai, such as `2026-03-02 09:00`."""
    return int(datetime.fromisoformat(f"{text}+08:00").astimezone(UTC).timestamp()) * 1_000_000


def staff(role: Role, person: str) -> Caller:
    return Caller(desk.HOUSES[role], f"psn_{person}", frozenset({role}))


FIRST, SECOND = staff(Role.REVIEWER, "first"), staff(Role.REVIEWER, "second")
REGISTRAR, COMPLIANCE = staff(Role.REGISTRAR, "registrar"), staff(Role.COMPLIANCE, "compliance")
ADMIN, REGULATOR = staff(Role.ADMIN, "admin"), staff(Role.REGULATOR, "regulator")


@dataclass(slots=True)
class Market:
    store: Store
    now: int
    ground: Ground = field(init=False)
    codes: int = 0

    def __post_init__(self) -> None:
        self.ground = Ground(self.store, lambda: self.now, POLICIES, Calendar())

    def application(self, *roles: str) -> Application:
        self.codes += 1
        return Application(
            org_name="江城电力",
            uscc=code(self.codes),
            roles=roles,
            territory="CN-HB",
            operates_node="BUYER" not in roles,
            evidence={"identity_verified": digest("licence")},
            legal_representative="王小明",
            api_key_sha256=digest("secret"),
        )

    def applied(self, *roles: str) -> Participant:
        with self.ground.writing(Caller("sys_nobody", "sys_nobody")) as unit:
            return service.apply(unit, self.application(*roles))[0]

    def admitted(self, *roles: str) -> Caller:
        """The person of a participant that went the whole way to ACTIVE."""
        applied = self.applied(*roles)
        with self.ground.writing(FIRST) as unit:
            service.take(unit, applied.id)
        with self.ground.writing(SECOND) as unit:
            service.approve(unit, applied.id, Review(facts=FOUND))
        caller = Caller(applied.id, f"psn_of_{applied.id[5:9]}", frozenset(Role(role) for role in roles))
        with self.ground.writing(caller) as unit:
            service.activate(unit, applied.id, signed(applied.id, unit.policies.digest))
        return caller

    def domain(self, caller: Caller, name: str) -> str:
        key = PrivateKey.generated().public.text
        with self.ground.writing(caller) as unit:
            return desk.register_node(unit, NodeAsk(domain=name, signing_key=key, broker_sha256=digest(name))).domain


def signed(participant_id: str, policy_digest: str, recipient_key: str = SEALING_KEY) -> Envelope:
    key = PrivateKey.generated()
    return RulebookSigned(
        participant_id=participant_id,
        policy_digest=policy_digest,
        signing_key=key.public.text,
        recipient_key=recipient_key,
        wallet="bank:0001",
    ).signed(key)


def code(number: int) -> str:
    """A well-formed unified social credit code, a different one for each number."""
    body = f"91420100MA{number:07d}"
    return next(body + last for last in "0123456789ABCDEFGHJKLMNPQRTUWXY" if is_uscc(body + last))
