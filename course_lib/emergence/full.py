"""A published LLaVA, asked in seven languages what a sticker is. Full tier; Lesson 08 loads it, in 4 bits on a GPU.

Vicuna, its language model, was tuned on conversations in many languages; beside pictures LLaVA-NeXT had English. Judged by word lists:
Unicode's names and keywords of a sticker in the language of the question, or in English.
"""

from collections.abc import Sequence

import numpy as np

from course_lib.llava_next import full as llava_next
from course_lib.session import best_device
from course_lib.world.render import render
from course_lib.world.scenes import SceneSpec, make_scene
from course_lib.world.stickers import class_named

HUB = ("llava-hf/llava-v1.6-vicuna-7b-hf", "main")  # ungated; a commit's 40 digits pin it
SIZE, MAX_TILES, MAX_NEW_TOKENS = 336, 2, 20
QUESTIONS = {
    "en": "What is this? Answer with one word, in English.",
    "fr": "Qu'est-ce que c'est ? Réponds en un seul mot, en français.",
    "de": "Was ist das? Antworte mit einem Wort, auf Deutsch.",
    "es": "¿Qué es esto? Responde con una sola palabra, en español.",
    "zh": "这是什么？请用中文回答，只用一个词。",
    "ja": "これは何ですか？日本語で、一語で答えてください。",
    "ko": "이것은 무엇입니까? 한국어로 한 단어로 대답하세요.",
}


def load() -> tuple[object, object] | None:
    """(model, processor). None, with one sentence, where there is no GPU or they can't be had."""
    device, _, why = best_device()
    if device != "cuda":
        print(f"{HUB[0]} has seven billion parameters and wants a GPU ({why}). The lesson goes on without it.")
        return None
    loaded = llava_next.load_real(*HUB)
    if loaded:
        llava_next.limit_tiles(*loaded, MAX_TILES)
    return loaded


def sticker(name: str) -> np.ndarray:
    """A scene with this sticker alone, in its own colours: uint8 [336, 336, 3]."""
    spec = SceneSpec(stream="test", count=(1, 1), kinds=(1.0, 0.0, 0.0), names=(name,), colour=None)
    return render(make_scene(0, spec), SIZE).image


def names_it(reply: str, name: str, code: str) -> bool:
    """Does the reply hold this class's name, or one of its keywords, in the language of the code? Capitals don't count.

    Within words, too ("Katzen"), since Chinese and Japanese put no spaces between theirs.
    """
    known = class_named(name)
    return any(word.casefold() in reply.casefold() for word in (known.names[code], *known.keywords[code]))


def name_stickers(model, processor, names: Sequence[str]) -> np.ndarray:
    """Ask about each sticker in each of QUESTIONS and print the replies. [L, 2]: shares named in the language asked in, and in English."""
    rows = []
    for code, question in QUESTIONS.items():
        replies = [llava_next.ask_real(model, processor, sticker(name), question, MAX_NEW_TOKENS)[0] for name in names]
        print(f"{code}  {'; '.join(f'{name}: {reply}' for name, reply in zip(names, replies, strict=True))}")
        named = [
            [names_it(reply, name, one) for one in (code, "en")] for name, reply in zip(names, replies, strict=True)
        ]
        rows.append(np.mean(named, axis=0))
    return np.array(rows)
