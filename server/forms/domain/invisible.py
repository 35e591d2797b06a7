"""Characters that nobody sees: in a name or a code they make two texts that look alike differ."""

from __future__ import annotations

import unicodedata

_INVISIBLE = frozenset({"Cc", "Cf", "Co", "Cn", "Zl", "Zp"})


def is_invisible(character: str) -> bool:
    """Return whether a character shows nothing, or a gap that is no plain space (U+200B, U+00A0, U+3000 …)."""
    category = unicodedata.category(character)
    return category in _INVISIBLE or (category == "Zs" and character != " ")


def invisible_in(text: str) -> tuple[str, ...]:
    """Return the invisible characters of ``text``, each once, as they are written in tables: ``U+200B``."""
    return tuple(dict.fromkeys(_code_point(each) for each in text if is_invisible(each)))


def shown(text: str) -> str:
    """Return ``text`` with every invisible character written out: ``甲〔U+200B〕``."""
    return "".join(f"〔{_code_point(each)}〕" if is_invisible(each) else each for each in text)


def _code_point(character: str) -> str:
    return f"U+{ord(character):04X}"
