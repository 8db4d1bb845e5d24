"""LLaVA-Instruct's mixture: 58 thousand conversations, 23 thousand descriptions, 77 thousand reasoning questions."""

SHARES = {"conversation": 58, "detail": 23, "complex": 77}


def mixed_types(count: int) -> list[str]:
    """The type of each of `count` replies: 58:23:77, and every beginning of the list as near to that as it can be.

    Each place goes to the type that is furthest behind its share (the first in SHARES, if two are). So a longer list
    begins with the shorter one, and what was asked for 100 replies counts towards 1,000.
    """
    types, given = [], dict.fromkeys(SHARES, 0)
    for place in range(1, count + 1):
        behind = {type: share * place - sum(SHARES.values()) * given[type] for type, share in SHARES.items()}
        furthest = max(behind, key=behind.__getitem__)
        given[furthest] += 1
        types.append(furthest)
    return types
