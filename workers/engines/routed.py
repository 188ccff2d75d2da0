"""Several engines as one: each table lies with one of them, and a query never reads from two."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from contextlib import ExitStack
from typing import Self

from workers.engines import Answered, Engine, EngineCode, EngineRefused

Held = tuple[frozenset[str], Engine]


class Routed:
    """The engines of one domain, each with the tables it holds."""

    def __init__(self, held: Sequence[Held]) -> None:
        self._held = tuple(held)
        self._open = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as opening:
            for _, engine in self._held:
                opening.enter_context(engine)
            self._open = opening.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def portable(self, tables: AbstractSet[str]) -> bool:
        return self._engine(tables).portable(tables)

    def run(self, sql: str, tables: AbstractSet[str]) -> Answered:
        return self._engine(tables).run(sql, tables)

    def _engine(self, tables: AbstractSet[str]) -> Engine:
        for names, engine in self._held:
            if tables <= names:
                return engine
        raise EngineRefused(EngineCode.FAILED)
