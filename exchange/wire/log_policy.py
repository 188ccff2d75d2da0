"""Whose cosignatures a checkpoint needs, as a file (C2SP tlog-policy): logs, witnesses, groups of them, one quorum."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

from exchange.wire.cosignatures import cosigners, open_witness_vkey
from exchange.wire.notes import NoteRefused, open_vkey

LINES_MAX = 256
_COUNT = re.compile(r"[1-9][0-9]{0,2}", re.ASCII)
_TEXT = re.compile(r"[\t\n -~]*", re.ASCII)


class PolicyFileRefused(ValueError):
    """The file is not a policy. The message says the rule, never the content."""


@dataclass(frozen=True, slots=True)
class LogPolicy:
    """A policy as read. Names mean something inside the file only; a witness counts in one way."""

    text: str
    logs: list[str] = field(default_factory=list)
    witnesses: dict[str, str] = field(default_factory=dict)
    groups: dict[str, tuple[int, tuple[str, ...]]] = field(default_factory=dict)
    quorum: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, log_vkeys: Sequence[str], witness_vkeys: Sequence[str], quorum: int) -> Self:
        """That `quorum` of these witnesses are enough; 0 asks for none."""
        lines = [f"log {vkey}" for vkey in log_vkeys]
        names = [f"w{number}" for number, _ in enumerate(witness_vkeys, 1)]
        lines += [f"witness {name} {vkey}" for name, vkey in zip(names, witness_vkeys, strict=True)]
        if quorum:
            lines += [f"group witnesses {quorum} {' '.join(names)}", "quorum witnesses"]
        return cls.parse("\n".join([*lines, *([] if quorum else ["quorum none"]), ""]))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Every line is one of the format's; anything else is refused."""
        lines = text.split("\n")
        if not _TEXT.fullmatch(text) or not text.endswith("\n") or len(lines) > LINES_MAX:
            raise PolicyFileRefused("not a policy")
        policy = cls(text)
        for line in lines:
            words = line.split()
            if words and not words[0].startswith("#"):
                policy._add(words)
        if len(policy.quorum) != 1:
            raise PolicyFileRefused("a policy has one quorum")
        return policy

    def met_by(self, note: str) -> bool:
        """Whether enough witnesses cosigned this note. A forged cosignature meets nothing."""
        return self.met_by_all((note,))

    def met_by_all(self, notes: Sequence[str]) -> bool:
        """Whether enough witnesses stand behind these notes, each behind one or more of them."""
        try:
            found = {vkey for note in notes for vkey in cosigners(note, list(self.witnesses.values()))}
        except NoteRefused:
            return False
        return self._holds(self.quorum[0], {name for name, vkey in self.witnesses.items() if vkey in found})

    def _holds(self, name: str, cosigned: set[str]) -> bool:
        if name == "none" or name in self.witnesses:
            return name == "none" or name in cosigned
        needed, members = self.groups[name]
        return sum(self._holds(member, cosigned) for member in members) >= needed

    def _add(self, words: list[str]) -> None:
        try:
            match words:
                case ["log", vkey] | ["log", vkey, _]:
                    self._fresh(open_vkey(vkey).public, [open_vkey(one).public for one in self.logs])
                    self.logs.append(vkey)
                case ["witness", name, vkey] | ["witness", name, vkey, _]:
                    self._fresh(name, ["none", *self.witnesses, *self.groups])
                    known = [open_witness_vkey(one).public for one in self.witnesses.values()]
                    self._fresh(open_witness_vkey(vkey).public, known)
                    self.witnesses[name] = vkey
                case ["group", name, count, *members] if members:
                    self._fresh(name, ["none", *self.witnesses, *self.groups])
                    self.groups[name] = (_needed(count, len(members)), self._members(members))
                case ["quorum", name] if name in {"none", *self.witnesses, *self.groups}:
                    self.quorum.append(name)
                case _:
                    raise PolicyFileRefused("not a line of a policy")
        except NoteRefused:
            raise PolicyFileRefused("a key cannot be read") from None

    @staticmethod
    def _fresh(new: str | bytes, known: Sequence[str | bytes]) -> None:
        if new in known:
            raise PolicyFileRefused("a name or key is given twice")

    def _members(self, members: list[str]) -> tuple[str, ...]:
        taken = {member for _, group in self.groups.values() for member in group}
        free = {*self.witnesses, *self.groups} - taken
        if len(set(members)) != len(members) or not set(members) <= free:
            raise PolicyFileRefused("a member is unknown, or counts twice")
        return tuple(members)


def _needed(count: str, members: int) -> int:
    needed = {"any": "1", "all": str(members)}.get(count, count)
    if not _COUNT.fullmatch(needed) or int(needed) > members:
        raise PolicyFileRefused("a group needs from one to all of its members")
    return int(needed)
