"""What an individual does: apply, consent, take it back, see what its data was used for and earned, be paid."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from exchange.client.connection import Connection, Json
from exchange.client.wallet import Wallet


class Persons:
    """Reached as `Exchange.persons`."""

    def __init__(self, http: Connection) -> None:
        self._http = http

    def apply(self, form: Mapping[str, Any], wallet: Wallet) -> Json:
        """Apply as an individual; the wallet learns who it is."""
        ask = {**form, "api_key_sha256": wallet.secret_sha256}
        applied = self._http.post("/v1/individuals", ask, key=f"apply-{wallet.secret_sha256}")
        wallet.learn(applied["participant"]["id"], applied["key_id"])
        return applied

    def consent(self, form: Mapping[str, Any]) -> Json:
        return self._http.post("/v1/consents", form)

    def consents(self) -> list[Any]:
        """One's own; for who holds the data, those for its assets."""
        return self._http.pages("/v1/consents?limit=200")

    def step(self, consent_id: str, verb: str, form: Mapping[str, Any] | None = None) -> Json:
        """countersign (guardian), activate (who holds the data), withdraw."""
        return self._http.post(f"/v1/consents/{quote(consent_id, safe='')}:{verb}", form)

    def uses(self) -> list[Any]:
        return self._http.pages("/v1/individuals/uses")

    def proceeds(self) -> list[Any]:
        return self._http.pages("/v1/individuals/proceeds")

    def payouts(self) -> list[Any]:
        return self._http.pages("/v1/individuals/payouts")

    def ask_for_payout(self, asset_id: str) -> Json:
        return self._http.post("/v1/individuals/payouts", {"asset_id": asset_id})

    def bind_wallet(self, asset_id: str, wallet: str, reference: str) -> Json:
        return self._http.post(
            "/v1/individuals/accounts", {"asset_id": asset_id, "wallet": wallet, "reference": reference}
        )
