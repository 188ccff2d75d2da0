"""The grammar every slice speaks: facts, and the entities that are folds of facts. There is no setter anywhere."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict

from exchange.kernel.errors import IllegalTransition
from exchange.wire.entries import PERSONAL

CONTENT = "content"


class _Section(str):
    """Marks a field as belonging to a section of its own, so that it can be erased apart from the rest."""

    __slots__ = ()


Personal = Annotated[str, _Section(PERSONAL)]
"""Text about a person: sealed, erasable, and never folded. Give it a default, which is all that a fold ever sees."""

EVENTS: dict[str, type["Event"]] = {}
"""Wire type → class, for reading stored facts. Closed: what is not here cannot be read."""

KINDS: dict[type["Event"], type["Entity"]] = {}
"""Which entity a fact belongs to: a fact belongs to exactly one."""


class Event(BaseModel):
    """A fact, in the past tense. It is the state change, the message and the log entry."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    WIRE_TYPE: ClassVar[str]
    SECTIONS: ClassVar[Mapping[str, str]]

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        words = re.findall(r"[A-Z][a-z0-9]*", cls.__name__)
        cls.WIRE_TYPE = f"{'_'.join(words[:-1])}.{words[-1]}".lower()
        cls.SECTIONS = {name: _section(field.metadata) for name, field in cls.model_fields.items()}
        EVENTS[cls.WIRE_TYPE] = cls

    def sections(self) -> dict[str, dict[str, Any]]:
        """The fields, by the section in which each is kept."""
        parts: dict[str, dict[str, Any]] = {}
        for name, value in self.model_dump(mode="json").items():
            parts.setdefault(self.SECTIONS[name], {})[name] = value
        return parts or {CONTENT: {}}


class Entity(BaseModel):
    """The fold of one stream of facts. Frozen: `then` answers with the next one."""

    model_config = ConfigDict(frozen=True)
    NEXT: ClassVar[Mapping[tuple[str, type[Event]], str]] = {}
    id: str
    state: str = "NEW"
    version: int = 0
    head: str = ""
    """The id of the last fact, for others to refer to."""

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        for _state, fact in cls.NEXT:
            if KINDS.setdefault(fact, cls) is not cls:
                raise TypeError(f"{fact.__name__} already belongs to {KINDS[fact].__name__}")
            if personal_fields(fact) & cls.model_fields.keys():
                raise TypeError(f"{cls.__name__} would remember what may have to be forgotten")

    def then(self, event: Event) -> Self:
        """The only way an entity changes. Raises `IllegalTransition`."""
        try:
            state = self.NEXT[self.state, type(event)]
        except KeyError:
            kind = type(self).__name__
            raise IllegalTransition(f"this {kind} is {self.state}: no {type(event).__name__}") from None
        return self.model_copy(update={**self.learned(event), "state": state, "version": self.version + 1})

    def learned(self, event: Event) -> dict[str, Any]:
        """What this entity keeps of an event: by default, the fields they share."""
        return {name: value for name, value in event if name in type(self).model_fields}


def _section(metadata: list[Any]) -> str:
    return next((str(mark) for mark in metadata if isinstance(mark, _Section)), CONTENT)


def personal_fields(event: type[Event]) -> frozenset[str]:
    """Fields of a fact that are erasable apart from the rest."""
    return frozenset(name for name, section in event.SECTIONS.items() if section == PERSONAL)


__all__ = ["CONTENT", "EVENTS", "KINDS", "PERSONAL", "Entity", "Event", "Personal", "personal_fields"]
