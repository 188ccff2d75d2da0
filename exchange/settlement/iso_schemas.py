"""Holding a file to the published schema of ISO 20022, which a wheel brings along. Never fetches one."""

import sysconfig
from functools import cache
from pathlib import Path

import xmlschema

SPACE = "urn:iso:std:iso:20022:tech:xsd:"


class Unreadable(ValueError):
    """Not a file of a kind we read, or not as its schema says."""


def hold(content: bytes, schema: str) -> None:
    """To the schema, if one is at hand. In any case no entity is declared in it, in whatever encoding it is written."""
    try:
        resource = xmlschema.XMLResource(content, defuse="always")
        if schema:
            _schema(schema).validate(resource)
    except (xmlschema.XMLSchemaException, SyntaxError, ValueError, LookupError):
        # The last two: an encoding that is none, or that the parser does not have.
        raise Unreadable("not as its schema says") from None


@cache
def _schema(place: str) -> xmlschema.XMLSchema:
    return xmlschema.XMLSchema(Path(sysconfig.get_path("purelib")) / place)
