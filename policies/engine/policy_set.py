"""A whole set of rules, read and proved. A set with one wrong word, gap or dead row is never handed out."""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from policies.engine.prove import prove
from policies.engine.refused import Fault, PolicyRefused
from policies.engine.source import read_folder
from policies.engine.table import Table, compiled
from policies.engine.vocabulary import SetWord, Vocabulary

TABLES = Path(__file__).parent.parent / "tables"


@dataclass(frozen=True, slots=True)
class PolicySet:
    """`canonical` is the content the digest is taken of: comments and layout of the files are not in it."""

    version: str
    digest: str
    vocabulary: Vocabulary
    tables: Mapping[str, Table]
    cases: Mapping[str, int]
    canonical: bytes


def load_policies(folder: Path | None = None) -> PolicySet:
    """The rules in a folder, or the ones in force. Reading proves everything, so callers keep what they get."""
    return build(read_folder(TABLES if folder is None else folder))


def build(content: Mapping[str, object]) -> PolicySet:
    vocabulary = _vocabulary(content)
    tables = {name: compiled(name, said, vocabulary) for name, said in content.items() if name != "vocabulary"}
    _no_id_twice(tables)
    _no_idle_word(vocabulary, tables)
    cases = {name: prove(table) for name, table in tables.items()}
    canonical = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    digest = hashlib.sha256(canonical).hexdigest()
    return PolicySet(vocabulary.version, digest, vocabulary, tables, cases, canonical)


def _vocabulary(content: Mapping[str, object]) -> Vocabulary:
    try:
        return Vocabulary.model_validate(content.get("vocabulary"))
    except ValidationError as error:
        place = ".".join(str(step) for step in error.errors()[0]["loc"])
        raise PolicyRefused(Fault.SHAPE, f"vocabulary: {place}") from None


def _no_id_twice(tables: Mapping[str, Table]) -> None:
    """Over the whole set, so that a rule id in a decision means one row."""
    ids = Counter(row.id for table in tables.values() for row in table.rows)
    for row_id, times in ids.items():
        if times > 1:
            raise PolicyRefused(Fault.DUPLICATE_ID, row_id)


def _no_idle_word(vocabulary: Vocabulary, tables: Mapping[str, Table]) -> None:
    """A word no table speaks is a rule somebody forgot to write."""
    spoken = {word for table in tables.values() for word in (*table.inputs, *table.outputs)}
    spoken |= {word.of for word in vocabulary.words.values() if isinstance(word, SetWord)}
    reasons = {(row.reason or "").partition(":")[0] for table in tables.values() for row in table.rows}
    for name in sorted((vocabulary.words.keys() - spoken) | (vocabulary.reasons.keys() - reasons)):
        raise PolicyRefused(Fault.DEAD_WORD, f"vocabulary: {name}")
