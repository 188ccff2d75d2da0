"""What both sides must say alike of privacy budgets: the least an answer may cost, and what one answer is told by.

Pure. The domain keeps the accounts; the exchange mirrors what receipts and tickets say of them.
"""

RHO_MIN_NRHO = 10_000
"""Below this an answer is noise alone: of a count over one row a unit the deviation is above 220."""
