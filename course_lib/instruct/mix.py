"""LLaVA-Instruct's mixture: 58 thousand conversations, 23 thousand descriptions, 77 thousand reasoning questions."""

from collections.abc import Mapping

SHARES = {"conversation": 58, "detail": 23, "complex": 77}


def mixed_types(count: int, shares: Mapping[str, int] = SHARES) -> list[str]:
    """The type of each of `count` replies: by their shares, and every beginning of the list as near to them as it can be.

    Each place goes to the type that is furthest behind its share (the first in `shares`, if two are). So a longer list
    begins with the shorter one, and what was asked for 100 replies counts towards 1,000.
    """
    types, given = [], dict.fromkeys(shares, 0)
    for place in range(1, count + 1):
        behind = {type: share * place - sum(shares.values()) * given[type] for type, share in shares.items()}
        furthest = max(behind, key=behind.__getitem__)
        given[furthest] += 1
        types.append(furthest)
    return types
