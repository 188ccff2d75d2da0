"""State diagrams, drawn from the tables that decide: what is drawn cannot differ from what is done."""

import exchange.app  # noqa: F401 - every slice's entities must be known.
from exchange.kernel.entity import KINDS, Entity

HEAD = """# State diagrams

Drawn by `python -m exchange states` from each entity's `NEXT`; a test keeps this page in step.
"""


def drawn() -> str:
    """Every entity's machine as a mermaid diagram, in one page."""
    ours = {kind for kind in KINDS.values() if kind.__module__.startswith("exchange.")}
    kinds = sorted(ours, key=lambda kind: kind.__name__)
    return HEAD + "".join(_diagram(kind) for kind in kinds)


def _diagram(kind: type[Entity]) -> str:
    steps = sorted((str(before), event.__name__, str(after)) for (before, event), after in kind.NEXT.items())
    lines = [f"    {'[*]' if before == 'NEW' else before} --> {after}: {name}" for before, name, after in steps]
    return "\n".join(("", f"## {kind.__name__}", "", "```mermaid", "stateDiagram-v2", *lines, "```", ""))
