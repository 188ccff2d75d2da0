"""What time alone brings to slices above the trade; handed to the clockwork by whoever starts it."""

from exchange.dispute.timers import TIMERS as DISPUTES
from exchange.orders.clockwork import Timer
from exchange.oversight import service

TIMERS = (*DISPUTES, Timer("rectification", service.unrectified, service.escalate))
