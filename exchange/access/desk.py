"""Keys and nodes: who may act for a participant, and which domains are its own. Nobody hands out more than it holds."""

from exchange.access.asks import KeyAsk, NodeAsk
from exchange.access.keys import ApiKey, ApiKeyIssued, ApiKeyRevoked
from exchange.access.nodes import Node, NodeRegistered, NodeRetired
from exchange.access.service import EXCHANGE_ID, active
from exchange.kernel import ids
from exchange.kernel.caller import Caller, Role
from exchange.kernel.errors import Forbidden, Guarded, Malformed, NotFound
from exchange.kernel.unit import Unit
from exchange.wire.keys import BadKey, PublicKey

REGULATOR_ID, AUDITOR_ID = "part_regulator", "part_auditor"
HOUSES = {
    Role.ADMIN: EXCHANGE_ID,
    Role.REVIEWER: EXCHANGE_ID,
    Role.REGISTRAR: EXCHANGE_ID,
    Role.COMPLIANCE: EXCHANGE_ID,
    Role.SETTLEMENT: EXCHANGE_ID,
    Role.ARBITER: EXCHANGE_ID,
    Role.REGULATOR: REGULATOR_ID,
    Role.AUDITOR: AUDITOR_ID,
}
"""For whom each duty acts: these are appointed, not admitted."""
PROVIDERS = (Role.SUPPLIER, Role.DATA_MERCHANT, Role.AUTH_OPERATOR, Role.CUSTODIAN)
"""Who may have a domain."""


def issue_key(unit: Unit, ask: KeyAsk) -> ApiKey:
    """A further key: for a person or a node of the caller's own participant, or by an ADMIN for a duty."""
    roles = frozenset(ask.roles)
    participant = active(unit, _house(unit, roles))
    issued = ApiKeyIssued(
        participant_id=participant.id,
        person_id=ask.person_id or ids.fresh("psn"),
        roles=tuple(sorted(roles)),
        sha256=ask.sha256,
        person_name=ask.person_name,
        by=unit.caller.person_id,
    )
    return unit.record(ApiKey(id=ids.fresh("key")), issued, refs=(participant.head,))


def rotate_key(unit: Unit, key_id: str, sha256: str) -> ApiKey:
    """The same person and roles under a new secret; the old one ends at once.

    An ADMIN may end anybody's key and rotates none but its own: who sets a secret acts as the person it stands for.
    """
    old = _mine(unit, key_id)
    issued = ApiKeyIssued(
        participant_id=old.participant_id,
        person_id=old.person_id,
        roles=old.roles,
        sha256=sha256,
        by=unit.caller.person_id,
    )
    old = unit.record(old, ApiKeyRevoked(by=unit.caller.person_id))
    return unit.record(ApiKey(id=ids.fresh("key")), issued, refs=(old.head,))


def revoke_key(unit: Unit, key_id: str) -> ApiKey:
    key = unit.get(ApiKey, key_id) if Role.ADMIN in unit.caller.roles else _mine(unit, key_id)
    return unit.record(key, ApiKeyRevoked(by=unit.caller.person_id))


def register_node(unit: Unit, ask: NodeAsk) -> Node:
    """Give a domain its name. The domain made its keys and its broker password itself; no secret comes here."""
    unit.caller.require(*PROVIDERS)
    participant = active(unit, unit.caller.participant_id)
    try:
        signing_key = PublicKey.parsed(ask.signing_key)
    except BadKey:
        raise Malformed("not a public key", code="E_KEY") from None
    node = unit.load(Node, ids.derived("node", ask.domain))
    if node.version > 0:
        raise Guarded("the name of the domain is taken", code="E_DOMAIN_TAKEN")
    registered = NodeRegistered(
        domain=ask.domain,
        participant_id=participant.id,
        signing_key=signing_key.text,
        broker_sha256=ask.broker_sha256,
        by=unit.caller.person_id,
    )
    return unit.record(node, registered, refs=(participant.head,))


def retire_node(unit: Unit, domain: str) -> Node:
    unit.caller.require(*PROVIDERS)
    node = unit.get(Node, ids.derived("node", domain))
    if node.participant_id != unit.caller.participant_id:
        raise NotFound("no such node")
    return unit.record(node, NodeRetired(by=unit.caller.person_id))


def _house(unit: Unit, roles: frozenset[Role]) -> str:
    """For whom the new key will act, if the caller may hand out these roles."""
    if roles.isdisjoint(HOUSES):
        if not roles <= _held(unit.caller):
            raise Forbidden("nobody hands out more than it holds")
        return unit.caller.participant_id
    # A duty comes from an ADMIN alone: a reviewer must not make itself a second reviewer.
    unit.caller.require(Role.ADMIN)
    houses = {HOUSES.get(role, "") for role in roles}
    if len(houses) != 1 or (Role.ADMIN in roles and len(roles) > 1):
        raise Guarded("these duties are kept apart", code="E_DUTIES")
    return houses.pop()


def _mine(unit: Unit, key_id: str) -> ApiKey:
    """A key the caller may set the secret of: this very one, or one of its participant that can do no more than it.

    The name of a person is given by whoever issues a key, so bearing it gives nothing. A machine manages no keys.
    """
    key, caller = unit.get(ApiKey, key_id), unit.caller
    covered = key.participant_id == caller.participant_id and {Role(role) for role in key.roles} <= _held(caller)
    on_duty = not caller.roles.isdisjoint(HOUSES)
    manages = key.person_id == caller.person_id if on_duty else not caller.roles <= {Role.NODE}
    if key.id == caller.key_id or (covered and manages):
        return key
    raise NotFound("no such key")


def _held(caller: Caller) -> frozenset[Role]:
    """What a caller has to give: its roles, and for those who may have a domain the role of a node."""
    return caller.roles | ({Role.NODE} if caller.roles.intersection(PROVIDERS) else frozenset())
