"""What is DuckDB's own: the zygote, its death, and the bytes it sends."""

import json
import os
import signal
import threading
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.workers.tables import LIMITS, write_tables
from workers.engines import EngineCode, EngineRefused
from workers.engines.duckdb import DuckDb, _answered
from workers.jail.parent import Inmate, JailUnavailable

VISITS = frozenset({"visits"})
COUNT = "SELECT count(*) FROM visits"


def _zygote(engine: DuckDb) -> int:
    assert engine._zygote is not None
    return engine._zygote.pid


def test_a_killed_zygote_is_replaced_and_the_query_answered(tmp_path: Path) -> None:
    with DuckDb(write_tables(tmp_path), LIMITS) as engine:
        first = _zygote(engine)
        os.kill(first, signal.SIGKILL)

        assert engine.run(COUNT, VISITS).rows == ((1000,),)
        assert _zygote(engine) != first


def test_a_zygote_that_dies_twice_under_one_query_is_a_failure(tmp_path: Path) -> None:
    with DuckDb(write_tables(tmp_path), LIMITS) as engine:
        stop = threading.Event()

        def keep_killing() -> None:
            while not stop.is_set():
                # One that has just been reaped is as dead as it should be.
                with suppress(psutil.NoSuchProcess):
                    for child in psutil.Process().children():
                        child.kill()

        killer = threading.Thread(target=keep_killing)
        killer.start()
        try:
            # A fork that outlives its zygote is waited for until the deadline; that ends in the other word.
            with pytest.raises(EngineRefused, match=r"FAILED|TIMEOUT"):
                engine.run("SELECT sleep_ms(1500) FROM visits", VISITS)
        finally:
            stop.set()
            killer.join()


def test_the_zygote_takes_its_children_with_it(tmp_path: Path) -> None:
    with DuckDb(write_tables(tmp_path), LIMITS) as engine:
        asking = threading.Thread(target=_ask_quietly, args=(engine,))
        asking.start()
        zygote = psutil.Process(_zygote(engine))
        while not (children := zygote.children()):
            pass
    asking.join()

    _, alive = psutil.wait_procs([zygote, *children], timeout=10)
    assert not alive


def _ask_quietly(engine: DuckDb) -> None:
    try:
        engine.run("SELECT sleep_ms(1500) FROM visits", VISITS)
    except EngineRefused:
        return


def test_the_zygote_knows_no_secret_and_holds_no_other_descriptor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DX_SECRET", "hunter2")
    with (tmp_path / "key").open("w") as _key, DuckDb(write_tables(tmp_path), LIMITS) as engine:
        environment = Path(f"/proc/{_zygote(engine)}/environ").read_bytes() if os.getuid() == 0 else b""
        threads = os.listdir(f"/proc/{_zygote(engine)}/task")

    assert environment == b""
    assert len(threads) == 1


def test_no_process_is_left_behind(tmp_path: Path) -> None:
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    with DuckDb(write_tables(tmp_path), LIMITS) as engine:
        engine.run(COUNT, VISITS)
        with pytest.raises(EngineRefused):
            engine.run("SELECT sleep_ms(9000) FROM visits", VISITS)

    assert {child.pid for child in psutil.Process().children(recursive=True)} <= before


@pytest.mark.skipif(os.getuid() != 0, reason="an ordinary worker stays itself")
def test_a_query_is_not_run_as_root(tmp_path: Path) -> None:
    with (
        pytest.raises(JailUnavailable, match="JAIL_DOES_NOT_HOLD"),
        DuckDb(write_tables(tmp_path), LIMITS, Inmate(0, 0)),
    ):
        pass


def test_a_domain_whose_file_is_missing_does_not_start(tmp_path: Path) -> None:
    tables = write_tables(tmp_path)
    tables["visits"].unlink()

    with pytest.raises(JailUnavailable, match="TABLES"), DuckDb(tables, LIMITS):
        pass


@pytest.mark.parametrize("name", ["a b", "A", 'x"; DROP', "", "é", "a" * 64])
def test_a_table_name_that_is_not_plain_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not plain"):
        DuckDb({name: tmp_path / "a.parquet"}, LIMITS)


@pytest.mark.parametrize(
    "frame",
    [
        b"", b"{}", b"[]", b"null", b"1", b'{"columns": ["a"]}', b'{"columns": ["a"], "rows": [[1.5]]}',
        b'{"columns": ["a"], "rows": [[NaN]]}', b'{"columns": ["a"], "rows": [[1, 2]]}',
        b'{"columns": ["a"], "rows": [[[1]]]}', b'{"columns": [1], "rows": [[1]]}', b'{"columns": ["a"], "rows": [1]}',
        b'{"columns": ["a"], "rows": [[1]], "more": 1}', b'{"refused": "BECAUSE row 7 is 42"}',
        b'{"refused": "FAILED", "why": "x"}', b"[" * 100_000, b'{"columns": ["a"], "rows": [["\xff"]]}',
        b'{"columns": ["a"], "rows": [[' + b"9" * 5000 + b"]]}",
        json.dumps({"columns": ["a"], "rows": [[1]] * 1001}).encode(),
    ],
)  # fmt: skip
def test_bytes_of_another_shape_are_a_failure(frame: bytes) -> None:
    with pytest.raises(EngineRefused) as refused:
        _answered(frame, LIMITS)
    assert refused.value.code == EngineCode.FAILED
