"""A witness of one's own: every answer it gives, over HTTP too, and what it remembers when it is killed or hurried."""

import signal
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Thread

import httpx2
import pytest

from exchange.client.witness import OwnWitness, WitnessRefused
from exchange.client.witness_server import WitnessServer
from exchange.wire.cosignatures import cosigners
from exchange.wire.notes import LogSigner, read_checkpoint
from exchange.wire.witnessing import Reply, place_of, request_of
from tests.exchange.client.answering import Script
from tests.exchange.client.test_cli import dex, refused
from tests.workers.tiny_log import NOW_S, ORIGIN, SIGNER, STRANGER, TinyLog

PLACE = place_of(ORIGIN)


@pytest.fixture
def own(tmp_path: Path) -> OwnWitness:
    return OwnWitness.made(tmp_path / "witness", "buyer.example/w", SIGNER.vkeys())


def at(log: TinyLog, size: int, old: int = 0, signer: LogSigner = SIGNER) -> str:
    """The request a log of `size` leaves makes to a witness that saw `old` of them."""
    short = TinyLog(log.leaves[:size], signer)
    note = signer.sign(short.checkpoint(), NOW_S * 1_000_000)
    return request_of(
        old, [b64encode(one).decode() for one in short.consistency(old, size)] if old <= size else [], note
    )


def grown(count: int = 20, word: bytes = b"other") -> TinyLog:
    log = TinyLog()
    log.grow(count, word)
    return log


def test_a_log_that_grows_is_cosigned_every_time(own: OwnWitness) -> None:
    witness, log, old = own.witness(), grown(), 0

    for size in (1, 7, 7, 8, 20):
        reply = witness.add_checkpoint(at(log, size, old))
        note = own.note(PLACE)
        assert (reply.status, read_checkpoint(note)[0].size) == (200, size)
        assert set(cosigners(note, [own.key.vkey])) == {own.key.vkey}
        assert note.endswith(reply.body)
        old = size


def test_every_other_request_gets_the_status_the_specification_names(own: OwnWitness) -> None:
    witness, log = own.witness(), grown()
    witness.add_checkpoint(at(log, 7))
    elsewhere = LogSigner("log.example/elsewhere", b"\x01" * 32, b"\x02" * 32)
    other = grown(20, b"fork")

    assert witness.add_checkpoint("old 7\n").status == 400
    assert witness.add_checkpoint(at(log, 8, 7).replace("old 7", "old 07")).status == 400
    assert witness.add_checkpoint(at(log, 5, 7)).status == 400
    assert witness.add_checkpoint(at(log, 8, 7, elsewhere)).status == 404
    assert witness.add_checkpoint(at(log, 8, 7, STRANGER)).status == 403
    assert witness.add_checkpoint(at(log, 8, 3)) == Reply(409, "7\n", "text/x.tlog.size")
    assert witness.add_checkpoint(at(other, 8, 7)).status == 422
    assert witness.add_checkpoint(at(other, 7, 7)).status == 422
    assert read_checkpoint(own.note(PLACE))[0] == TinyLog(log.leaves[:7]).checkpoint()


def test_a_note_one_of_whose_keys_did_not_sign_is_not_cosigned(own: OwnWitness) -> None:
    lines = at(grown(), 7).split("\n")
    stripped = "\n".join([*lines[:-2], ""])

    assert own.witness().add_checkpoint(stripped).status == 403


def test_of_many_at_once_only_one_history_is_cosigned(own: OwnWitness) -> None:
    """Each with a memory handle of its own, as separate processes would have."""
    base, forks = grown(5), []
    own.witness().add_checkpoint(at(base, 5))
    for number in range(16):
        fork = TinyLog(list(base.leaves))
        fork.grow(3, b"fork %d" % number)
        forks.append(fork)

    with ThreadPoolExecutor(16) as pool:
        replies = list(pool.map(lambda fork: own.witness().add_checkpoint(at(fork, 8, 5)), forks))

    assert sorted(reply.status for reply in replies) == [200, *[409] * 15]
    evidence = list((own.folder / PLACE / "evidence").iterdir())
    assert len(evidence) == 15  # Each of the others is a second tree of the same size, signed by the log.


def test_a_witness_killed_before_it_answers_has_not_forgotten(own: OwnWitness) -> None:
    log = grown()
    own.witness().add_checkpoint(at(log, 7))
    killed = subprocess.run(
        [sys.executable, "-c", _KILLED, str(own.folder)],
        input=at(log, 12, 7),
        capture_output=True,
        text=True,
        check=False,
    )

    assert (killed.returncode, killed.stdout) == (-signal.SIGKILL, "")
    assert own.witness().add_checkpoint(at(log, 12, 7)) == Reply(409, "12\n", "text/x.tlog.size")
    assert own.witness().add_checkpoint(at(log, 12, 12)).status == 200
    assert own.witness().add_checkpoint(at(grown(20, b"fork"), 12, 12)).status == 422


_KILLED = """
import os, signal, sys
from contextlib import contextmanager
from pathlib import Path
from exchange.client import witness
class Dies(witness.Folder):
    @contextmanager
    def turn(self, origin):
        with super().turn(origin) as turn:
            yield turn
        os.kill(os.getpid(), signal.SIGKILL)
witness.Folder = Dies
print(witness.OwnWitness(Path(sys.argv[1])).witness().add_checkpoint(sys.stdin.read()))
"""


def test_a_damaged_memory_is_never_taken_for_an_empty_one(own: OwnWitness) -> None:
    log = grown()
    own.witness().add_checkpoint(at(log, 7))
    (own.folder / PLACE / "checkpoint").write_text("")

    with pytest.raises(WitnessRefused, match="damaged"):
        own.witness().add_checkpoint(at(log, 8))


def test_evidence_is_kept_once_and_does_not_fill_a_disk(own: OwnWitness) -> None:
    witness = own.witness()
    witness.add_checkpoint(at(grown(), 7))
    for number in range(70):
        for _ in range(2):
            witness.add_checkpoint(at(grown(7, b"%d" % number), 7, 7))

    assert len(list((own.folder / PLACE / "evidence").iterdir())) == 64


@pytest.fixture
def served(own: OwnWitness) -> Iterator[httpx2.Client]:
    server = WitnessServer(own, "127.0.0.1", 0)
    Thread(target=server.serve_forever, daemon=True).start()
    with httpx2.Client(base_url=f"http://127.0.0.1:{server.server_address[1]}", trust_env=False) as client:
        yield client
    server.shutdown()
    server.server_close()


def test_over_http_it_is_the_same_witness(own: OwnWitness, served: httpx2.Client) -> None:
    log = grown()

    assert served.get(f"/{PLACE}/checkpoint").status_code == 404
    done = served.post("/add-checkpoint", content=at(log, 7))
    shown = served.get(f"/{PLACE}/checkpoint")
    conflict = served.post("/add-checkpoint", content=at(log, 9))

    assert done.status_code == 200
    assert done.text.startswith("— buyer.example/w ")
    assert shown.text == own.note(PLACE)
    assert (conflict.status_code, conflict.text) == (409, "7\n")
    assert conflict.headers["content-type"] == "text/x.tlog.size"


def test_over_http_nonsense_is_refused_and_nothing_else_is_served(served: httpx2.Client) -> None:
    assert served.post("/add-checkpoint", content=b"\xff\xfe").status_code == 400
    assert served.post("/add-checkpoint", content=b"x" * 300_000).status_code == 400
    assert served.post("/elsewhere", content=b"x").status_code == 404
    assert [served.get(path).status_code for path in ("/", "/witness.seed", "/../name")] == [404, 404, 404]


def test_a_folder_is_made_once_and_shows_the_key_to_name(tmp_path: Path) -> None:
    words = ("witness", "init", str(tmp_path / "w"), "--name", "buyer.example/w")
    keys = [word for vkey in SIGNER.vkeys() for word in ("--key", vkey)]

    made = dex(tmp_path, *words, *keys)
    again = dex(tmp_path, *words, *keys)

    assert made.exit_code == 0, made.output
    assert OwnWitness(tmp_path / "w").key.vkey.startswith("buyer.example/w+")
    assert refused(again).startswith("E_WITNESS: ")


def test_looking_vouches_for_a_log_that_grows_and_not_for_one_that_forks(tmp_path: Path, own: OwnWitness) -> None:
    log = grown()

    def served(size: int, old: int, shown: TinyLog) -> Script:
        head, _, note = at(shown, size, old).partition("\n\n")
        proof = head.partition("\n")[2]
        return Script([httpx2.Response(200, text=note), *([httpx2.Response(200, text=proof)] if old else [])])

    first = dex(tmp_path, "witness", "look", str(own.folder), "--json", answering=served(7, 0, log))
    grew = dex(tmp_path, "witness", "look", str(own.folder), "--json", answering=served(20, 7, log))
    forked = dex(tmp_path, "witness", "look", str(own.folder), answering=served(21, 20, grown(21, b"fork")))

    assert (first.exit_code, grew.exit_code) == (0, 0)
    assert "evidence is kept" in refused(forked)
