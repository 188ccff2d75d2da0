"""Holding a file to the published schema of ISO 20022, which a wheel brings along. Never fetches one."""

import sysconfig
from functools import cache
from pathlib import Path

import xmlschema

SPACE = "urn:iso:std:iso:20022:tech:xsd:"


class Unreadable(ValueError):
    """Not a file of a kind we read, or not as its schema says."""


def hold(content: bytes, schema: str) -> None:
    try:
        _schema(schema).validate(xmlschema.XMLResource(content, defuse="always"))
    except (xmlschema.XMLSchemaException, SyntaxError):
        raise Unreadable("not as its schema says") from None


@cache
def _schema(place: str) -> xmlschema.XMLSchema:
    return xmlschema.XMLSchema(Path(sysconfig.get_path("purelib")) / place)
