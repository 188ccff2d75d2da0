"""From a token to a signed receipt: what a ticket leads to leaves as ciphertext for the buyer, or as one code."""

import hashlib
import secrets
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass

import orjson
import structlog

from exchange.wire import canonical
from exchange.wire.entries import commitment
from exchange.wire.keys import PrivateKey
from exchange.wire.receipts import Receipt, SealedOutput
from exchange.wire.refusals import Refusal, Refused
from exchange.wire.sealing import RecipientKey, content, seal
from workers import computations, gate
from workers.claims import Claim, Claims
from workers.cohort import NOBODY, Cohorts
from workers.engines import Engine
from workers.fitness import Watched

RESULT_TYPE = "application/vnd.dx.result+json"
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it leaves: sealed, with what the receipt says of it."""

    output: SealedOutput
    ciphertext: bytes
    plan_digest: str


@dataclass(frozen=True, slots=True)
class Runner:
    """One domain at work: its gate, its journal, its engine, its key, its clock (Unix seconds)."""

    keeper: gate.Gatekeeper
    claims: Claims
    engine: Engine
    key: PrivateKey
    consistency: gate.Consistency
    clock_s: Callable[[], int]
    concluded: Callable[[], None]
    """Called when there is something new to report."""
    cohorts: Cohorts = NOBODY

    def handle(self, token: str) -> None:
        """Run one ticket, or refuse it. What was not proven leaves no trace but a code in this domain's own log."""
        try:
            proven = self._proven(token)
        except Refused as refused:
            # A log that did not simply grow is nothing a broker can bring about: somebody should look.
            say = log.error if refused.code is Refusal.LOG_INCONSISTENT else log.warning
            say("ticket.dropped", code=refused.code.value)
            return
        ticket = proven.ticket
        started_s = self.clock_s()
        if not self.claims.claim(Claim(ticket.id, proven.digest, ticket.order_id, ticket.licence_id, started_s)):
            log.info("ticket.again", code=Refusal.ALREADY_RUN.value, ticket=ticket.id)
            return
        self._conclude(proven, self._outcome(proven), started_s)

    def recover(self) -> None:
        """Tickets that were running when this domain died are not run again: it says so, and the buyer is refunded."""
        for claim in self.claims.unfinished():
            receipt = Receipt(
                ticket_id=claim.ticket_id,
                ticket_digest=claim.ticket_digest,
                order_id=claim.order_id,
                domain=self.keeper.domain,
                output=None,
                refusal=Refusal.INTERRUPTED,
                plan_digest=None,
                spent_nrho=self.claims.budget.spent_nrho(claim.ticket_id),
                policy_digest=self.keeper.policy_digest,
                log_size=0,
                started_at_s=claim.claimed_at_s,
                finished_at_s=self.clock_s(),
            )
            self.claims.conclude(claim.ticket_id, _report(receipt, self.key, None))

    def _proven(self, token: str) -> gate.Proven:
        origin = self.keeper.log_vkeys[0].split("+", 1)[0]
        while True:
            seen = self.claims.seen(origin)
            proven = gate.prove(token, self.keeper, seen=seen, consistency=self.consistency)
            new = proven.checkpoint
            # This domain's witness looks at the same log: if it saw something since, the ticket is held to that too.
            if self.claims.see(origin, new.size, new.root, proven.note, after=seen):
                return proven

    def _outcome(self, proven: gate.Proven) -> Answer | Refusal:
        """The sealed answer, or a code. No other word of any failure gets past this line."""
        try:
            runs = self.claims.runs(proven.ticket.licence_id)
            admitted = gate.admit(proven, self.keeper, now_s=self.clock_s(), runs=runs)
            watched = Watched(self.engine, lambda: self.keeper.fits(proven.ticket.controls_digest))
            engine = self.cohorts.narrowed(watched, admitted)
            answer, plan_digest = computations.run(admitted, engine, self.claims.budget)
            return _sealed(canonical.encode(answer), plan_digest, proven)
        except Refused as refused:
            return refused.code
        except Exception as error:
            log.error("ticket.failed", error=type(error).__name__)
            return Refusal.COMPUTATION_FAILED

    def _conclude(self, proven: gate.Proven, outcome: Answer | Refusal, started_s: int) -> None:
        answer = outcome if isinstance(outcome, Answer) else None
        receipt = Receipt(
            ticket_id=proven.ticket.id,
            ticket_digest=proven.digest,
            order_id=proven.ticket.order_id,
            domain=self.keeper.domain,
            output=answer.output if answer else None,
            refusal=None if isinstance(outcome, Answer) else outcome,
            plan_digest=answer.plan_digest if answer else None,
            spent_nrho=self.claims.budget.spent_nrho(proven.ticket.id),
            policy_digest=self.keeper.policy_digest,
            log_size=proven.checkpoint.size,
            started_at_s=started_s,
            finished_at_s=self.clock_s(),
        )
        self.claims.conclude(proven.ticket.id, _report(receipt, self.key, answer.ciphertext if answer else None))
        self.concluded()


def _sealed(answer: bytes, plan_digest: str, proven: gate.Proven) -> Answer:
    """The answer with the salt of its commitment, sealed to the buyer and bound to order and ticket."""
    salt = secrets.token_bytes(32)
    recipient = RecipientKey.parsed(proven.ticket.recipient_key)
    ciphertext = seal(content(answer, salt), recipient, order_id=proven.ticket.order_id, ticket_digest=proven.digest)
    output = SealedOutput(
        ciphertext_sha256=hashlib.sha256(ciphertext).hexdigest(),
        ciphertext_bytes=len(ciphertext),
        recipient_kid=recipient.kid,
        tag=commitment(salt, RESULT_TYPE, answer),
    )
    return Answer(output, ciphertext, plan_digest)


def _report(receipt: Receipt, key: PrivateKey, ciphertext: bytes | None) -> bytes:
    sealed = None if ciphertext is None else b64encode(ciphertext).decode()
    return orjson.dumps({"receipt": receipt.signed(key).model_dump(), "ciphertext": sealed})
