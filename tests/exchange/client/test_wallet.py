"""Keys at home: made once, kept whole, shown to nobody."""

import hashlib
import json
import stat
from pathlib import Path

import pytest

from exchange.client.agreement import AgreementRefused, countersigned
from exchange.client.wallet import Wallet, WalletRefused
from exchange.wire.admissions import RulebookSigned
from exchange.wire.envelope import Envelope
from exchange.wire.keys import PrivateKey
from exchange.wire.licences import Licence, LicenceTerms
from tests.exchange.client.answering import Script, exchange_of, said

KEY_ID = "key_" + "7" * 26
TERMS = {
    "purposes": ["HEALTH_RESEARCH"], "territories": ["CN-HB"], "modes": ["M6"], "valid_from_s": 1, "valid_to_s": 2,
    "jobs_max": 3, "price": {"model": "P1", "price_fen": 5}, "split_template": "T1", "onward": "NONE",
    "derived_right": "INTERNAL", "retention_days": 30, "contract_type": "PROVISION",
}  # fmt: skip


@pytest.fixture
def wallet(tmp_path: Path) -> Wallet:
    made = Wallet.made(tmp_path / "wallet")
    made.learn("part_buyer", KEY_ID)
    return made


def test_only_the_owner_can_look_into_a_wallet(wallet: Wallet) -> None:
    assert stat.S_IMODE(wallet.folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in wallet.folder.iterdir()} == {0o600}


def test_making_a_wallet_again_loses_no_key(wallet: Wallet) -> None:
    again = Wallet.made(wallet.folder)

    assert again.credential == wallet.credential
    assert again.signing_key.seed == wallet.signing_key.seed
    assert again.opening_key.seed == wallet.opening_key.seed


def test_what_is_sent_is_the_hash_of_the_secret(wallet: Wallet) -> None:
    secret = wallet.credential.split(".")[1]

    assert wallet.credential == f"dxk_{KEY_ID}.{secret}"
    assert wallet.secret_sha256 == hashlib.sha256(secret.encode()).hexdigest()


def test_a_wallet_prints_no_secret(wallet: Wallet) -> None:
    shown = repr(wallet) + repr(wallet.signing_key) + repr(wallet.opening_key)

    assert wallet.signing_key.seed.hex() not in shown
    assert wallet.credential.split(".")[1] not in shown


def keys_of(folder: Path) -> tuple[PrivateKey, str]:
    wallet = Wallet(folder)
    return wallet.signing_key, wallet.credential


@pytest.mark.parametrize("name", ["", "signing.seed", "api.secret"])
def test_a_wallet_others_could_read_is_refused(wallet: Wallet, name: str) -> None:
    (wallet.folder / name).chmod(0o755)

    with pytest.raises(WalletRefused):
        keys_of(wallet.folder)


@pytest.mark.parametrize("text", ["", "zz", "00" * 31])
def test_a_damaged_key_is_refused_and_not_quoted(wallet: Wallet, text: str) -> None:
    (wallet.folder / "signing.seed").write_text(text)

    with pytest.raises(WalletRefused, match=r"^signing\.seed is damaged$"):
        _ = Wallet(wallet.folder).signing_key


def test_a_wallet_is_one_key_of_one_participant(wallet: Wallet) -> None:
    wallet.learn("part_buyer", KEY_ID)
    with pytest.raises(WalletRefused):
        wallet.learn("part_other", KEY_ID)


@pytest.mark.parametrize(("participant", "key"), [("nobody", KEY_ID), ("part_a", "../key"), ("part_a", "")])
def test_a_wallet_learns_nothing_strange(tmp_path: Path, participant: str, key: str) -> None:
    wallet = Wallet.made(tmp_path / "wallet")

    with pytest.raises(WalletRefused):
        wallet.learn(participant, key)

    assert not wallet.is_known


def test_an_application_sends_no_secret_and_the_wallet_learns_who_it_is(tmp_path: Path) -> None:
    wallet = Wallet.made(tmp_path / "wallet")
    script = Script([said(201, {"participant": {"id": "part_new"}, "key_id": KEY_ID})])

    exchange_of(script, credential=None).apply({"org_name": "Example"}, wallet)

    assert json.loads(script.asked[0].content) == {"org_name": "Example", "api_key_sha256": wallet.secret_sha256}
    assert wallet.identity.participant_id == "part_new"


def test_becoming_active_signs_the_rulebook_in_force_with_the_key_it_binds(wallet: Wallet) -> None:
    script = Script([said(200, {"rulebook_digest": "a" * 64}), said(200, {})])

    exchange_of(script).activate(wallet, "bank:0001")

    envelope = Envelope.model_validate(json.loads(script.asked[1].content)["envelope"])
    signed = RulebookSigned.opened(envelope, (wallet.signing_key.public,))
    assert (signed.participant_id, signed.policy_digest) == ("part_buyer", "a" * 64)
    assert signed.recipient_key == wallet.opening_key.public.text


def licence(**changes: str) -> Licence:
    fields = {
        "id": "lic_a", "listing_id": "lst_a", "asset_id": "ast_a", "provider_id": "part_p", "buyer_id": "part_buyer",
        "domain": "health", "controls_digest": "b" * 64, "recipient_kid": "a" * 16, "k_min": 5,
        "dominance_bp_max": 7_000,
    }  # fmt: skip
    return Licence.model_validate({**fields, **changes, "terms": LicenceTerms.model_validate(TERMS)})


def test_a_buyer_signs_the_very_bytes_the_domain_signed(wallet: Wallet) -> None:
    domain, ours = PrivateKey.generated(), licence(recipient_kid=wallet.opening_key.public.kid)
    offered = {"id": "lic_a", "envelope": ours.signed(domain).model_dump()}

    both = countersigned(wallet, offered, asked=TERMS, listing_id="lst_a", domain_key=domain.public)

    assert Licence.opened(both, (domain.public, wallet.signing_key.public)) == ours


@pytest.mark.parametrize(
    ("offered", "asked"),
    [
        (licence(buyer_id="part_other"), TERMS),
        (licence(listing_id="lst_other"), TERMS),
        (licence(id="lic_other"), TERMS),
        (licence(), {**TERMS, "jobs_max": 4}),
        (licence(), {**TERMS, "price": {"model": "P1", "price_fen": 4}}),
        (licence(), {}),
    ],
)
def test_a_buyer_does_not_sign_what_it_did_not_ask_for(wallet: Wallet, offered: Licence, asked: dict[str, str]) -> None:
    domain = PrivateKey.generated()
    ours = offered.model_copy(update={"recipient_kid": wallet.opening_key.public.kid})
    view = {"id": "lic_a", "envelope": ours.signed(domain).model_dump()}

    with pytest.raises(AgreementRefused):
        countersigned(wallet, view, asked=asked, listing_id="lst_a", domain_key=domain.public)


def test_a_buyer_does_not_sign_that_its_answers_are_sealed_to_somebody_else(wallet: Wallet) -> None:
    domain = PrivateKey.generated()
    offered = {"id": "lic_a", "envelope": licence().signed(domain).model_dump()}

    with pytest.raises(AgreementRefused, match="somebody else"):
        countersigned(wallet, offered, asked=TERMS, listing_id="lst_a", domain_key=domain.public)


@pytest.mark.parametrize("view", [{}, {"envelope": None}, {"id": "lic_a", "envelope": "signed"}])
def test_a_buyer_does_not_sign_what_the_domain_did_not(wallet: Wallet, view: dict[str, str]) -> None:
    stranger, domain = PrivateKey.generated(), PrivateKey.generated()
    forged = {
        "id": "lic_a",
        "envelope": licence(recipient_kid=wallet.opening_key.public.kid).signed(stranger).model_dump(),
    }

    for offered in (view, forged):
        with pytest.raises(AgreementRefused):
            countersigned(wallet, offered, asked=TERMS, listing_id="lst_a", domain_key=domain.public)
