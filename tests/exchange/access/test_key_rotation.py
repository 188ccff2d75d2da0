"""The key of personal content is changed by its command: the old one opens nothing any more, in no file."""

import json
import secrets
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV
from typer.testing import CliRunner, Result

from exchange.__main__ import commands
from exchange.client.cli import app
from exchange.client.commands.desk import Desk
from exchange.client.wallet import Wallet
from exchange.ledger.files import kept_secret
from exchange.ledger.payloads import Keyring
from exchange.ledger.store import Store
from tests.exchange.access.test_erasure import NAME, facts, path_of
from tests.market import URL, Market

ANOTHER = {"roles": ["BUYER"], "sha256": "6" * 64, "person_name": NAME}


@pytest.fixture
def market(store: Store, tmp_path: Path) -> Market:
    """A market whose key of personal content lies in its file, and one person it knows of."""
    opened = Market(store, tmp_path / "home")
    kek = bytes.fromhex(kept_secret(secret(opened), lambda: secrets.token_bytes(32).hex()))
    with store.writing() as connection:
        opened.ground.keyring.rotate(connection, Keyring(kek), reseal=False)
    opened.ground.keyring = Keyring(kek)
    return opened


def secret(market: Market) -> Path:
    market.home.joinpath("secrets").mkdir(exist_ok=True)
    return market.home / "secrets" / "payload_kek"


def rotate(market: Market, *words: str) -> str:
    env = {"DX_HOME": str(market.home), "DX_DATABASE_URL": market.store.url}
    done = CliRunner().invoke(commands, ["payload-key", "rotate", *words], env=env)
    assert done.exit_code == 0, done.output
    return done.stdout


def known(market: Market) -> str:
    """A fact about a person."""
    key_id = market.buyer.issue_key(roles=["BUYER"], sha256="5" * 64, person_name=NAME)["id"]
    market.logs()
    return facts(market, key_id)[0].id


def wrapped(market: Market) -> dict[str, bytes]:
    with market.store.reading() as connection:
        return {row[0]: bytes(row[1]) for row in connection.exec_driver_sql("SELECT subject, wrapped FROM dek")}


def files(market: Market) -> bytes:
    folders = [market.home.parent]
    if not market.store.is_sqlite:
        with market.store.writing() as connection:
            connection.exec_driver_sql("CHECKPOINT")
            folders.append(Path(connection.exec_driver_sql("SHOW data_directory").scalar_one()))
    return b"".join(one.read_bytes() for folder in folders for one in sorted(folder.rglob("*")) if one.is_file())


@pytest.mark.parametrize("words", [(), ("--reseal",)])
def test_afterwards_the_old_key_opens_nothing_that_is_kept(market: Market, words: tuple[str, ...]) -> None:
    event_id, old = known(market), secret(market).read_text().strip()
    copied = wrapped(market)

    told = rotate(market, *words)

    now, new = wrapped(market), secret(market).read_text().strip()
    assert told.startswith(f"{len(now)} keys are wrapped by ")
    assert now.keys() == copied.keys()
    for subject, kept in now.items():
        with pytest.raises(InvalidTag):
            AESGCMSIV(bytes.fromhex(old)).decrypt(kept[:12], kept[12:], subject.encode())
        AESGCMSIV(bytes.fromhex(new)).decrypt(kept[:12], kept[12:], subject.encode())
    left = files(market)
    assert old.encode() not in left
    assert bytes.fromhex(old) not in left
    if market.store.is_sqlite:  # A server's write-ahead log keeps it wrapped until recycled; what opened it is gone.
        assert not any(kept in left for kept in copied.values())
    # Whoever was not started again is told so and loses nothing; whoever was opens all.
    stale = market.door.post("/v1/keys", json=ANOTHER, headers={**signed_in(market), "Idempotency-Key": "another-1"})
    assert (stale.status_code, stale.json()["code"]) == (503, "E_UNAVAILABLE")
    market.ground.keyring = Keyring(bytes.fromhex(new))
    assert market.staff["auditor"].http.get(path_of(event_id))["content"]
    assert known(market) != event_id


def test_resealed_a_subject_s_stolen_key_opens_nothing_that_is_written_now(market: Market) -> None:
    event_id, old = known(market), bytes.fromhex(secret(market).read_text())
    subject = market.buyer.log.entry(event_id)["entry"]["subject"]
    shut = wrapped(market)[subject]
    stolen = AESGCMSIV(AESGCMSIV(old).decrypt(shut[:12], shut[12:], subject.encode()))

    rotate(market, "--reseal")

    with market.store.reading() as connection:
        query = f"SELECT content FROM section WHERE event_id = '{event_id}' AND what = 'personal'"
        kept = bytes(connection.exec_driver_sql(query).scalar_one())
    with pytest.raises(InvalidTag):
        stolen.decrypt(kept[:12], kept[12:], event_id.encode())


def test_broken_off_before_the_file_was_replaced_it_is_finished_by_a_second_run(market: Market) -> None:
    event_id, held = known(market), secret(market)
    coming = held.with_name("payload_kek.next")
    new = Keyring(bytes.fromhex(kept_secret(coming, lambda: secrets.token_bytes(32).hex())))
    with market.store.writing() as connection:
        market.ground.keyring.rotate(connection, new, reseal=False)

    assert rotate(market).startswith("0 keys")

    assert not coming.exists()
    market.ground.keyring = Keyring(bytes.fromhex(held.read_text()))
    assert market.staff["auditor"].http.get(path_of(event_id))["content"]


def test_at_the_desk_a_person_s_name_is_opened_and_erased(market: Market) -> None:
    event_id = known(market)
    keys = [word for vkey in market.admin.about()["log_vkeys"] for word in ("--key", vkey)]
    wallet = Wallet.made(market.home / "officer")
    key = market.admin.issue_key(roles=["COMPLIANCE"], sha256=wallet.secret_sha256, person_name="officer")
    wallet.learn("part_exchange", key["id"])

    def dex(*words: str) -> Result:
        return CliRunner().invoke(app, list(words), obj=Desk(URL, wallet.folder, transport=market.bridge))

    shown = dex("payloads", "open", event_id, *keys, "--json")
    erased = dex("payloads", "erase", event_id, "--basis", "PIPL_47_3", "--json")
    gone = dex("payloads", "open", event_id, *keys)

    assert json.loads(shown.stdout)["person_name"] == NAME
    assert json.loads(erased.stdout)["state"] == "ERASED"
    assert (gone.exit_code, gone.stderr.split(":")[0]) == (1, "E_NOT_FOUND")


def signed_in(market: Market) -> dict[str, str]:
    return {"Authorization": f"Bearer {market.wallets['buyer'].credential}"}
