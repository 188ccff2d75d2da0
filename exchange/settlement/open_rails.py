"""The rails of a running exchange, opened over a folder of their own. Limits come from the wallets table."""

from pathlib import Path

from exchange.kernel.unit import Ground
from exchange.settlement.rails import Rails, Wallet
from exchange.settlement.simulated import Simulator
from policies.wallets import caps


def opened(ground: Ground, folder: Path | None) -> Rails:
    """Both rails as simulators; without a folder they forget all at their end."""
    if folder is not None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    limits = {wallet: found for wallet in Wallet if (found := caps(ground.policies, wallet.value)) is not None}

    def simulator(name: str) -> Simulator:
        place = None if folder is None else folder / f"{name}.db"
        return Simulator(name, place, lambda: ground.calendar.today(ground.clock()), limits)

    return Rails(bank=simulator("bank"), ecny=simulator("ecny"))
