"""The unified social credit code (统一社会信用代码): 18 characters, the last of which checks the others."""

_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)


def is_uscc(text: str) -> bool:
    """Whether the code is well formed and its check character is right (rulebook 4.1)."""
    if len(text) != 18 or any(letter not in _ALPHABET for letter in text):
        return False
    total = sum(_ALPHABET.index(letter) * weight for letter, weight in zip(text, _WEIGHTS, strict=False))
    return _ALPHABET[-total % 31] == text[17]
