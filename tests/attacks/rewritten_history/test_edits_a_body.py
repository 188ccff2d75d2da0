"""A superuser changes what a fact says, in the database or in a copied folder: the entries no longer give the root."""

from pathlib import Path

import pytest

from exchange.client.verify import VerificationRefused
from exchange.ledger.proofs import log_proof
from exchange.ledger.store import Store
from exchange.wire import canonical
from exchange.wire.merkle import ProofRefused, leaf_hash
from exchange.wire.proofs import LogProof, verify_entry
from exchange.wire.tiles import bundle, unbundle
from tests.attacks.rewritten_history.books import SIGNER, Log, refused
from tests.attacks.rewritten_history.forging import changed, root_of
from tests.exchange.audit.auditing import audited, traded
from tests.market import Market

BODY = "UPDATE event SET body = ? WHERE n = (SELECT n FROM event_index WHERE idx = ?)"


def test_a_body_edited_behind_the_triggers_does_not_give_the_signed_root(log: Log) -> None:
    log.edit(BODY, changed(log.body(2), actor="org_somebody"), 2)

    assert refused(log.exported()) == "3 root: the entries do not give the signed root"


def test_an_edited_body_is_refused_by_whoever_asks_for_its_proof(log: Log) -> None:
    body = changed(log.body(2), actor="org_somebody")
    log.edit(BODY, body, 2)

    with log.store.reading() as connection:
        proof = log_proof(connection, canonical.decode(body)["id"]).text
    with pytest.raises(ProofRefused, match="the entry is not in that tree"):
        verify_entry(LogProof.parse(proof), body, SIGNER.vkeys())


def test_a_body_edited_with_its_leaf_and_the_head_is_not_signed(log: Log) -> None:
    """All that the tree can be made to say fits; the guard still knows the root it signed before."""
    body = changed(log.body(2), actor="org_somebody")
    entries = [log.body(index) if index != 2 else body for index in range(8)]
    log.edit(BODY, body, 2)
    log.edit("UPDATE tile SET data = ? WHERE level = 0 AND n = 0", b"".join(leaf_hash(one) for one in entries))
    log.edit("UPDATE head SET root = ?", root_of(entries))

    assert log.not_signed() == "the tree does not continue what was signed"
    assert refused(log.exported()).startswith("3 root")


def test_a_body_edited_in_a_copied_folder_does_not_give_the_signed_root(folder: Path) -> None:
    path = folder / "tile/entries/000"
    entries = unbundle(path.read_bytes())
    path.write_bytes(bundle([changed(entries[0], actor="org_somebody"), *entries[1:]]))

    assert refused(folder).startswith("3 root")


def test_an_edited_body_ends_an_audit_at_the_log_itself(store: Store, tmp_path: Path) -> None:
    market = Market(store, tmp_path / "home")
    traded(market)
    log = Log(store, tmp_path)
    log.edit(BODY, changed(log.body(2), actor="part_somebody"), 2)

    with pytest.raises(VerificationRefused, match="3 root"):
        audited(market)
