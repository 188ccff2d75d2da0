"""Reads rule files: a small, plain part of YAML. It never reads floats, dates, anchors, tags or a key given twice.

Full YAML turns `NO` into false and lets one key silently replace another; a signed rule must mean what it shows.
"""

import re
from pathlib import Path

import yaml

from policies.engine.refused import Fault, PolicyRefused

Content = dict[str, object]

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTEGER = re.compile(r"-?(0|[1-9][0-9]*(_[0-9]{3})*)")
_FLOAT = re.compile(r"[-+]?([0-9][0-9_]*)?\.?[0-9]+([eE][-+]?[0-9]+)?|[0-9]+\.|[-+]?\.(inf|nan)", re.IGNORECASE)


def read_folder(folder: Path) -> dict[str, object]:
    """Every `.yaml` file of a folder, by its name without the ending."""
    return {path.stem: read(path.read_text("utf-8"), path.name) for path in sorted(folder.glob("*.yaml"))}


def read(text: str, name: str) -> object:
    """The plain value of one document."""
    try:
        # Anchors, aliases and tags make a line mean something that stands elsewhere.
        events = yaml.parse(text, Loader=_LOADER)
        if any(getattr(event, "anchor", None) or getattr(event, "tag", None) for event in events):
            raise PolicyRefused(Fault.YAML, name)
        node = yaml.compose(text, Loader=_LOADER)
    except yaml.YAMLError:
        raise PolicyRefused(Fault.YAML, name) from None
    return None if node is None else _plain(node, name)


def _plain(node: yaml.Node, name: str) -> object:
    where = f"{name} line {node.start_mark.line + 1}"
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, name, where)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(child, name) for child in node.value]
    return _scalar(node.value, where, quoted=isinstance(node, yaml.ScalarNode) and bool(node.style))


def _mapping(node: yaml.MappingNode, name: str, where: str) -> Content:
    found: Content = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise PolicyRefused(Fault.SHAPE, where)
        if key.value in found:
            raise PolicyRefused(Fault.DUPLICATE_KEY, where)
        found[key.value] = _plain(value, name)
    return found


def _scalar(text: str, where: str, *, quoted: bool) -> object:
    if quoted:
        return text
    if text in ("true", "false"):
        return text == "true"
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        raise PolicyRefused(Fault.FLOAT, where)
    return text
