"""The operator of a log with the commands of its keys, and a machine without a network where the root is."""

import json
from pathlib import Path

from typer.testing import CliRunner, Result

from exchange.__main__ import commands
from exchange.access.keys import ApiKey, ApiKeyIssued
from exchange.client.cli import app
from exchange.client.commands.desk import Desk
from exchange.house import House
from exchange.kernel import ids
from exchange.ledger.guard import Guard, GuardedKeys
from exchange.ledger.keeping import log_keys
from exchange.ledger.sequencer import Sequencer
from exchange.ledger.signer import sign_head
from exchange.ledger.store import Store
from exchange.log_upkeep import OPERATOR
from exchange.settings import Settings
from exchange.wire.cosignatures import WitnessKey

ORIGIN = "exchange.example/market/2026"
WITNESS = WitnessKey("w.example", bytes([7]) * 32)


class Operator:
    """The exchange's house with its commands, and a machine without a network where the root is."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.store, self.folder, self.offline = store, folder, folder / "offline-root"
        self.env = {"DX_HOME": str(folder / "home"), "DX_DATABASE_URL": store.url, "DX_ORIGIN": ORIGIN}
        self.settings = Settings.read(self.env)
        self.houses: list[House] = []
        self.first = self.house().log_vkeys
        self.root_key = self.log("root", str(self.offline))
        (self.settings.secrets / "log_root").write_text(self.root_key)
        self.grows()

    def house(self) -> House:
        """Opened anew, as a process that was started again."""
        self.houses.append(House.opened(self.settings, signs_tickets=True))
        return self.houses[-1]

    def log(self, *words: str) -> str:
        done = self.tried(*words)
        assert done.exit_code == 0, done.output
        return done.stdout.strip()

    def tried(self, *words: str) -> Result:
        return CliRunner().invoke(commands, ["log", *words], env=self.env)

    def status(self) -> dict[str, object]:
        found: dict[str, object] = json.loads(self.log("status"))
        return found

    def change(self, what: str, vkeys: list[str], size: int, *more: str) -> str:
        """Signed by the root, as a file that was carried over."""
        named = [word for vkey in vkeys for word in ("--vkey", vkey)]
        number = str(self.status()["next_number"])
        words = ("--root", str(self.offline), "--origin", ORIGIN, "--number", number, "--size", str(size), *named)
        file = self.folder / f"change-{number}-{what}"
        file.write_text(self.log("sign", what, *words, *more))
        return str(file)

    def moves(self, url: str, origin: str) -> None:
        """The house stands on another database from now on, and its log has another name."""
        self.env |= {"DX_DATABASE_URL": url, "DX_ORIGIN": origin}
        self.settings = Settings.read(self.env)
        self.store = self.house().ground.store

    def grows(self) -> int:
        """One fact more, placed and signed by whatever keys lie in the files; answers with the size."""
        house = self.house()
        said = ApiKeyIssued(participant_id="part_a", person_id="psn_a", roles=(), sha256="", by="psn_a")
        with house.ground.writing(OPERATOR) as unit:
            unit.record(ApiKey(id=ids.fresh("key")), said)
        return self.signs()

    def signs(self) -> int:
        while Sequencer(self.store).run_once():
            pass
        keys = GuardedKeys(log_keys(self.settings.secrets, self.settings.origin), Guard(self.settings.home / "guard"))
        signed = sign_head(self.store, keys, self.house().ground.clock())
        return signed.size if signed else 0

    def exported(self) -> Path:
        done = CliRunner().invoke(commands, ["export", str(self.folder / "export")], env=self.env)
        assert done.exit_code == 0, done.output
        return self.folder / "export"

    def verified(self, vkeys: tuple[str, ...], *words: str, rooted: bool = True) -> str:
        """What `dex log verify` says: nothing, or the refusal."""
        keys = [word for vkey in vkeys for word in ("--key", vkey)]
        root = ["--root", self.root_key] if rooted else []
        done = CliRunner().invoke(
            app, ["log", "verify", str(self.exported()), *keys, *root, *words], obj=Desk("", Path())
        )
        return "" if done.exit_code == 0 else done.stderr.strip()

    def note(self) -> str:
        return (self.exported() / "checkpoint").read_text()

    def rotated(self) -> tuple[str, ...]:
        """The overlap has begun: both pairs sign, and the log says so."""
        following = tuple(self.log("next").split())
        size = self.grows()
        self.log("rotate", self.change("ADDED", list(following), size))
        self.grows()
        return following
