"""A record of instruction data in LLaVA's JSON (docs/Finetune_Custom_Data.md): the rules that it must keep.

`FORMAT_RULES` are for what is written here, `TRAINING_RULES` for what is trained on, whoever wrote it: there, texts without a
picture may stand, and <image> behind the question. Writer and reader both ask `breach`.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping
from reprlib import repr as short  # of whatever a file may hold, however long or deep

from course_lib.instruct.unwrap import wrapping

IMAGE_TOKEN = "<image>"  # where the picture's features will be spliced in
ROLES = ("human", "gpt")
SEPARATORS = re.compile(  # LLaVA's trainer cuts texts at those of its template, and leaves out what comes apart wrongly
    r"</?s>|<(?:unk|pad|bos|eos)>|</?(?:im_start|im_end|im_patch|start_of_turn|end_of_turn)>"  # Llama, LLaVA, Gemma
    r"|<[|｜][^<>\n]{1,40}[|｜]>|\[/?INST\]|<</?SYS>>|###"  # ChatML, Llama 3, DeepSeek; Llama 2; LLaVA v0
    r"|\b(?:USER|ASSISTANT|SYSTEM|HUMAN):|^\s*(?i:user|assistant|system|human|gpt)\s*:",  # Vicuna
    re.MULTILINE,
)


def record_turns(record: dict) -> list[dict]:
    """The turns of a LLaVA record, as far as there are any."""
    conversations = record.get("conversations")
    return [turn for turn in conversations if isinstance(turn, dict)] if isinstance(conversations, list) else []


def turn_values(record: dict) -> list[str]:
    """The text of each turn of a LLaVA record; "" for what is none."""
    values = (turn.get("value") for turn in record_turns(record))
    return [value if isinstance(value, str) else "" for value in values]


def separator(text: str) -> str | None:
    """The first mark in a text by which some chat template tells turns apart, such as "</s>" or "ASSISTANT:"."""
    found = SEPARATORS.search(text)
    return found and found.group().strip()


Rule = Callable[[dict], str | None]  # a record → what breaks the rule there; None: nothing does


def _first_turn(breaks: Callable[[int, dict], str | None]) -> Rule:
    """A rule of every turn: the first one about which `breaks`, of its number and itself, says anything."""

    def rule(record: dict) -> str | None:
        said = ((number, breaks(number, turn)) for number, turn in enumerate(record_turns(record)))
        return next((f"conversations[{number}] {broken}" for number, broken in said if broken), None)

    return rule


def _list_of_turns(record: dict) -> str | None:
    conversations = record.get("conversations")
    if not isinstance(conversations, list) or not conversations:
        others = ", ".join(f'"{name}"' for name in list(record)[:5])
        openai = (
            ', as OpenAI has it; LLaVA\'s turns have "from", human or gpt, and "value"' if "messages" in record else ""
        )
        return f'"conversations" is {short(conversations)}; the record has {others or "nothing"}{openai}'
    odd = next((number for number, turn in enumerate(conversations) if not isinstance(turn, dict)), None)
    return None if odd is None else f"conversations[{odd}] is {short(conversations[odd])}"


def _speaker(number: int, turn: dict) -> str | None:
    if "from" not in turn and "role" in turn:
        return 'has "role" and "content", as OpenAI has it; LLaVA says "from" and "value", human and gpt'
    return None if turn.get("from") in ROLES else f"is from {short(turn.get('from'))}"


def _silence(number: int, turn: dict) -> str | None:
    value = turn.get("value")
    if not isinstance(value, str):
        return f'has {short(value)} as its "value"'
    return None if value.replace(IMAGE_TOKEN, "").strip() else "is empty"


def _one_picture(record: dict) -> str | None:
    name = record.get("image")
    return None if isinstance(name, str) and name and path_in_folder(name) else f'"image" is {short(name)}'


def path_in_folder(name: str) -> bool:
    """Does a picture's name lead into the picture folder on every system, "sub/a.png"? Not "/a", "../a", "sub\\a" or "C:a"."""
    return not name.startswith("/") and ".." not in name.split("/") and not any(mark in name for mark in "\\:\0")


def _begins_with_image_token(record: dict) -> str | None:
    begins = turn_values(record)[:1] and turn_values(record)[0].startswith(f"{IMAGE_TOKEN}\n")
    return None if begins else f"conversations[0] begins {short(''.join(turn_values(record)[:1]))}"


def _image_tokens(record: dict) -> str | None:
    times = sum(value.count(IMAGE_TOKEN) for value in turn_values(record))
    return None if times == 1 else f"it does {times} times"


def _image_tokens_for_picture(record: dict) -> str | None:
    times = [value.count(IMAGE_TOKEN) for value in turn_values(record)]
    if sum(times) == sum(times[:1]) == bool(record.get("image")):
        return None
    return f'"image" is {short(record.get("image"))}, and it stands {sum(times[:1])} times there, {sum(times)} in all'


def _never(find: Callable[[str], str | None]) -> Rule:
    """A rule of every turn's text: that `find` finds nothing in it."""

    def rule(record: dict) -> str | None:
        found = enumerate(map(find, turn_values(record)))
        return next((f'conversations[{number}] holds "{mark}"' for number, mark in found if mark), None)

    return rule


CONVERSATION_RULES: dict[str, Rule] = {
    "its conversations are a list of turns": _list_of_turns,
    "each turn is from human or gpt": _first_turn(_speaker),
    "human begins, and the two take turns": _first_turn(
        lambda number, turn: None if turn.get("from") == ROLES[number % 2] else f"is from {short(turn.get('from'))}"
    ),
    "gpt has the last word": lambda r: f"it has {len(record_turns(r))} turns" if len(record_turns(r)) % 2 else None,
    "nobody says nothing": _first_turn(_silence),
}
TRAINING_RULES: dict[str, Rule] = {  # of what is trained on, whoever wrote it
    "its image is the name of a file, or null for a text without a picture": lambda r: (
        None if isinstance(r.get("image"), str | None) else f'"image" is {short(r["image"])}'
    ),
    **CONVERSATION_RULES,
    "<image> stands once in the first human turn if there is a picture, and nowhere else": _image_tokens_for_picture,
}
FORMAT_RULES: dict[str, Rule] = {  # of what is written here
    "it has an id, a text": lambda r: (
        None if isinstance(r.get("id"), str) and r["id"] else f'"id" is {short(r.get("id"))}'
    ),
    "it names one picture by its file, relative to the picture folder": _one_picture,
    **CONVERSATION_RULES,
    "it holds <image> once": _image_tokens,
    "<image> begins the first human turn, on a line of its own": _begins_with_image_token,
    "nobody says what tells turns apart in a chat template, such as </s> or ASSISTANT:": _never(separator),
    "nobody leaves in what was wrapped round an answer, such as <think> or a code fence": _never(wrapping),
}
UNIQUE = "no two records have the same id"


def breach(record: object, rules: Mapping[str, Rule] = FORMAT_RULES) -> tuple[str, str] | None:
    """(the first rule that a LLaVA record breaks, what breaks it there). None: it can be trained on."""
    if not isinstance(record, dict):
        return "a record is an object", f"it is {short(record)}"
    broken = ((rule, find(record)) for rule, find in rules.items())
    return next(((rule, what) for rule, what in broken if what), None)


def record_problem(record: object) -> str | None:
    """The first rule that a record breaks, so that it can't be written; None if it can."""
    return (breach(record) or (None,))[0]


def check_llava_format(records: object) -> list[str]:
    """Every breach of a rule, as "record 3: the rule". An empty list says that the file can be trained on."""
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        return ["the file should be a list of records"]
    breaches = [
        f"record {number}: {rule}"
        for number, record in enumerate(records)
        for rule, find in FORMAT_RULES.items()
        if find(record)
    ]
    counts = Counter(str(record.get("id")) for record in records)
    return breaches + [f"id {name}: {UNIQUE}" for name, count in counts.items() if count > 1]
