"""What is about a person is sealed where it rests, bound to its place, and gone when erased: on both databases."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag

from exchange.ledger import tables
from exchange.ledger.entries import BadDraft, Draft, Section, append, one, stream
from exchange.ledger.payloads import KEYS, Erased, Keyring, NoKey
from exchange.ledger.store import Store
from exchange.wire.entries import PERSONAL, SECTION_TYPE, Commit, Entry, commitment
from tests.exchange.ledger.facts import NOW_US

KEYRING = Keyring.generated()


def about(subject: str, version: int = 1, name: str = "王小明") -> Draft:
    section = Section(secrets.token_bytes(32), f'{{"name":"{name}"}}'.encode())
    commit = Commit(tag=commitment(section.salt, SECTION_TYPE, section.content), what=PERSONAL)
    entry = Entry(
        actor="org_exchange",
        at=NOW_US,
        commit=(commit,),
        id=f"evt_{secrets.token_urlsafe(16)}",
        rule="2026.1",
        subject=subject,
        type="api_key.issued" if version == 1 else "api_key.revoked",
        version=version,
    )
    return Draft(entry, {PERSONAL: section})


def write(store: Store, *drafts: Draft, keyring: Keyring = KEYRING) -> None:
    with store.writing() as connection:
        append(connection, [keyring.sealed(connection, one) for one in drafts])


def erase(store: Store, draft: Draft, keyring: Keyring = KEYRING) -> None:
    with store.writing() as connection:
        keyring.erase(connection, draft.entry, NOW_US)


def opened(store: Store, draft: Draft, keyring: Keyring = KEYRING) -> Section:
    with store.reading() as connection:
        return keyring.opened(connection, draft.entry)


def at_rest(store: Store, sql: str) -> list[bytes]:
    with store.reading() as connection:
        return [bytes(value) for (value,) in connection.exec_driver_sql(sql) if value is not None]


def files(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Store]:
    opened = Store(f"sqlite:///{tmp_path}/people.db")
    tables.create(opened)
    yield opened
    opened.close()


def test_what_was_sealed_opens_its_commitment(store: Store) -> None:
    draft = about("key_a")
    write(store, draft)

    section = opened(store, draft)

    assert section == draft.sections[PERSONAL]
    assert commitment(section.salt, SECTION_TYPE, section.content) == draft.entry.commit[0].tag


def test_neither_salt_nor_content_rests_in_the_clear(store: Store) -> None:
    draft = about("key_a")
    write(store, draft)
    section = draft.sections[PERSONAL]

    (kept,) = at_rest(store, "SELECT content FROM section")

    assert section.salt not in kept
    assert section.content not in kept
    assert at_rest(store, "SELECT salt FROM section") == []


def test_a_fold_is_never_shown_what_is_sealed(store: Store) -> None:
    write(store, draft := about("key_a"))
    with store.reading() as connection:
        assert [dict(fact.sections) for fact in stream(connection, "key_a")] == [{}]
        assert dict(one(connection, draft.entry.id).sections) == {}


def test_what_is_about_a_person_cannot_be_written_unsealed(store: Store) -> None:
    with pytest.raises(BadDraft), store.writing() as connection:
        append(connection, [about("key_a")])
    with pytest.raises(NoKey):
        write(store, about("key_a"), keyring=Keyring(None))
    assert at_rest(store, "SELECT body FROM event") == []


def test_erased_it_is_gone_and_a_copy_of_the_ciphertext_is_lost_too(store: Store) -> None:
    write(store, draft := about("key_a"))
    (copy,) = at_rest(store, "SELECT content FROM section")

    erase(store, draft, Keyring(None))  # Nothing need be opened, so nobody need hold the key.

    with pytest.raises(Erased):
        opened(store, draft)
    with pytest.raises(Erased):
        erase(store, draft)
    assert at_rest(store, "SELECT content FROM section") == at_rest(store, "SELECT wrapped FROM dek") == []
    # Act: somebody restores the row from a backup, as if it had never been erased.
    with store.writing() as connection:
        mark = "?" if store.is_sqlite else "%s"
        connection.exec_driver_sql(f"UPDATE section SET content = {mark}, erased_at = NULL", (copy,))
    with pytest.raises(Erased):
        opened(store, draft)


def test_what_else_is_known_of_the_subject_stays_under_a_new_key(store: Store) -> None:
    first, second = about("key_a"), about("key_a", version=2, name="李小红")
    write(store, first)
    write(store, second)
    (old_key,) = at_rest(store, "SELECT wrapped FROM dek")

    erase(store, first)

    assert opened(store, second) == second.sections[PERSONAL]
    with pytest.raises(Erased):
        opened(store, first)
    (new_key,) = at_rest(store, "SELECT wrapped FROM dek")
    assert new_key != old_key


def test_a_subject_may_be_spoken_of_again_after_an_erasure(store: Store) -> None:
    write(store, first := about("key_a"))
    erase(store, first)
    write(store, second := about("key_a", version=2))
    assert opened(store, second) == second.sections[PERSONAL]


def test_moved_to_another_fact_or_read_with_another_key_it_does_not_open(store: Store) -> None:
    first, second = about("key_a"), about("key_a", version=2)
    write(store, first, second)
    with pytest.raises(NoKey):
        opened(store, first, Keyring.generated())
    with store.writing() as connection:
        connection.exec_driver_sql(
            f"UPDATE section SET content = (SELECT content FROM section WHERE event_id = '{first.entry.id}') "
            f"WHERE event_id = '{second.entry.id}'"
        )
    with pytest.raises(InvalidTag):
        opened(store, second)


@pytest.mark.parametrize("place", [0, 700, 1499])
def test_among_many_nothing_of_one_is_left_in_any_file(sqlite: Store, tmp_path: Path, place: int) -> None:
    """Whole pages of others' rows lie around it, and the tree of the table has been split many times."""
    drafts = [about(f"key_{number}") for number in range(1500)]
    for start in range(0, 1500, 50):
        write(sqlite, *drafts[start : start + 50])
    gone = drafts[place]
    (content,) = at_rest(sqlite, f"SELECT content FROM section WHERE event_id = '{gone.entry.id}'")
    (wrapped,) = at_rest(sqlite, f"SELECT wrapped FROM dek WHERE subject = '{gone.entry.subject}'")
    assert all(part in files(tmp_path) for part in (content, wrapped))

    erase(sqlite, gone)

    assert sqlite.swept(KEYS)
    left = files(tmp_path)
    # Not even a part of either: a page that was split may hold the end of a row.
    for secret in (content, wrapped):
        assert not any(secret[start : start + 16] in left for start in range(len(secret) - 15))
    assert opened(sqlite, drafts[place - 1]) == drafts[place - 1].sections[PERSONAL]


def test_a_sweep_waits_for_no_reader_and_says_so(sqlite: Store) -> None:
    write(sqlite, draft := about("key_a"))
    with sqlite.reading() as connection:
        connection.exec_driver_sql("SELECT count(*) FROM event").scalar()
        erase(sqlite, draft)
        assert not sqlite.swept(KEYS)
    assert sqlite.swept(KEYS)


def test_a_database_that_cannot_be_swept_says_so(tmp_path: Path) -> None:
    assert not Store(f"postgresql+psycopg://nobody@/nothing?host={tmp_path}").swept(KEYS)


def test_on_a_server_the_key_leaves_the_table_s_own_file(pg_url: str) -> None:
    store = Store(pg_url)
    tables.create(store)
    write(store, draft := about("key_a"))
    (wrapped,) = at_rest(store, "SELECT wrapped FROM dek")

    erase(store, draft)

    assert store.swept(KEYS)
    with store.writing() as connection:
        connection.exec_driver_sql("CHECKPOINT")
        folder = Path(connection.exec_driver_sql("SHOW data_directory").scalar_one())
        table = folder / connection.exec_driver_sql("SELECT pg_relation_filepath('dek')").scalar_one()
    assert wrapped not in files(table.parent)
    store.close()
