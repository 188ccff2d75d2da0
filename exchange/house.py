"""The parts of a running exchange, made from its settings: store, keys, rules, clock. One place, for every process."""

import secrets
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

from exchange.dispatch.doors import Doors
from exchange.dispatch.service import Dispatcher
from exchange.kernel.clock import SECOND, Clock, RehearsalClock, system_clock
from exchange.kernel.unit import Ground
from exchange.ledger.backlog import Backlog
from exchange.ledger.files import kept_secret
from exchange.ledger.guard import Guard, GuardedKeys, Keyholder
from exchange.ledger.keeping import DistantKeys, log_keys
from exchange.ledger.payloads import Keyring
from exchange.ledger.sequencing import SequencerLoop
from exchange.ledger.store import Store
from exchange.orders.clockwork import Clockwork
from exchange.orders.schedules import Planner
from exchange.oversight.timers import TIMERS as ABOVE
from exchange.settings import Settings
from exchange.settlement.open_rails import opened as opened_rails
from exchange.settlement.rails import Rails
from exchange.settlement.teller import Teller
from exchange.wire.keys import PrivateKey
from exchange.wire.log_policy import LogPolicy
from policies.engine import load_policies

FOLLOW_PAUSE_S = 0.02
CLOCKWORK_PAUSE_S = 1.0
TELLER_PAUSE_S = 0.2


@dataclass(frozen=True, slots=True)
class House:
    """What a process of the exchange works with."""

    settings: Settings
    ground: Ground
    log_vkeys: tuple[str, ...]

    @classmethod
    def opened(cls, settings: Settings, *, signs_tickets: bool = False) -> "House":
        """Open the store and read the keys; keys that are not there yet are made, readable by their owner alone.

        A process that signs no tickets holds neither the key for it nor that of personal content.
        """
        settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        settings.secrets.mkdir(mode=0o700, parents=True, exist_ok=True)
        store = Store(settings.database_url)
        ground = Ground(
            store,
            _clock(settings),
            load_policies(),
            key=PrivateKey(seed_in(settings.secrets / "ticket_key")) if signs_tickets else PrivateKey.generated(),
            keyring=Keyring(seed_in(settings.secrets / "payload_kek") if signs_tickets else None),
            pseudonym_key=seed_in(settings.secrets / "pseudonym_key") if signs_tickets else secrets.token_bytes(32),
            # Where the sequencer is a thread of this process, its failure is known without looking.
            backlog=None if settings.embedded else Backlog(store),
            needs_quorum=settings.witness_quorum > 0,
        )
        return cls(settings, ground, _vkeys(settings))

    def sequencer(self, stop: Event, wake: Event) -> SequencerLoop:
        """The one that places facts in the log and signs checkpoints."""
        cadence_s, needs_quorum = self.settings.cadence_ms / 1_000, self.settings.witness_quorum > 0
        holder, clock = _holder(self.settings), self.ground.clock
        return SequencerLoop(self.ground.store, holder, clock, cadence_s, stop, wake, needs_quorum)

    @property
    def log_root(self) -> str:
        """The public key of the offline root that speaks for the log's keys; empty where the operator pinned none."""
        pinned = self.settings.secrets / "log_root"
        return pinned.read_text().strip() if pinned.exists() else ""

    def holder(self) -> Keyholder:
        """Who signs checkpoints."""
        return _holder(self.settings)

    def log_policy(self) -> LogPolicy:
        """Which witnesses there are, by a file of the operator's, and how many must cosign what is published."""
        named = self.settings.secrets / "witnesses"
        witnesses = named.read_text().split() if named.exists() else []
        return LogPolicy.of(self.log_vkeys, witnesses, self.settings.witness_quorum)

    def doors(self) -> Doors:
        return Doors(self.settings.broker_url, self.settings.secrets)

    def rails(self) -> Rails:
        """The rails, each with its own books in a folder that the processes of the exchange share."""
        settings = self.settings
        return opened_rails(
            self.ground, settings.rails, bank_account=settings.bank_account if settings.bank_rail == "files" else ""
        )

    def dispatcher(self) -> Dispatcher:
        return Dispatcher(self.ground, self.doors())


class Threads:
    """The sequencer, the dispatcher, the clockwork and the teller as threads of the process that writes (SQLite)."""

    def __init__(self, house: House, rails: Rails) -> None:
        self._stop, wake = Event(), Event()
        self.sequencer = house.sequencer(self._stop, wake)
        dispatcher = house.dispatcher()
        follower = dispatcher.follower()
        clockwork, teller = Clockwork(house.ground, dispatcher, also=ABOVE), Teller(house.ground, rails)
        self._threads = [
            Thread(target=self.sequencer.run, name="sequencer", daemon=True),
            Thread(target=follower.run, args=(self._stop, FOLLOW_PAUSE_S), name="dispatch", daemon=True),
            Thread(target=clockwork.run, args=(self._stop, CLOCKWORK_PAUSE_S), name="clockwork", daemon=True),
            Thread(target=Planner(house.ground).run, args=(self._stop, CLOCKWORK_PAUSE_S), name="planner", daemon=True),
            Thread(target=teller.run, args=(self._stop, TELLER_PAUSE_S), name="teller", daemon=True),
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(10)


def _clock(settings: Settings) -> Clock:
    behind_s = settings.rehearsal_behind_s
    return RehearsalClock(behind_s * SECOND) if behind_s else system_clock


def _vkeys(settings: Settings) -> tuple[str, ...]:
    """The log's public keys: from a file where another process holds the private ones, else from who holds them."""
    public = settings.secrets / "log_vkeys"
    return tuple(public.read_text().split() if public.exists() else _holder(settings).vkeys())


def _holder(settings: Settings) -> Keyholder:
    """Who signs checkpoints: the process on the socket, or else this one."""
    if settings.signer_socket is not None:
        return DistantKeys(settings.signer_socket)
    return GuardedKeys(
        log_keys(settings.secrets, settings.origin, with_sm2=settings.log_sm2), Guard(settings.home / "guard")
    )


def seed_in(path: Path) -> bytes:
    """A 32-byte seed kept in a file of its own."""
    return bytes.fromhex(kept_secret(path, lambda: secrets.token_bytes(32).hex()).strip())
