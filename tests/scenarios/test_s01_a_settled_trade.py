"""S01: a bank asks a question, gets one sealed answer, accepts it; the money is split to the fen and paid."""

from exchange.client.auditing.evidence import checked_evidence
from exchange.kernel.views import dump, rebuild
from tests.market import DAY_S, Market


def test_the_answer_is_computed_in_the_domain_and_opened_at_home(market: Market) -> None:
    order_id = market.ordered()
    with market.provider.engine() as engine:
        market.works(engine)

    assert market.buyer.order(order_id)["state"] == "DELIVERED"
    answer = market.answer(order_id)
    assert (answer.columns, answer.k_min) == (("district", "firms", "kwh"), 5)
    assert answer.rows == (("district 0", 20, 2380), ("district 1", 20, 2400))


def test_the_price_is_held_taken_split_to_the_fen_and_paid_on_the_next_working_day(market: Market) -> None:
    order_id = market.ordered()
    assert market.buyer.escrow() == {"available_fen": 89_150, "held_fen": 160_850}
    market.works()
    assert market.buyer.accept(order_id)["state"] == "COMPLETED"
    assert market.buyer.escrow() == {"available_fen": 89_150, "held_fen": 0}

    clerk = market.staff["settlement clerk"]
    batch = clerk.close_day()
    market.passes(DAY_S)
    clerk.pay(batch["id"])
    market.teller.run_once()
    paid = clerk.money.batch(batch["id"])

    assert (batch["settlements"], batch["gross_fen"], paid["state"]) == (1, 160_850, "PAID")
    merchant, exchange = market.wallets["merchant"].identity.participant_id, "part_exchange"
    # 7 and 3 of 100 leave half a fen each: the odd one goes to the id that sorts first (rulebook 4.6).
    odd = min(merchant, exchange)
    assert _shares(market) == {
        market.wallets["supplier"].identity.participant_id: 144_765,
        merchant: 11_259 + (odd == merchant),
        exchange: 4_825 + (odd == exchange),
    }
    assert [line["amount_fen"] for line in market.supplier.statements()] == [144_765]
    assert {account: fen for account, fen in market.balances().items() if fen} == {
        f"escrow:{market.wallets['buyer'].identity.participant_id}": 89_150,
        "rail:bank": -89_150,
    }


def test_at_every_step_all_balances_sum_to_zero_and_views_can_be_made_again(market: Market) -> None:
    order_id = market.ordered()
    _holds(market)
    market.works()
    _holds(market)
    market.buyer.accept(order_id)
    market.staff["settlement clerk"].close_day()
    _holds(market)


def test_an_auditor_gets_every_fact_of_the_order_opened_and_proven(market: Market) -> None:
    order_id = market.ordered()
    market.works()
    market.buyer.accept(order_id)
    market.logs()

    bundle = market.staff["auditor"].evidence(order_id)

    told = [one.type for one in checked_evidence(bundle, market.admin.about()["log_vkeys"]) if one.subject == order_id]
    assert told == ["order.placed", "ticket.issued", "result.delivered", "order.completed"]


def _shares(market: Market) -> dict[str, int]:
    with market.store.reading() as connection:
        return dict(list(connection.exec_driver_sql("SELECT payee_id, amount_fen FROM statement_line")))


def _holds(market: Market) -> None:
    assert sum(market.balances().values()) == 0
    with market.store.writing() as connection:
        shown = list(dump(connection))
        assert rebuild(connection) > 0
        assert list(dump(connection)) == shown
