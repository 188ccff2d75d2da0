"""A small set of rules, right as it stands, for tests to spoil in one place."""

from pathlib import Path

VOCABULARY = """
version: "2026.1"
effective_from: "2026-11-24"
words:
  colour: {kind: enum, label: {zh: 颜色, en: colour}, values: {RED: {zh: 红, en: red}, BLUE: {zh: 蓝, en: blue}}}
  colours: {kind: set, of: colour, label: {zh: 颜色, en: colours}}
  old: {kind: bool, label: {zh: 旧, en: old}}
  size: {kind: int, min: 0, max: 9, label: {zh: 大小, en: size}}
reasons:
  E_NO: {zh: 不行, en: no}
"""

TABLE = """
table: things
title: {zh: 物, en: things}
hit: first
inputs: [colour, old, size]
outputs: [colours]
rules:
  - id: X1
    when: {colour: RED, size: ">= 5"}
    effect: refuse
    reason: E_NO
    basis: house rule
    says: {zh: 大红不行, en: no large red things}
  - id: X2
    when: {old: false}
    effect: permit
    then: {colours: [RED, BLUE]}
    basis: house rule
    says: {zh: 新的行, en: new things pass}
  - id: X3
    when: {old: true}
    effect: permit
    then: {colours: []}
    basis: house rule
    says: {zh: 旧的行, en: old things pass}
"""


def write(folder: Path, *, table: str = TABLE, vocabulary: str = VOCABULARY) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "vocabulary.yaml").write_text(vocabulary, "utf-8")
    (folder / "things.yaml").write_text(table, "utf-8")
    return folder


def spoiled(text: str, old: str, new: str) -> str:
    """The text with one place changed; a place that is not there is a mistake of the test."""
    if text.count(old) != 1:
        raise LookupError(old)
    return text.replace(old, new)
