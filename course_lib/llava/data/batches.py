"""What MiniLlava reads: pictures with captions (stage 1), pictures with questions and instructions (stage 2).

A picture takes 64 places, an answer two or three. So several conversations share one picture: each sees the picture and
itself, and nothing of the others, as if it stood alone. That is the same lesson for the model at a fraction of the cost.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import torch
from torch import Tensor

from course_lib.clip.data.images import normalise, to_tensor
from course_lib.instruct.formats import TYPES, from_scene, serialise_context
from course_lib.instruct.reply import parse_turns
from course_lib.instruct.teachers.grammar import write_reply
from course_lib.llava.chat_format import Segments, caption_segments, ocr_segments, picture_segments
from course_lib.llava.letters import ALPHABET
from course_lib.llava.model import FIRST_TEXT_ONLY, packed_attention_mask
from course_lib.llava.word_mixture import caption_labels
from course_lib.lm.chat import Message, chat_segments, mask_labels
from course_lib.lm.data.batches import conversation
from course_lib.lm.loss import IGNORE_INDEX
from course_lib.world.language import captions
from course_lib.world.questions import Question, questions
from course_lib.world.render import render
from course_lib.world.scenes import Scene, SceneSpec, make_scene
from course_lib.world.signs import letter_boxes
from course_lib.world.splits import training_may_use_text

NUM_PATCHES = 64
QUESTIONS_PER_KIND = 2  # questions of every kind about a picture
CAPTION_PROMPTS = ("write a caption.", "please write a caption.", "give me a caption.", "caption:", "make a caption.")
NUM_SHARED_SEGMENTS = (
    3  # segments that conversations about one picture share: the beginning, the first role, the picture
)


@dataclass(frozen=True)
class LlavaBatch:
    """Texts with their pictures: B texts of T tokens, a picture each."""

    ids: Tensor  # int64 [B, T]
    labels: Tensor  # int64 [B, T], IGNORE_INDEX where nothing is learned
    mask: Tensor  # bool [B, 1, T, T], who may look at whom
    positions: Tensor  # int64 [B, T]: each conversation continues from the picture's last position
    pixels: Tensor  # float [B, 3, 64, 64]

    def parts(self, count: int) -> list["LlavaBatch"]:
        """The same rows by their length, in `count` parts, each padded only to its own longest: less is computed for nothing."""
        if count == 1:
            return [self]
        places = torch.arange(self.ids.shape[1])
        lengths = ((self.positions > 0) * places).amax(dim=1) + 1  # [B]: padding has position 0, the last word has not
        found = []
        for rows in lengths.argsort(stable=True).chunk(count):
            end = int(lengths[rows].max())
            texts = (part[rows, :end] for part in (self.ids, self.labels))
            found.append(
                LlavaBatch(*texts, self.mask[rows, :, :end, :end], self.positions[rows, :end], self.pixels[rows])
            )
        return found

    def inputs(self) -> dict[str, Tensor]:
        """As `MiniLlava.forward` takes them."""
        return {
            "input_ids": self.ids,
            "labels": self.labels,
            "attention_mask": self.mask,
            "position_ids": self.positions,
            "pixels": self.pixels,
        }


def training_scene(rng: random.Random) -> Scene:
    """Any scene that training may see."""
    return make_scene(rng.randrange(1_000_000_000), SceneSpec(count=(1, 4)))


def word_mixture_batch(tokenizer, words: list[int], step: int, size: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Pictures [B, 3, 64, 64], and which of the words their fullest captions say, bool [B, K]."""
    rng = random.Random(f"words/{seed}/{step}")
    scenes = [training_scene(rng) for _ in range(size)]
    return render_pixels(scenes), caption_labels(tokenizer, [captions(scene, 1)[0] for scene in scenes], words)


def stage1_batch(tokenizer, step: int, size: int, seed: int = 0) -> LlavaBatch:
    """Pictures, each with two captions that say all they can."""
    rng = random.Random(f"stage 1/{seed}/{step}")
    scenes = [training_scene(rng) for _ in range(size)]
    told = [
        [caption_segments(tokenizer, text, NUM_PATCHES, rng.choice(CAPTION_PROMPTS)) for text in captions(scene, 2)]
        for scene in scenes
    ]
    return collate(told, render_pixels(scenes))


def stage2_batch(
    tokenizer,
    step: int,
    size: int,
    seed: int = 0,
    learn_user: bool = False,
    types: Sequence[str] = TYPES,
    text_only_frac: float = 0.0,
    max_question_tokens: int | None = None,
    ocr_frac: float = 0.0,
) -> LlavaBatch:
    """Pictures with questions of every kind, and with instruction data of one of these types, if there are any.

    max_question_tokens: of short questions behind each picture. Rows of like length need little padding, which is computed for nothing.

    Beside a share `blind` of the pictures stands a conversation about none, so that this skill is kept: LLaVA-1.5 has 40,000
    of them among 665,000 (Liu et al., 2024, "Improved Baselines", appendix).

    A share `reading` of the pictures has signs with practice words (`letters_learn`), and what they say is always asked, too.
    """
    rng = random.Random(f"stage 2/{seed}/{step}")
    scenes = [practice_scene(rng) if ocr_frac and rng.random() < ocr_frac else training_scene(rng) for _ in range(size)]

    def about(scene: Scene) -> list[Segments]:
        asked = sample_questions(scene, rng)
        read = [one for one in asked if one.kind == "read"] if ocr_frac else []
        spelled = [ocr_segments(tokenizer, one.text, one.answer, NUM_PATCHES) for one in read]
        short = [picture_segments(tokenizer, in_turns([one]), NUM_PATCHES) for one in asked if one not in read]
        long = [picture_segments(tokenizer, sample_instruction(scene, rng, types), NUM_PATCHES)] if types else []
        return [*spelled, *(fit_token_budget(short, max_question_tokens, rng) if max_question_tokens else short), *long]

    told = [about(scene) for scene in scenes]
    beside = [[chat_segments(tokenizer, conversation(rng))] if rng.random() < text_only_frac else [] for _ in scenes]
    return collate(told, render_pixels(scenes), learn_user, beside)


def fit_token_budget(conversations: Sequence[Segments], max_question_tokens: int, rng: random.Random) -> list[Segments]:
    """Conversations about one picture in any order, until the next would not fit into so many tokens behind the picture."""
    found: list[Segments] = []
    for one in rng.sample(conversations, len(conversations)):
        max_question_tokens -= sum(len(ids) for _, ids in one[NUM_SHARED_SEGMENTS:])
        if found and max_question_tokens < 0:
            break
        found.append(one)
    return found


def set_batch(tokenizer, scenes: Sequence[Scene], step: int, size: int, seed: int = 0) -> LlavaBatch:
    """Pictures drawn from a set, with replacement, each with always the same questions and the same instruction data."""
    some = random.Random(f"from a set/{seed}/{step}").choices(scenes, k=size)
    told = [[picture_segments(tokenizer, messages, NUM_PATCHES) for messages in everything(scene)] for scene in some]
    return collate(told, render_pixels(some))


def everything(scene: Scene) -> list[list[Message]]:
    """All that a set holds about a scene: short answers, and one sample of instruction data."""
    rng = random.Random(f"a set's/{scene.seed}/{scene.index}")
    return [*short_conversations(scene, rng), sample_instruction(scene, rng)]


def sample_questions(scene: Scene, rng: random.Random) -> list[Question]:
    """Different questions, QUESTIONS_PER_KIND of every kind that the scene can answer."""
    return list(
        {question.text: question for _ in range(QUESTIONS_PER_KIND) for question in questions(scene, rng)}.values()
    )


def short_conversations(scene: Scene, rng: random.Random) -> list[list[Message]]:
    """Conversations of one such question each."""
    return [in_turns([question]) for question in sample_questions(scene, rng)]


def sample_instruction(scene: Scene, rng: random.Random, types: Sequence[str] = TYPES) -> list[Message]:
    """A conversation, a description or some reasoning, as the grammar teacher writes it (Lesson 05)."""
    kind = rng.choice(types)
    context = from_scene(scene)
    text = write_reply(serialise_context(context, boxes=kind != "conversation"), kind)
    return to_messages([(turn.question, turn.answer) for turn in parse_turns(text, kind, context.id)])


def in_turns(asked: Sequence[Question]) -> list[Message]:
    """Questions and their answers → the turns of user and assistant."""
    return to_messages([(one.text, one.answer) for one in asked])


def to_messages(turns: Sequence[tuple[str, str]]) -> list[Message]:
    """(question, answer), … → the turns of user and assistant."""
    roles = ("user", "assistant")
    return [Message(role=role, content=text) for turn in turns for role, text in zip(roles, turn, strict=True)]


def render_pixels(scenes: Sequence[Scene]) -> Tensor:
    """Scenes → pixels [B, 3, 64, 64], normalised."""
    return normalise(to_tensor(np.stack([render(scene).image for scene in scenes])))


def collate(
    told: Sequence[Sequence[Segments]],
    pixels: Tensor,
    learn_user: bool = False,
    beside: Sequence[Sequence[Segments]] | None = None,
) -> LlavaBatch:
    """For each picture its conversations, in segments → one text a picture, padded to the longest.

    beside: for each picture, conversations that don't see it and stand in the same text to save padding.
    """
    rows = [
        _row(conversations, others, learn_user)
        for conversations, others in zip(told, beside or [[]] * len(told), strict=True)
    ]
    length = max(len(ids) for ids, *_ in rows)
    ids, labels, groups, positions = (
        torch.tensor([part + [padding] * (length - len(part)) for part in parts])  # [B, T]
        for parts, padding in zip(zip(*rows, strict=True), (0, IGNORE_INDEX, -1, 0), strict=True)
    )
    return LlavaBatch(ids, labels, packed_attention_mask(groups), positions, pixels)


def _row(
    conversations: Sequence[Segments], others: Sequence[Segments], learn_user: bool
) -> tuple[list[int], list[int], list[int], list[int]]:
    """(ids, labels, groups, positions): what is shared, then one conversation after the other, then those without the picture."""
    ids, labels = mask_labels(conversations[0][:NUM_SHARED_SEGMENTS])
    groups, positions, shared = [0] * len(ids), list(range(len(ids))), len(ids)
    seeing = [
        (number, shared, segments[NUM_SHARED_SEGMENTS:]) for number, segments in enumerate(conversations, start=1)
    ]
    blind = [(number, 0, segments) for number, segments in enumerate(others, start=FIRST_TEXT_ONLY)]
    for number, start, segments in seeing + blind:
        more, learned = mask_labels([(own or learn_user, tokens) for own, tokens in segments])
        ids, labels = ids + more, labels + learned
        groups += [number] * len(more)
        positions += range(start, start + len(more))
    return ids, labels, groups, positions


NUM_PRACTICE_WORDS = 600  # different words
SIGN_SPEC = SceneSpec(count=(1, 3), kinds=(0.45, 0.1, 0.45))


@cache
def practice_words() -> tuple[str, ...]:
    """Letters or digits at random, short enough for a sign, and none that a test asks to read. Always the same."""
    rng, found = random.Random("practice words"), {}
    while len(found) < NUM_PRACTICE_WORDS:
        some, most = (ALPHABET[:26], 5) if rng.random() < 0.6 else (ALPHABET[26:], 4)
        word = "".join(rng.choices(some, k=rng.randint(1, most)))
        if training_may_use_text(word) and fits(word):
            found[word] = True
    return tuple(found)


def fits(word: str) -> bool:
    """Is there room for it on a sign?"""
    try:
        return bool(letter_boxes(word))
    except ValueError:
        return False


def practice_scene(rng: random.Random) -> Scene:
    """A training scene with a sign or two, which say practice words."""
    while True:
        scene = make_scene(rng.randrange(1_000_000_000), SIGN_SPEC)
        if any(thing.text for thing in scene.things):
            words = practice_words()
            things = (replace(t, text=rng.choice(words)) if t.text else t for t in scene.things)
            return replace(scene, things=tuple(things))
