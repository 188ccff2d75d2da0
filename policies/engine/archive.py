"""Keeps every set of rules that ever decided anything, under its digest, so an old decision can be made again.

A file is what its name says or it is refused; an archived set is never changed.
"""

import hashlib
import json
import re
from pathlib import Path
from tempfile import NamedTemporaryFile

from policies.engine.decide import Decision, decide
from policies.engine.policy_set import PolicySet, build
from policies.engine.refused import Fault, PolicyRefused

_DIGEST = re.compile(r"[0-9a-f]{64}")


def archive(policies: PolicySet, folder: Path) -> Path:
    """Write the set once; writing it again changes nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{policies.digest}.json"
    if not path.exists():
        # Under another name first: a half-written file must never answer to a digest.
        with NamedTemporaryFile(dir=folder, suffix=".draft", delete=False) as draft:
            draft.write(policies.canonical)
        Path(draft.name).replace(path)
    return path


def load_archived(folder: Path, digest: str) -> PolicySet:
    path = folder / f"{digest}.json"
    if _DIGEST.fullmatch(digest) is None or not path.is_file():
        raise PolicyRefused(Fault.DIGEST, "archive")
    canonical = path.read_bytes()
    if hashlib.sha256(canonical).hexdigest() != digest:
        raise PolicyRefused(Fault.DIGEST, "archive")
    return build(json.loads(canonical))


def decided_again(folder: Path, decision: Decision) -> Decision:
    """The same decision by the very rules it names. One that comes out otherwise was not made by them: refused."""
    again = decide(load_archived(folder, decision.policy_digest), decision.table, decision.facts)
    if again != decision:
        raise PolicyRefused(Fault.DECISION, f"{decision.table}: decided otherwise")
    return again
