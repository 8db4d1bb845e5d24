"""Finite sets of pictures with questions and answers, seen again and again, and their batches of equal token budgets."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from course_lib.instruct.formats import from_scene
from course_lib.llava import chat_format
from course_lib.llava.chat_format import Segments
from course_lib.llava.data.batches import sample_questions, to_messages
from course_lib.llava.data.packing import NUM_SHARED_SEGMENTS, LlavaBatch, collate
from course_lib.llava.data.pictures import PicturePool
from course_lib.llava.recipes import LlavaRecipe
from course_lib.small.data.faults import TaughtAnswer, filter_counts, is_flagged, teach
from course_lib.small.recipes import DataArm


def fill_budget(lengths: Sequence[int], budget: int) -> list[int]:
    """Which conversations, in order, round and round, until the next would not fit into the budget: numbers into `lengths`.

    lengths: tokens of each, at least 1. Few conversations come again, many are not all taken: either way as many tokens are
    learned from. ValueError where there is none to take.
    """
    if not lengths:
        raise ValueError("There is no conversation to fill the budget with.")
    taken, used = [], 0
    while used + (length := lengths[len(taken) % len(lengths)]) <= budget:
        taken.append(len(taken) % len(lengths))
        used += length
    return taken


@dataclass(frozen=True)
class TaughtSet:
    """The answers of an arm, picture by picture, and what its filter did to them."""

    pictures: list[list[TaughtAnswer]]
    counts: dict[str, int]  # see `filter_counts`


def make_set(arm: DataArm, pool: PicturePool, seed: int = 0) -> TaughtSet:
    """The first `arm.num_pictures` of a pool with their questions, whatever the arm; only the answers differ.

    Signs are left out: this vision tower can't read them.
    """
    pictures, everything, flags = [], [], []
    for number in range(min(arm.num_pictures, len(pool.scenes))):
        scene, picture = pool.scenes[number], pool.pictures[number]
        rng = random.Random(f"small/{seed}/{number}")
        taught = teach([one for one in sample_questions(scene, rng) if one.kind != "read"], arm.fault_frac, rng)
        flagged = is_flagged(taught, from_scene(scene, picture=picture)) if arm.filtered else [False] * len(taught)
        pictures.append([one for one, bad in zip(taught, flagged, strict=True) if not bad])
        everything += taught
        flags += flagged
    return TaughtSet(pictures, filter_counts(everything, flags))


@dataclass(frozen=True)
class SetBatches:
    """Batches of a set: pictures drawn without replacement within a step, behind each as many tokens of conversations.

    A batch is a function of its step's number, so that a resumed run sees what an undisturbed one does.
    """

    tokenizer: object
    features: Tensor  # [P, N, W]
    conversations: list[list[Segments]]  # picture by picture
    recipe: LlavaRecipe

    @classmethod
    def make(cls, tokenizer, features: Tensor, taught: TaughtSet, recipe: LlavaRecipe) -> "SetBatches":
        """Tokens of all conversations, once; pictures of which no answer is left are left out."""
        with_answers = [number for number, answers in enumerate(taught.pictures) if answers]
        conversations = [
            [
                chat_format.picture_segments(
                    tokenizer, to_messages([(chat_format.in_one_word(one.question.text), one.answer)])
                )
                for one in taught.pictures[number]
            ]
            for number in with_answers
        ]
        return cls(tokenizer, features[with_answers], conversations, recipe)

    def picks(self, step: int) -> list[tuple[int, list[Segments]]]:
        """(number of a picture, its conversations) for each row of a step."""
        rng = random.Random(f"small batch/{self.recipe.seed}/{step}")
        rows = []
        for number in rng.sample(range(len(self.conversations)), self.recipe.batch_size):
            shuffled = rng.sample(self.conversations[number], len(self.conversations[number]))
            taken = fill_budget([num_tokens(one) for one in shuffled], self.recipe.max_question_tokens)
            rows.append((number, [shuffled[i] for i in taken]))
        return rows

    def batch(self, step: int) -> LlavaBatch:
        """The rows of a step, with features in the place of pictures."""
        rows = self.picks(step)
        return collate(self.tokenizer, [own for _, own in rows], self.features[[number for number, _ in rows]])

    def tokens_until(self, steps: int) -> int:
        """Tokens of conversations in so many steps; those of the pictures are equally many in any case."""
        return sum(num_tokens(one) for step in range(steps) for _, own in self.picks(step) for one in own)


def num_tokens(segments: Segments) -> int:
    """Tokens of a conversation behind its picture."""
    return sum(len(ids) for _, ids in segments[NUM_SHARED_SEGMENTS:])
