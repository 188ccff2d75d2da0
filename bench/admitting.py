"""Tickets as the gate lets them through, for a bench that asks the worker's own code: no log, queue or signature."""

import time
from collections.abc import Mapping
from typing import Any

from exchange.wire.computations import SqlQuery
from exchange.wire.controls import controls_digest
from exchange.wire.keys import PrivateKey
from exchange.wire.licences import ContractType, FixedPrice, Licence, LicenceTerms, Mode, PrivacyBudget, Purpose
from exchange.wire.notes import Checkpoint
from exchange.wire.sealing import OpeningKey
from exchange.wire.tickets import Ticket
from workers.gate import Admitted, Gatekeeper, Proven, admit

QUERY_NRHO = 50_000_000
BUDGET = PrivacyBudget(query_cap_nrho=QUERY_NRHO, buyer_cap_nrho=10**11, version_cap_nrho=10**11)
_DAY_S = 86_400


class Gate:
    """Admits one question after another, each from a buyer of its own: no answer is there already."""

    def __init__(self, tables: Mapping[str, Any]) -> None:
        self._now_s, self._key, self._asked = int(time.time()), PrivateKey.generated(), 0
        self._digest, self._opening = controls_digest(dict(tables)), OpeningKey(bytes(96))
        self._keeper = Gatekeeper(
            domain="bench", own_key=self._key.public, exchange_key=self._key.public, log_vkeys=(),
            policy_digest="0" * 64, controls=lambda digest: tables, fits=lambda digest: True,
        )  # fmt: skip

    def admitted(self, sql: str) -> Admitted:
        self._asked += 1
        licence = self._licence(f"par_{self._asked}")
        ticket = Ticket(
            id=f"tkt_{self._asked}", order_id=f"ord_{self._asked}", licence_id=licence.id, licence_digest="0" * 64,
            asset_id=licence.asset_id, provider_id=licence.provider_id, buyer_id=licence.buyer_id,
            domain=licence.domain, purpose=Purpose.HEALTH_RESEARCH, territory="CN", mode=Mode.RESULT,
            computation=SqlQuery(kind="sql", sql=sql), k_min=licence.k_min,
            dominance_bp_max=licence.dominance_bp_max, rho_nrho=QUERY_NRHO, controls_digest=self._digest,
            policy_digest="0" * 64, recipient_key=self._opening.public.text, issued_at_s=self._now_s - 10,
            expires_at_s=self._now_s + _DAY_S,
        )  # fmt: skip
        proven = Proven(ticket, "0" * 64, licence, None, None, Checkpoint("bench", 0, bytes(32)), "")
        return admit(proven, self._keeper, now_s=self._now_s, runs=1)

    def _licence(self, buyer_id: str) -> Licence:
        terms = LicenceTerms(
            purposes=(Purpose.HEALTH_RESEARCH,), territories=("CN",), modes=(Mode.RESULT,),
            valid_from_s=self._now_s - _DAY_S, valid_to_s=self._now_s + _DAY_S, jobs_max=10,
            price=FixedPrice(model="P1", price_fen=100), split_template="T1", onward="NONE", derived_right="INTERNAL",
            retention_days=30, contract_type=ContractType.PROVISION,
        )  # fmt: skip
        return Licence(
            id="lic_1", listing_id="lst_1", asset_id="ast_1", provider_id="par_provider", buyer_id=buyer_id,
            domain="bench", controls_digest=self._digest, recipient_kid=self._opening.public.kid, k_min=10,
            dominance_bp_max=7_000, budget=BUDGET, terms=terms,
        )  # fmt: skip
