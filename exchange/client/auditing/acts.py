"""Acts of weight, opened where the log holds them: signed by whom, with the key valid at that place, and over what.

A licence bears both parties' signatures, a ticket the exchange's and the licence it rests on, a receipt its domain's,
the ticket it answers and the ciphertext that was kept. Goes through the facts in the order of the log; asks nobody.
"""

from collections.abc import Callable, Mapping
from typing import Any

from exchange.client.auditing.findings import Finding
from exchange.client.auditing.openings import Opened
from exchange.wire.admissions import RulebookSigned
from exchange.wire.envelope import BadEnvelope, Envelope
from exchange.wire.keys import BadKey, PublicKey
from exchange.wire.licences import Licence
from exchange.wire.receipts import Receipt
from exchange.wire.tickets import Ticket

EXCHANGE = "part_exchange"


class ActRefused(Exception):
    """An act is not what it must be. The message says the rule."""


class Acts:
    """What the facts so far let the next act be held against."""

    def __init__(self) -> None:
        self.checked = 0
        self._keys: dict[str, PublicKey] = {}
        self._domains: dict[str, PublicKey] = {}
        self._retired: dict[str, str] = {}
        self._licences: dict[str, str] = {}
        self._tickets: dict[str, str] = {}
        self._sealed: dict[str, tuple[str, int]] = {}
        self._checks: Mapping[str, Callable[[str, Mapping[str, Any]], None]] = {
            "participant.activated": self._activated,
            "node.registered": self._registered,
            "node.retired": self._node_retired,
            "licence.offered": self._offered,
            "licence.agreed": self._agreed,
            "ticket.issued": self._ticket,
            "result.delivered": self._delivered,
            "order.failed": self._failed,
            "sealed_result.kept": self._kept,
        }

    def findings(self, fact: Opened) -> list[Finding]:
        """None, or the one that an act is not what it must be."""
        kind = fact.entry.type
        if kind not in self._checks or fact.findings:
            return []
        self.checked += 1
        try:
            self._checks[kind](fact.entry.subject, fact.content)
        except ActRefused as refused:
            says = str(refused)
        except (BadEnvelope, BadKey):
            says = "it is not signed by the key that was valid at its place"
        except (KeyError, TypeError, ValueError):
            says = "the act in it cannot be read"
        else:
            return []
        return [Finding(kind="act", row=fact.entry.subject, entry=fact.entry.id, index=fact.index, says=says)]

    def _activated(self, subject: str, said: Mapping[str, Any]) -> None:
        if not said["signing_key"]:
            return  # The houses with which the exchange was founded sign nothing.
        key = PublicKey.parsed(said["signing_key"])
        if said["envelope"]:
            signed = RulebookSigned.opened(Envelope.parsed(said["envelope"]), (key,))
            _hold(
                (signed.participant_id, signed.policy_digest), (subject, said["policy_digest"]), "the rulebook signed"
            )
        self._keys[subject] = key

    def _registered(self, subject: str, said: Mapping[str, Any]) -> None:
        self._domains[said["domain"]] = PublicKey.parsed(said["signing_key"])
        self._retired[subject] = said["domain"]

    def _node_retired(self, subject: str, _: Mapping[str, Any]) -> None:
        self._domains.pop(self._retired.get(subject, ""), None)

    def _offered(self, _: str, said: Mapping[str, Any]) -> None:
        envelope = Envelope.model_validate(said["envelope"])
        Licence.opened(envelope, (self._of_domain(Licence.peeked(envelope).domain),))

    def _agreed(self, subject: str, said: Mapping[str, Any]) -> None:
        envelope = Envelope.model_validate(said["envelope"])
        claimed = Licence.peeked(envelope)
        licence = Licence.opened(envelope, (self._of_domain(claimed.domain), self._of(claimed.buyer_id)))
        _hold((licence.id, envelope.digest), (subject, said["digest"]), "the licence signed")
        self._licences[subject] = envelope.digest

    def _ticket(self, subject: str, said: Mapping[str, Any]) -> None:
        envelope = Envelope.model_validate(said["ticket"])
        ticket = Ticket.opened(envelope, (self._of(EXCHANGE),))
        _hold((ticket.order_id, envelope.digest), (subject, said["digest"]), "the ticket signed")
        _hold(ticket.licence_digest, self._licences.get(ticket.licence_id), "the licence under the ticket")
        self._tickets[subject] = envelope.digest

    def _failed(self, subject: str, said: Mapping[str, Any]) -> None:
        self._receipt(subject, said)

    def _receipt(self, subject: str, said: Mapping[str, Any]) -> Receipt:
        envelope = Envelope.model_validate(said["receipt"])
        receipt = Receipt.opened(envelope, (self._of_domain(Receipt.peeked(envelope).domain),))
        wanted = (subject, self._tickets.get(subject))
        _hold((receipt.order_id, receipt.ticket_digest), wanted, "the ticket under the receipt")
        return receipt

    def _delivered(self, subject: str, said: Mapping[str, Any]) -> None:
        output = self._receipt(subject, said).output
        if output is None:
            raise ActRefused("a result was delivered on a receipt that names none")
        _hold(output.ciphertext_sha256, said["ciphertext_sha256"], "the ciphertext under the receipt")
        self._same_bytes(subject, (output.ciphertext_sha256, output.ciphertext_bytes))

    def _kept(self, _: str, said: Mapping[str, Any]) -> None:
        self._same_bytes(said["order_id"], (said["ciphertext_sha256"], said["ciphertext_bytes"]))

    def _same_bytes(self, order_id: str, sealed: tuple[str, int]) -> None:
        _hold(sealed, self._sealed.setdefault(order_id, sealed), "the ciphertext kept")

    def _of(self, participant_id: str) -> PublicKey:
        if participant_id not in self._keys:
            raise ActRefused("the key that must have signed it is not in the log before it")
        return self._keys[participant_id]

    def _of_domain(self, domain: str) -> PublicKey:
        if domain not in self._domains:
            raise ActRefused("the key that must have signed it is not in the log before it")
        return self._domains[domain]


def _hold(found: object, wanted: object, what: str) -> None:
    if found != wanted:
        raise ActRefused(f"{what} is not the one recorded")
