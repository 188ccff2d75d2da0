"""The rails of a running exchange, opened over a folder of their own. Limits come from the wallets table."""

from pathlib import Path

from exchange.access.model import Participant
from exchange.access.service import EXCHANGE_ID
from exchange.kernel.caller import NOBODY
from exchange.kernel.unit import Ground
from exchange.settlement.bank_files import BankFiles
from exchange.settlement.rails import Account, Rail, Rails, Wallet
from exchange.settlement.simulated import Simulator
from policies.wallets import caps


def opened(ground: Ground, folder: Path | None, *, bank_account: str = "") -> Rails:
    """A bank in files where an account with one is named, else a simulator; and simulated e-CNY wallets.

    Without a folder both are simulators that forget all at their end.
    """
    if folder is not None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    limits = {wallet: found for wallet in Wallet if (found := caps(ground.policies, wallet.value)) is not None}

    def simulator(name: str) -> Simulator:
        place = None if folder is None else folder / f"{name}.db"
        return Simulator(name, place, lambda: ground.calendar.today(ground.clock()), limits)

    bank: Rail = simulator("bank") if folder is None or not bank_account else _files(ground, folder, bank_account)
    return Rails(bank=bank, ecny=simulator("ecny"))


def _files(ground: Ground, folder: Path, bank_account: str) -> BankFiles:
    with ground.reading(NOBODY) as unit:
        name = unit.load(Participant, EXCHANGE_ID).org_name or "exchange"
    debtor = Account(EXCHANGE_ID, Wallet.BANK, bank_account, name)
    return BankFiles(folder / "bank", ground.clock, lambda: ground.calendar.today(ground.clock()), debtor)
