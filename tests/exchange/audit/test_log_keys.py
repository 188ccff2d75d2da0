"""The runbook of the log's keys, step by step with its commands: rotation with an overlap, retirement, a theft."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner, Result

from exchange.__main__ import commands
from exchange.access.keys import ApiKey, ApiKeyIssued
from exchange.app import create_app
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
from exchange.wire.envelope import Envelope
from exchange.wire.keys import PublicKey
from exchange.wire.log_keys import LogKeys
from exchange.wire.notes import NoteRefused, open_checkpoint, open_vkey, read_checkpoint
from exchange.wire.witnessing import only_of

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
        keys = GuardedKeys(log_keys(self.settings.secrets, ORIGIN), Guard(self.settings.home / "guard"))
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


@pytest.fixture
def operator(store: Store, tmp_path: Path) -> Iterator[Operator]:
    operator = Operator(store, tmp_path)
    yield operator
    for house in operator.houses:
        house.ground.store.close()


def test_through_an_overlap_old_and_new_readers_go_on_and_after_it_the_rooted_ones(
    operator: Operator, tmp_path: Path
) -> None:
    kept = tmp_path / "remembered"
    kept.write_text(operator.note())

    following = operator.rotated()

    # The overlap: whoever knows only the old keys, whoever knows the root, whoever came now.
    assert operator.verified(operator.first, "--old-checkpoint", str(kept), rooted=False) == ""
    assert operator.verified(operator.first, "--old-checkpoint", str(kept)) == ""
    assert operator.verified(following) == ""
    # The end of it: the old pair signs what says so, and is destroyed.
    operator.log("retire", operator.change("RETIRED", list(operator.first), operator.grows() + 1))
    operator.signs()
    operator.log("promote")
    last = operator.grows()
    assert operator.house().log_vkeys == following
    assert {open_vkey(vkey).key_id for vkey in following} == {one[1] for one in read_checkpoint(operator.note())[1]}
    assert operator.verified(operator.first, "--old-checkpoint", str(kept)) == ""
    assert operator.verified(following) == ""
    assert operator.verified(operator.first, rooted=False) == "E_LOG: 2 signature: a demanded signature is missing"
    # Served with sizes, and with the entries that say so.
    shown = TestClient(create_app(operator.house())).get("/v1/ledger/keys").json()
    spans = {(one["vkey"], one["from_size"], one["to_size"]) for one in shown["keys"]}
    assert {end for vkey, _, end in spans if vkey in operator.first} < set(range(last))
    assert len(shown["changes"]) == 2


def test_a_stolen_pair_is_believed_up_to_a_size_and_no_further(operator: Operator, tmp_path: Path) -> None:
    trusted = operator.grows()
    good = operator.note()
    between = operator.grows()  # Signed by the stolen pair alone, after the size it is believed up to.
    stolen = operator.note()
    following = operator.rotated()
    tree = read_checkpoint(good)[0].root.hex()
    file = operator.change("COMPROMISED", list(operator.first), trusted, "--tree", tree)
    operator.log("compromise", file)
    operator.signs()
    operator.log("promote")
    operator.grows()

    # The log goes on for whoever knows the root; what lies between is a prefix, and counts for nothing by itself.
    assert operator.verified(operator.first) == ""
    assert operator.verified(following) == ""
    shown = json.loads((operator.exported() / "key-changes.json").read_text())
    changes = [Envelope.parsed(path.read_text()) for path in sorted(tmp_path.glob("change-*"))]
    assert len(shown) == len(changes) == 2
    known = LogKeys.pinned(operator.first).told(changes, PublicKey.parsed(operator.root_key))
    assert open_checkpoint(good, known).size == trusted
    with pytest.raises(NoteRefused, match="no key is demanded"):
        open_checkpoint(stolen, known)
    assert known.is_void(between)


def test_below_that_size_only_a_quorum_makes_a_stolen_signature_count(operator: Operator, tmp_path: Path) -> None:
    early = operator.note()
    trusted = operator.grows()
    tree = read_checkpoint(operator.note())[0].root.hex()
    change = Envelope.parsed(
        Path(operator.change("COMPROMISED", list(operator.first), trusted, "--tree", tree)).read_text()
    )
    root = PublicKey.parsed(operator.root_key)

    with pytest.raises(NoteRefused, match="no quorum stands behind"):
        open_checkpoint(early, LogKeys.pinned(operator.first).told([change], root))
    assert open_checkpoint(early, LogKeys.pinned(operator.first, lambda _: True).told([change], root)).size < trusted


def test_a_change_the_log_does_not_bear_out_is_not_recorded(operator: Operator, tmp_path: Path) -> None:
    following = operator.log("next").split()
    size = int(str(operator.status()["signed_size"]))
    early = operator.change("ADDED", following, size)
    stranger = tmp_path / "stranger"
    operator.log("root", str(stranger))
    pinned, operator.offline = operator.offline, stranger
    forged = operator.change("ADDED", following, size)
    operator.offline = pinned
    alone = operator.change("RETIRED", list(operator.first), size)
    beyond = operator.change("COMPROMISED", list(operator.first), size + 9, "--tree", "0" * 64)
    twice = tmp_path / "twice"
    twice.write_text(Path(early).read_text().replace("payload", "paylaod"))

    for verb, file in (
        ("rotate", forged),
        ("retire", alone),
        ("compromise", beyond),
        ("rotate", str(twice)),
        ("retire", early),
    ):
        refused = operator.tried(verb, file)
        assert (refused.exit_code, refused.stderr.split(":")[0]) == (1, "E_LOG_KEYS"), verb
    early = operator.change("ADDED", following, size)
    assert operator.tried("rotate", early).exit_code == 1  # Not yet signed by the new pair.
    assert int(str(operator.status()["next_number"])) == 1


def test_a_witness_s_record_holds_only_what_was_demanded(operator: Operator) -> None:
    operator.rotated()
    note = operator.note()
    known = LogKeys.pinned(operator.first)
    assert len(read_checkpoint(note)[1]) == 4
    assert len(read_checkpoint(only_of(note, known))[1]) == 2
