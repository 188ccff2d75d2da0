"""A person's name is erased by whoever may, over HTTP: the proof still verifies, the opening cannot be made."""

from base64 import b64decode
from pathlib import Path

import pytest

import exchange.app  # noqa: F401 - every slice's entities must be known.
from exchange.access.keys import ApiKey, ApiKeyIssued
from exchange.client.api import Exchange
from exchange.client.connection import Problem
from exchange.kernel.caller import NOBODY
from exchange.kernel.entity import KINDS, Entity, Event, Personal, personal_fields
from exchange.kernel.errors import Unavailable
from exchange.kernel.unit import Fact, Ground, history
from exchange.kernel.views import dump, rebuild
from exchange.ledger import tables
from exchange.ledger.export import export
from exchange.ledger.payloads import Keyring
from exchange.ledger.store import Store
from exchange.wire.entries import SECTION_TYPE, Entry, commitment
from exchange.wire.proofs import LogProof, verify_entry
from tests.market import Market

NAME = "Zhuge Kongming 5f0a9c"
BASIS = {"basis": "PIPL_47_3"}


@pytest.fixture
def market(store: Store, tmp_path: Path) -> Market:
    return Market(store, tmp_path / "home")


@pytest.fixture
def told(market: Market) -> Fact:
    """A fact about a person: a key was issued to somebody of the buyer's."""
    key = market.buyer.issue_key(roles=["BUYER"], sha256="5" * 64, person_name=NAME)
    market.logs()
    return facts(market, key["id"])[0]


def facts(market: Market, subject: str) -> list[Fact]:
    with market.store.reading() as connection:
        return history(connection, subject)


def path_of(event_id: str, what: str = "personal") -> str:
    return f"/v1/payloads/{event_id}/{what}"


def path(told: Fact, what: str = "personal") -> str:
    return path_of(told.id, what)


def code(door: Exchange, path: str, form: dict[str, str] | None = None) -> str:
    with pytest.raises(Problem) as problem:
        door.http.get(path) if form is None else door.http.post(path, form)
    assert NAME not in str(problem.value)
    return problem.value.code


def test_before_it_is_erased_a_watcher_opens_and_proves_it(market: Market, told: Fact) -> None:
    shown = market.staff["auditor"].http.get(path(told))

    leaf, content, salt = (b64decode(shown[part]) for part in ("entry", "content", "salt"))
    assert content.decode() == f'{{"person_name":"{NAME}"}}'
    tags = {one.what: one.tag for one in Entry.opened(leaf).commit}
    assert commitment(salt, SECTION_TYPE, content) == tags["personal"]
    assert verify_entry(LogProof.parse(shown["proof"]), leaf, market.admin.about()["log_vkeys"])


def test_erased_the_proof_still_verifies_and_the_opening_cannot_be_made(market: Market, told: Fact) -> None:
    before = market.staff["auditor"].http.get(path(told))

    erased = market.admin.http.post(f"{path(told)}:erase", BASIS)
    market.logs()

    assert (erased["state"], erased["event_id"], erased["basis"]) == ("ERASED", told.id, "PIPL_47_3")
    assert code(market.staff["auditor"], path(told)) == "E_NOT_FOUND"
    proof, vkeys = market.door.get(f"/v1/ledger/entries/{told.id}/proof"), market.admin.about()["log_vkeys"]
    assert verify_entry(LogProof.parse(proof.text), b64decode(before["entry"]), vkeys).size > 0
    # The log says of itself what was erased, and refers to it.
    with market.store.reading() as connection:
        gone = history(connection, erased["id"])[0]
    assert (gone.event.WIRE_TYPE, gone.refs) == ("payload.erased", (told.id,))


def test_no_name_rests_in_any_file_before_or_after(market: Market, told: Fact, tmp_path: Path) -> None:
    def files() -> bytes:
        export(market.store, tmp_path / "export", market.admin.about()["log_vkeys"])
        folders = [tmp_path]
        if not market.store.is_sqlite:
            with market.store.reading() as connection:
                folders.append(Path(connection.exec_driver_sql("SHOW data_directory").scalar_one()))
        found = (one for folder in folders for one in sorted(folder.rglob("*")) if one.is_file())
        return b"".join(one.read_bytes() for one in found)

    salt = b64decode(market.staff["auditor"].http.get(path(told))["salt"])
    before = files()
    market.admin.http.post(f"{path(told)}:erase", BASIS)
    market.logs()
    after = files()

    for left in (before, after):
        assert told.id.encode() in left  # It is the right place to look.
        assert NAME.encode() not in left
        assert salt not in left
        assert salt.hex().encode() not in left


def test_what_was_asked_leaves_no_fingerprint_to_guess_at(market: Market, told: Fact) -> None:
    market.admin.http.post(f"{path(told)}:erase", BASIS)
    with market.store.reading() as connection:
        said = f"SELECT count(*) FROM idempotency WHERE at = {told.at} AND fingerprint <> ''"
        assert connection.exec_driver_sql(said).scalar() == 0


def test_only_who_may_erases_and_only_on_a_basis_in_law(market: Market, told: Fact) -> None:
    erase, auditor, buyer = f"{path(told)}:erase", market.staff["auditor"], market.buyer
    assert code(auditor, erase, BASIS) == code(buyer, erase, BASIS) == code(buyer, path(told)) == "E_ROLE"
    assert code(market.admin, path(told)) == "E_ROLE"  # Whoever runs the house need not read names.
    assert code(market.admin, erase, {"basis": "BECAUSE"}) == "E_MALFORMED"
    assert code(market.admin, erase, {}) == "E_MALFORMED"
    assert code(market.admin, f"{path(told, 'content')}:erase", BASIS) == "E_NOT_PERSONAL"
    assert code(auditor, path(told, "content")) == "E_NOT_PERSONAL"
    assert code(market.admin, "/v1/payloads/evt_nobody/personal:erase", BASIS) == "E_NOT_FOUND"
    assert auditor.http.get(path(told))["content"]


def test_erased_twice_is_erased_once(market: Market, told: Fact) -> None:
    officer = market.staff["first compliance officer"]
    first = officer.http.post(f"{path(told)}:erase", BASIS)
    again = officer.http.post(f"{path(told)}:erase", {"basis": "GDPR_17"})
    assert again == first
    assert [fact.event.WIRE_TYPE for fact in facts(market, first["id"])] == ["payload.erased"]


def test_when_all_that_is_personal_is_erased_the_market_stands_as_before(market: Market, told: Fact) -> None:
    with market.store.reading() as connection:
        persons = connection.exec_driver_sql("SELECT event_id FROM section WHERE what = 'personal'").scalars().all()
    assert len(persons) > 10
    for event_id in persons:
        market.admin.http.post(f"/v1/payloads/{event_id}/personal:erase", BASIS)

    with market.store.writing() as connection:
        live = list(dump(connection))
        rebuild(connection)
        assert list(dump(connection)) == live
        assert connection.exec_driver_sql("SELECT count(*) FROM dek").scalar() == 0
    # Folded afresh, by a process that never held a key.
    market.ground.remembered.clear()
    assert market.ordered()
    with market.ground.reading(NOBODY) as unit:
        assert unit.get(ApiKey, told.subject).state == "LIVE"


def test_a_process_without_the_key_folds_all_and_tells_of_no_person(market: Market, told: Fact) -> None:
    keyless = Ground(market.store, lambda: market.now, market.ground.policies, keyring=Keyring(None))
    with keyless.reading(NOBODY) as unit:
        assert unit.get(ApiKey, told.subject).state == "LIVE"
    issued = ApiKeyIssued(participant_id="p", person_id="p", roles=(), sha256="", person_name=NAME, by="p")
    with pytest.raises(Unavailable), keyless.writing(NOBODY) as unit:
        unit.record(ApiKey(id="key_other"), issued)
    assert facts(market, "key_other") == []


def test_what_is_in_the_way_of_the_sweep_only_delays_it(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path}/log.db")
    tables.create(store)
    market = Market(store, tmp_path / "home")
    key = market.buyer.issue_key(roles=["BUYER"], sha256="5" * 64, person_name=NAME)
    told = facts(market, key["id"])[0]
    with store.reading() as connection:
        connection.exec_driver_sql("SELECT count(*) FROM event").scalar()
        market.admin.http.post(f"{path(told)}:erase", BASIS)
        assert market.ground.unswept
    market.buyer.deposit(1, "bank-slip-0002")
    assert not market.ground.unswept
    store.close()


def test_no_entity_remembers_what_may_have_to_be_forgotten() -> None:
    class PersonNamed(Event):
        name: Personal = ""

    with pytest.raises(TypeError, match="forgotten"):

        class Rememberer(Entity):
            NEXT = {("NEW", PersonNamed): "NAMED"}
            name: str = ""

    KINDS.pop(PersonNamed, None)


def test_every_personal_field_has_something_to_be_when_it_is_gone() -> None:
    for event in KINDS:
        assert all(not event.model_fields[name].is_required() for name in personal_fields(event))
