"""A domain's worker, or the relay of one, tries to reach its neighbours through the broker they share."""

from collections.abc import Callable
from typing import Any

import pytest
from redis import Redis
from redis.exceptions import AuthenticationError, NoPermissionError, ResponseError

from exchange.dispatch import acl
from tests.exchange.dispatch.conftest import broker as broker
from tests.exchange.dispatch.market_broker import MarketBroker
from workers import queue

THEIRS = "dx:grid:"

BREAK_OUTS: dict[str, Callable[[Any], object]] = {
    "read a neighbour's ticket": lambda r: r.hgetall(f"{THEIRS}job:grid-1"),
    "read one field of it": lambda r: r.hmget(f"{THEIRS}job:grid-1", ["data"]),
    "write a neighbour's ticket": lambda r: r.hset(f"{THEIRS}job:grid-1", "status", "finished"),
    "delete a neighbour's ticket": lambda r: r.delete(f"{THEIRS}job:grid-1"),
    "ask whether it is there": lambda r: r.exists(f"{THEIRS}job:grid-1"),
    "let it expire": lambda r: r.expire(f"{THEIRS}job:grid-1", 1),
    "see its queue": lambda r: r.lrange(f"{THEIRS}queue:tickets", 0, -1),
    "push into its queue": lambda r: r.rpush(f"{THEIRS}queue:tickets", "grid-1"),
    "take from its queue": lambda r: r.lmove(f"{THEIRS}queue:tickets", "dx:hosp1:queue:tickets"),
    "wait on its queue": lambda r: r.blmove(f"{THEIRS}queue:tickets", "dx:hosp1:queue:tickets", 1),
    "push a job to it by moving": lambda r: r.lmove("dx:hosp1:queue:tickets", f"{THEIRS}queue:tickets"),
    "drop what it holds": lambda r: r.lrem(f"{THEIRS}queue:tickets:held:1", 1, "grid-1"),
    "count its queue": lambda r: r.llen(f"{THEIRS}queue:tickets"),
    "name itself there": lambda r: r.sadd(f"{THEIRS}workers", "x"),
    "a look-alike prefix": lambda r: r.hset("dx:hosp1x:job:hosp1x-1", "status", "queued"),
    "RQ's common keys": lambda r: r.hset("rq:job:hosp1-1", "status", "queued"),
    "suspend everybody": lambda r: r.set("rq:suspended", 1),
    "a transaction": lambda r: r.pipeline().sadd("dx:hosp1:workers", "x").delete(f"{THEIRS}job:grid-1").execute(),
    "list all keys": lambda r: r.keys("*"),
    "scan all keys": lambda r: r.scan(),
    "a random key": lambda r: r.randomkey(),
    "count all keys": lambda r: r.dbsize(),
    "empty everything": lambda r: r.flushall(),
    "another database": lambda r: r.execute_command("SELECT", 1),
    "swap databases": lambda r: r.swapdb(0, 1),
    "move a key out": lambda r: r.move("dx:hosp1:workers", 1),
    "read the settings": lambda r: r.config_get("*"),
    "write a file": lambda r: r.config_set("dir", "/etc"),
    "save": lambda r: r.save(),
    "shut it down": lambda r: r.execute_command("SHUTDOWN", "NOSAVE"),
    "run a script": lambda r: r.eval("return redis.call('KEYS', '*')", 0),
    "load a function": lambda r: r.function_load("#!lua name=x\nredis.register_function('x', function() end)"),
    "watch everybody": lambda r: r.execute_command("MONITOR"),
    "list the users": lambda r: r.acl_list(),
    "become admin": lambda r: r.acl_setuser("w_hosp1", enabled=True, categories=["+@all"], keys=["*"]),
    "list the connections": lambda r: r.client_list(),
    "cut a connection": lambda r: r.client_kill_filter(_id="1"),
    "speak on a neighbour's channel": lambda r: r.publish(f"{THEIRS}pubsub:x", "{}"),
    "stop a worker": lambda r: r.publish("rq:pubsub:grid-1", '{"command": "shutdown"}'),
    "listen to a channel": lambda r: r.execute_command("SUBSCRIBE", f"{THEIRS}pubsub:x"),
    "dump": lambda r: r.dump(f"{THEIRS}job:grid-1"),
    "replicate away": lambda r: r.replicaof("192.0.2.1", 6379),
    "load a library": lambda r: r.execute_command("MODULE", "LIST"),
}


@pytest.mark.parametrize("user", ["w_hosp1", "r_hosp1"])
@pytest.mark.parametrize("attempt", BREAK_OUTS.values(), ids=BREAK_OUTS.keys())
def test_a_break_out_is_refused(broker: MarketBroker, user: str, attempt: Callable[[Any], object]) -> None:
    with pytest.raises(NoPermissionError):
        attempt(broker.as_user(user))


@pytest.mark.parametrize("user", ["w_hosp1", "r_hosp1"])
def test_a_script_the_relay_may_load_reaches_no_neighbour(broker: MarketBroker, user: str) -> None:
    connection = broker.as_user(user)

    with pytest.raises(NoPermissionError):
        connection.register_script("return redis.call('HSET', KEYS[1], 'a', 'b')")(keys=[f"{THEIRS}job:grid-1"])
    with pytest.raises(ResponseError, match=r"(?i)permission|ACL"):
        connection.register_script("return redis.call('HSET', 'dx:grid:job:grid-1', 'a', 'b')")()


def test_a_domain_cannot_plant_work_for_itself_and_a_relay_cannot_take_it(broker: MarketBroker) -> None:
    with pytest.raises(NoPermissionError):
        broker.worker("hosp1").rpush("dx:hosp1:queue:tickets", "hosp1-1")
    with pytest.raises(NoPermissionError):
        broker.relay("hosp1").lmove("dx:hosp1:queue:tickets", "dx:hosp1:elsewhere")
    with pytest.raises(NoPermissionError):
        broker.relay("hosp1").hgetall("dx:hosp1:job:hosp1-1")


def test_nobody_is_somebody(broker: MarketBroker) -> None:
    with pytest.raises(AuthenticationError):
        Redis.from_url(broker.broker.url("default", "")).ping()
    with pytest.raises(AuthenticationError):
        Redis.from_url(broker.broker.url("w_hosp1", broker.passwords["w_grid"])).ping()


def test_a_whole_life_under_the_rules_meets_no_denial(broker: MarketBroker) -> None:
    admin = broker.as_user("admin")
    admin.acl_log_reset()
    tickets = broker.queue("bank")

    def handle(token: str) -> None:
        if token == "fails":
            raise ValueError

    # Put, take, finish, fail, put again, drop a bad one, take back what a dead worker held.
    tickets.put("tkt_life1", "works")
    tickets.put("tkt_life2", "fails")
    tickets.put("tkt_life1", "works")
    admin.rpush("dx:bank:queue:tickets", "bank-gone")
    admin.hset("dx:bank:job:bank-bad", "status", "queued")
    admin.rpush("dx:bank:queue:tickets", "bank-bad")
    queue.serve(handle, domain="bank", connection=broker.worker("bank"), burst=True)
    tickets.put("tkt_life3", "works")
    broker.worker("bank").lmove("dx:bank:queue:tickets", "dx:bank:queue:tickets:held:1")
    queue.serve(handle, domain="bank", connection=broker.worker("bank"), burst=True)

    assert tickets.holds("tkt_life3")
    assert tickets.waiting() == 0
    denied = {entry["object"] for entry in admin.acl_log()}
    assert denied <= {"client|setinfo"}


@pytest.mark.parametrize("digest", ["", "x" * 64, "A" * 64, "a" * 63, "a" * 64 + " ~*"])
def test_what_is_not_a_hash_gets_into_no_rule(digest: str) -> None:
    with pytest.raises(ValueError, match="SHA-256"):
        acl.rules({"hosp1": acl.Hashes(worker=digest, relay="a" * 64)}, admin="b" * 64)
