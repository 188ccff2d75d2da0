"""What those do who pay and are paid: accounts, payouts, batches, the bank's files, the books compared."""

from typing import Any
from urllib.parse import quote

from exchange.client.connection import Connection, Json, TimedOut


class Money:
    """Reached as `Exchange.money`."""

    def __init__(self, http: Connection) -> None:
        self._http = http

    def batch(self, batch_id: str) -> Json:
        return self._http.get(f"/v1/settlement/batches/{quote(batch_id, safe='')}")

    def wait_for_batch(self, batch_id: str, *, deadline_s: float) -> Json:
        """Ask again until all of it is paid. Raises `TimedOut`."""
        found: Json | None = self._http.until(lambda: self._paid(batch_id), deadline_s=deadline_s)
        if found is None:
            raise TimedOut("the batch is still under way")
        return found

    def payouts(self) -> list[Any]:
        """One's own; all of them for those who settle or oversee."""
        return self._http.pages("/v1/settlement/payouts?limit=200")

    def accounts(self) -> list[Any]:
        return self._http.pages("/v1/settlement/accounts?limit=200")

    def bind_account(self, wallet: str, reference: str) -> Json:
        """Say where one is paid: a kind of wallet, and its number or alias."""
        return self._http.post("/v1/settlement/accounts", {"wallet": wallet, "reference": reference})

    def verify_account(self, payee_id: str, account_digest: str) -> Json:
        return self._do("accounts", payee_id, "verify", account_digest)

    def fix_payout(self, payout_id: str, account_digest: str) -> Json:
        """Say that the payee's account is verified; the second person to do so sends the payout again."""
        return self._do("payouts", payout_id, "fix", account_digest)

    def reconciliation(self, rail: str) -> Json:
        """The books beside a rail: every difference by its name."""
        return self._http.get(f"/v1/settlement/reconciliation?rail={quote(rail, safe='')}")

    def bank_files(self) -> list[Any]:
        """What the bank has sent, and what became of it."""
        return self._http.pages("/v1/settlement/bank-files")

    def hand_in(self, name: str, content: str) -> Json:
        """A file of the bank, brought by hand."""
        return self._http.post("/v1/settlement/bank-files", {"name": name, "content": content})

    def _paid(self, batch_id: str) -> Json | None:
        batch = self.batch(batch_id)
        return batch if batch["state"] == "PAID" else None

    def _do(self, kind: str, one: str, verb: str, account_digest: str) -> Json:
        path = f"/v1/settlement/{kind}/{quote(one, safe='')}:{verb}"
        return self._http.post(path, {"account_digest": account_digest})
