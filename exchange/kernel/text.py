"""Text that people send: bounded, printable, in Unicode form NFC, so that it has one byte form. Never repairs it."""

from typing import Annotated
from unicodedata import category, is_normalized

from pydantic import AfterValidator, Field

Ground = Annotated[str, Field(pattern=r"^[A-Z0-9_:]{2,40}$")]
"""Why something was done, as a code of the rulebook."""


def _plain(text: str) -> str:
    if not is_normalized("NFC", text):
        raise ValueError("text is in Unicode form NFC")
    # Control, format and surrogate characters can make a reviewer see something else than what is stored.
    if any(category(letter) in ("Cc", "Cf", "Cs") for letter in text) or text != text.strip():
        raise ValueError("text has no control characters and no space around it")
    return text


Line = Annotated[str, Field(min_length=1, max_length=120), AfterValidator(_plain)]
Paragraph = Annotated[str, Field(min_length=1, max_length=2_000), AfterValidator(_plain)]
