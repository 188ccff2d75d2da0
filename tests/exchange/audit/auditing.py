"""An auditor with a folder, keys of the log and a wallet, at a market in one process."""

from pathlib import Path

from exchange.client.auditing.door import AuditDoor
from exchange.client.auditing.findings import AuditReport
from exchange.client.auditing.replay import Audit, replay
from tests.market import DAY_S, Market


def audited(market: Market, old_note: str | None = None) -> AuditReport:
    """Everything an auditor finds at this moment."""
    folder: Path = market.home / "audit"
    audit = Audit(
        folder / "log", folder / "rules", market.admin.about()["log_vkeys"], "part_auditor", market.now_s, old_note
    )
    return replay(AuditDoor(market.staff["auditor"]), audit, deadline_s=0)


def traded(market: Market) -> str:
    """One order from its placing to the last payout; answers with its id."""
    order_id = market.ordered()
    market.works()
    market.buyer.accept(order_id)
    batch = market.staff["settlement clerk"].close_day()
    market.passes(DAY_S)
    market.staff["settlement clerk"].pay(batch["id"])
    market.teller.run_once()
    market.logs()
    return order_id
