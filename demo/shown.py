"""How answers and money look on the screen."""

from rich.console import Console
from rich.table import Table

from exchange.client.open import Answer

SHOWN_ROWS = 4


def show(console: Console, answer: Answer) -> None:
    """The first rows of an opened answer."""
    table = Table(*answer.columns, box=None, padding=(0, 2))
    for row in answer.rows[:SHOWN_ROWS]:
        table.add_row(*("–" if cell is None else str(cell) for cell in row))
    console.print(table)
    if len(answer.rows) > SHOWN_ROWS:
        console.print(f"    [dim]… {len(answer.rows)} rows[/]")


def yuan(fen: int) -> str:
    return f"¥{fen // 100:,}.{fen % 100:02d}"
