"""What chat models and their servers wrap round an answer: reasoning, special tokens, code fences, a role, a preamble.

It is taken off where it is certain which part is the answer, and refused where it is not: a model learns by heart what is left.
"""

import html
import re

# Reasoning, by any of its names: <think>, [THINK], ◁think▷, <seed:think>, <|START_THINKING|> … <|END_THINKING|>
REASONING = r"(?:think|thought|reason|reflect|scratchpad|analysis|rationale|monologue)"
MARK = re.compile(rf"[<\[◁]\|?(/?)((?:\w+:)?\w*{REASONING}\w*)(?:\s[^<>\[\]\n]*)?\|?[>\]▷]", re.IGNORECASE)
CHANNEL = re.compile(
    r"<\|channel\|>\s*(\w+)[^<]*(?:<\|constrain\|>[^<]*)?<\|message\|>"
)  # gpt-oss; its answer is in "final"
BARE_CHANNEL = re.compile(
    r"^\s*analysis(?=[A-Z])|(?<=\S)assistantfinal"
)  # the same, from a server that drops special tokens
OPEN, CLOSE = "<think>", "</think>"  # what all of these become
ALOUD = re.compile(
    r"\b(?:the user (?:wants|asks|asked|is asking|gave|has|needs)|let me (?:think|see|start|parse)|i need to (?:describe|write)"
    r"|thinking process)\b",
    re.IGNORECASE,
)

# Tokens of chat templates, which a server should never send
ENDS = r"<[|｜]?(?:im_)?(?:end|eo[stm]|return)[\w▁]*[|｜]?>|</s>|\[EOS\]"
STARTS = r"<s>|<bos>|<start_of_turn>|<[|｜](?:im_start|start|start_header_id|begin[\w▁]*|assistant)[|｜]>|\[/?INST\]"
ROLES = r"(?:assistant|model|gpt|ai|bot)"
LEADING = re.compile(rf"^(?:\s*(?:{STARTS}|{ENDS})(?:{ROLES}\b)?)+", re.IGNORECASE)
TRAILING = re.compile(rf"(?:(?:{STARTS}|<pad>)\s*)+$", re.IGNORECASE)
END = re.compile(ENDS, re.IGNORECASE)

# Wrapping that is plain text
FENCED = re.compile(r"(?:[^`~]*:)?\s*(`{3,}|~{3,})[ \t]*(?:\w*[ \t]*\n)?(.*?)(?:\1[^`~]*)?", re.DOTALL)
TAGGED = re.compile(
    r"<(answer|response|output|final|final_answer|solution|description|reply)>(.*)</\1>", re.I | re.DOTALL
)
SPEAKER = re.compile(rf"^(?:{ROLES}|response|output|reply|[\w ]{{0,20}}description)\s*:\s*", re.IGNORECASE)
PREAMBLES = (
    re.compile(
        r"^(?:sure|certainly|of course|absolutely|okay|ok|alright|great)(?: thing)?\s*[!.,:–—]+\s*", re.IGNORECASE
    ),
    re.compile(
        r"^(?:here(?:['’]s| is| are)|this is|below is)\b[^.:\n]*\b(?:description|paragraph|answer|reply|response)\b[^.:\n]*:\s*",
        re.IGNORECASE,
    ),
    re.compile(r"^(?:[^\n]{1,150}:|#+ [^\n]*)[ \t]*\n+"),  # a line that announces what comes, or a heading
)
FAREWELL = re.compile(
    r"(?<=[.!?\n])\s*(?:please )?(?:let me know|i hope (?:this|that)|hope this|feel free to|would you like|is there anything)\b[^\n]*\Z",
    re.IGNORECASE,
)
MARKUP = re.compile(
    rf"</?[A-Za-z|｜!][^<>\n]*>|\[/?INST\]|`{{3,}}|~{{3,}}|^\s*(?:user|human|system|{ROLES})\s*:|\A[{{\[]",
    re.I | re.MULTILINE,
)


class ReplyError(ValueError):
    """A reply that is out of form. The message says how."""


def unwrap(text: str) -> str:
    """The answer alone. ReplyError if it is nothing but reasoning, or if marks are left in it."""
    text = html.unescape(text).replace("\r\n", "\n").removeprefix("\ufeff")
    answer = without_fence(without_special_tokens(without_reasoning(text)))
    answer = SPEAKER.sub("", answer.replace("**", "")).strip()
    mark = MARKUP.search(answer)
    if mark:
        raise ReplyError(f'it holds "{mark[0].strip()[:40]}", which is no part of an answer')
    return answer


def without_reasoning(text: str) -> str:
    """What follows the reasoning. ReplyError if nothing does, or if it has no end."""
    text = CHANNEL.sub(lambda mark: CLOSE if mark[1] == "final" else OPEN, text)
    text = BARE_CHANNEL.sub(lambda mark: CLOSE if mark[0] == "assistantfinal" else OPEN, text)
    text = MARK.sub(lambda mark: CLOSE if mark[1] or "end_" in mark[2].lower() else OPEN, text)
    answer = re.sub(f"{OPEN}.*?{CLOSE}", "", text, flags=re.DOTALL).rpartition(CLOSE)[
        2
    ]  # a template may have opened it
    if OPEN in answer or ALOUD.search(answer[:200]):
        raise ReplyError("it is reasoning that comes to no end")
    if not answer.strip() and text.strip():
        raise ReplyError("it is reasoning and no answer")
    return answer


def wrapping(text: str) -> str | None:
    """The first mark of reasoning or of a code fence in a text, such as "<think>"; None if there is none."""
    mark = re.search(rf"{MARK.pattern}|`{{3,}}|~{{3,}}", text, re.IGNORECASE)
    return mark and mark[0]


def is_reasoning(text: str) -> bool:
    """Is this reasoning that never came to an answer?"""
    try:
        without_reasoning(html.unescape(text))
    except ReplyError:
        return True
    return False


def without_special_tokens(text: str) -> str:
    """The text between the template's tokens: behind those it begins with, and up to the first that ends a turn."""
    text = LEADING.sub("", text)
    return TRAILING.sub("", END.split(text, maxsplit=1)[0].rstrip())


def without_fence(text: str) -> str:
    """What stands in the one code fence, or in the one tag, round the answer; a line may announce it."""
    text = text.strip()
    fenced = FENCED.fullmatch(text)
    text = fenced[2].strip() if fenced else text
    tagged = TAGGED.fullmatch(text)
    return tagged[2].strip() if tagged else text


def without_preamble(text: str) -> str:
    """Prose without "Sure! Here is a description:" before it, and without "Let me know …" behind it."""
    for preamble in PREAMBLES:
        text = preamble.sub("", text, count=1)
    text = FAREWELL.sub("", text.strip()).strip()
    return text[:1].upper() + text[1:]
