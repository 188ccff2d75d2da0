"""A log in memory, a licence, tickets and the domain they are for: all a gate needs, with real keys and real proofs."""

from dataclasses import dataclass, field
from typing import Any

from exchange.wire import canonical, merkle
from exchange.wire.computations import SqlQuery
from exchange.wire.controls import controls_digest
from exchange.wire.deliveries import Delivery
from exchange.wire.entries import SECTION_TYPE, Commit, Entry, commitment
from exchange.wire.envelope import Envelope
from exchange.wire.keys import PrivateKey
from exchange.wire.licences import ContractType, FixedPrice, Licence, LicenceTerms, Mode, Purpose
from exchange.wire.notes import Checkpoint, LogSigner
from exchange.wire.proofs import LogProof
from exchange.wire.sealing import OpeningKey
from exchange.wire.tickets import Ticket
from workers.gate import Gatekeeper

ORIGIN = "log.example/test"
NOW_S = 1_800_000_000
SIGNER = LogSigner(ORIGIN, b"\x01" * 32, b"\x02" * 32)
STRANGER = LogSigner(ORIGIN, b"\x03" * 32, b"\x04" * 32)
EXCHANGE, PROVIDER, OTHER = PrivateKey(b"\x05" * 32), PrivateKey(b"\x06" * 32), PrivateKey(b"\x07" * 32)
BUYER = OpeningKey(b"\x08" * 96)
POLICIES = "a" * 64
SALT = b"\x09" * 32

TABLES: dict[str, Any] = {
    "visits": {
        "unit": "person",
        "units_of": "person",
        "rows_max": 1000,
        "unit_rows_max": 10,
        "columns": {
            "person": {"type": "int", "uses": ["join"], "not_null": True},
            "ward": {"type": "int", "uses": ["group", "filter"], "bounds": [0, 6], "not_null": True},
        },
    }
}
DIGEST = controls_digest(TABLES)
SQL = "SELECT ward, count(*) AS n FROM visits GROUP BY ward"

TERMS = LicenceTerms(
    purposes=(Purpose.HEALTH_RESEARCH,),
    territories=("CN",),
    modes=(Mode.RESULT,),
    valid_from_s=NOW_S - 1000,
    valid_to_s=NOW_S + 100_000,
    jobs_max=10,
    price=FixedPrice(model="P1", price_fen=100),
    split_template="T1",
    onward="NONE",
    derived_right="INTERNAL",
    retention_days=30,
    contract_type=ContractType.PROVISION,
)
LICENCE = Licence(
    id="lic_1",
    listing_id="lst_1",
    asset_id="ast_1",
    provider_id="par_provider",
    buyer_id="par_buyer",
    domain="hosp1",
    controls_digest=DIGEST,
    recipient_kid=BUYER.public.kid,
    k_min=10,
    dominance_bp_max=7_000,
    terms=TERMS,
)
SIGNED_LICENCE = LICENCE.signed(PROVIDER)
KEEPER = Gatekeeper(
    domain="hosp1",
    own_key=PROVIDER.public,
    exchange_key=EXCHANGE.public,
    log_vkeys=tuple(SIGNER.vkeys()),
    policy_digest=POLICIES,
    controls=lambda digest: TABLES if digest == DIGEST else None,
    fits=lambda digest: digest == DIGEST,
)
TICKET = Ticket(
    id="tkt_1",
    order_id="ord_1",
    licence_id="lic_1",
    licence_digest=SIGNED_LICENCE.digest,
    asset_id="ast_1",
    provider_id="par_provider",
    buyer_id="par_buyer",
    domain="hosp1",
    purpose=Purpose.HEALTH_RESEARCH,
    territory="CN",
    mode=Mode.RESULT,
    computation=SqlQuery(kind="sql", sql=SQL),
    k_min=10,
    dominance_bp_max=7_000,
    controls_digest=DIGEST,
    policy_digest=POLICIES,
    recipient_key=BUYER.public.text,
    issued_at_s=NOW_S - 10,
    expires_at_s=NOW_S + 890,
)


def ticket(**changed: Any) -> Ticket:
    """The good ticket, with some of it changed."""
    return TICKET.model_copy(update=changed)


def content_of(envelope: Envelope) -> bytes:
    return canonical.encode({"ticket": envelope.model_dump(), "ticket_id": "tkt_1"})


def entry_of(content: bytes, kind: str = "ticket.issued", what: str = "content") -> bytes:
    return Entry(
        actor="sys_exchange",
        at=NOW_S * 1_000_000,
        commit=(Commit(tag=commitment(SALT, SECTION_TYPE, content), what=what),),
        id="evt_1",
        rule="none",
        subject="ord_1",
        type=kind,
        version=1,
    ).encode()


@dataclass
class TinyLog:
    """Leaves in a list, and every proof about them computed anew."""

    leaves: list[bytes] = field(default_factory=list)
    signer: LogSigner = SIGNER

    def add(self, leaf: bytes) -> int:
        self.leaves.append(leaf)
        return len(self.leaves) - 1

    def grow(self, count: int, word: bytes = b"other") -> None:
        self.leaves += [b"%b %d" % (word, len(self.leaves) + i) for i in range(count)]

    def checkpoint(self) -> Checkpoint:
        return Checkpoint(self.signer.origin, len(self.leaves), merkle.root_hash(len(self.leaves), self._node))

    def proof(self, index: int) -> str:
        hashes = tuple(merkle.inclusion_proof(index, len(self.leaves), self._node))
        return LogProof(index, hashes, self.signer.sign(self.checkpoint(), NOW_S * 1_000_000)).text

    def consistency(self, old: int, new: int) -> list[bytes]:
        return merkle.consistency_proof(old, new, self._node)

    def deliver(self, envelope: Envelope, licence: Envelope = SIGNED_LICENCE) -> str:
        """Log a ticket and pack it with its proof, as the exchange does."""
        content = content_of(envelope)
        entry = entry_of(content)
        return packed(entry, content, self.proof(self.add(entry)), licence)

    def _node(self, level: int, index: int) -> bytes:
        span = 1 << level
        return merkle.subtree_hash([merkle.leaf_hash(leaf) for leaf in self.leaves[index * span : (index + 1) * span]])


def packed(entry: bytes, content: bytes, proof: str, licence: Envelope = SIGNED_LICENCE) -> str:
    delivery = Delivery.packed(entry=entry, content=content, salt=SALT, proof=proof, licence=licence)
    return delivery.model_dump_json()
