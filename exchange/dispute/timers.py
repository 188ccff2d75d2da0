"""What time alone brings to a dispute; handed to the clockwork by whoever starts it."""

from exchange.dispute import service, views
from exchange.orders.clockwork import Timer

TIMERS = (Timer("dispute", lambda unit: views.due(unit.connection, unit.now), service.time_out),)
