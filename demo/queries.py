"""What the demo's buyers ask: ten questions the rules answer and three they refuse. Data only; nothing here runs."""

from typing import Literal

from pydantic import BaseModel, ConfigDict


class DemoQuery(BaseModel):
    """One question: whom it is put to, why, and the SQL a buyer would write. `refused_by` is the rule that says no."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    domain: Literal["health", "power", "finance", "logistics"]
    title: str
    purpose: str
    sql: str
    refused_by: str | None = None


ANSWERED: tuple[DemoQuery, ...] = (
    DemoQuery(
        domain="health",
        title="Doctor visits and spending by share of costs borne",
        purpose="insurance_design",
        sql="""SELECT p.coinsurance_pct, count(*) AS years, avg(c.doctor_visits) AS visits, avg(c.medical_usd) AS spent
FROM care_years c JOIN people p ON c.person_id = p.person_id
GROUP BY p.coinsurance_pct ORDER BY p.coinsurance_pct""",
    ),
    DemoQuery(
        domain="health",
        title="People by decade of age, larger groups only",
        purpose="public_health_research",
        sql="""SELECT floor(age_at_entry / 10) * 10 AS age_from, female, count(*) AS people
FROM people GROUP BY 1, 2 HAVING count(*) > 300 ORDER BY 1, 2""",
    ),
    DemoQuery(
        domain="health",
        title="How many years people stayed in the study",
        purpose="public_health_research",
        sql="""SELECT years, count(*) AS people
FROM (SELECT person_id, count(*) AS years FROM care_years GROUP BY person_id) AS stay
GROUP BY years ORDER BY years""",
    ),
    DemoQuery(
        domain="power",
        title="Average demand by month on working days",
        purpose="grid_planning",
        sql="""SELECT date_trunc('month', read_on) AS month, avg(demand_mw) AS demand, avg(temperature_c) AS temperature
FROM readings WHERE work_day GROUP BY 1 ORDER BY 1""",
    ),
    DemoQuery(
        domain="power",
        title="The daily curve since July, working days against days off",
        purpose="grid_planning",
        sql="""SELECT half_hour, work_day, avg(demand_mw) AS demand
FROM readings WHERE read_on >= DATE '2014-07-01' GROUP BY half_hour, work_day ORDER BY half_hour, work_day""",
    ),
    DemoQuery(
        domain="finance",
        title="Interest by loan grade and purpose",
        purpose="credit_research",
        sql="""SELECT grade, purpose, count(*) AS loans, avg(interest_pct) AS interest, sum(amount_usd) AS lent
FROM loans GROUP BY grade, purpose HAVING count(*) >= 100 ORDER BY lent DESC LIMIT 10""",
    ),
    DemoQuery(
        domain="finance",
        title="Lending month by month, with the share of long loans",
        purpose="credit_research",
        sql="""SELECT date_trunc('month', issued_on) AS month, count(*) AS loans, sum(balance_usd) AS outstanding,
100.0 * count(*) FILTER (WHERE term_months = 60) / count(*) AS long_pct
FROM loans GROUP BY 1 ORDER BY 1""",
    ),
    DemoQuery(
        domain="logistics",
        title="Delay by destination's time zone",
        purpose="transport_planning",
        sql="""SELECT a.zone, count(*) AS flights, avg(f.distance_miles) AS miles, avg(f.dep_delay_min) AS delay
FROM flights f JOIN airports a ON f.dest = a.code
GROUP BY a.zone HAVING count(*) > 1000 ORDER BY flights DESC""",
    ),
    DemoQuery(
        domain="logistics",
        title="Delay by month and airport of departure",
        purpose="transport_planning",
        sql="""SELECT date_trunc('month', flown_on) AS month, origin, count(*) AS flights, avg(arr_delay_min) AS delay
FROM flights WHERE hour BETWEEN 6 AND 22 GROUP BY 1, 2 ORDER BY 1, 2""",
    ),
    DemoQuery(
        domain="logistics",
        title="Who builds the aircraft that fly from New York",
        purpose="transport_planning",
        sql="""SELECT p.maker, count(*) AS flights, count(DISTINCT f.tail_number) AS aircraft, avg(p.seats) AS seats
FROM flights f JOIN planes p ON f.tail_number = p.tail_number
GROUP BY p.maker ORDER BY flights DESC LIMIT 6""",
    ),
)

REFUSED: tuple[DemoQuery, ...] = (
    DemoQuery(
        domain="health",
        title="One named person's costs",
        purpose="public_health_research",
        sql="SELECT sum(medical_usd) AS spent FROM care_years WHERE person_id = 125024",
        refused_by="R09",
    ),
    DemoQuery(
        domain="finance",
        title="The largest income among the borrowers",
        purpose="credit_research",
        sql="SELECT state, max(annual_income_usd) AS top FROM loans GROUP BY state",
        refused_by="R06",
    ),
    DemoQuery(
        domain="logistics",
        title="The rows themselves",
        purpose="transport_planning",
        sql="SELECT * FROM flights",
        refused_by="R04",
    ),
)
