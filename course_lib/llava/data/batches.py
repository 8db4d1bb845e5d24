"""Training batches of MiniLlava: captions (stage 1), questions and instructions (stage 2), as packed rows.

A picture takes 64 places, an answer two or three. So several conversations share one picture's row: each sees the picture and
itself, and nothing of the others, as if it stood alone. That is the same lesson for the model at a fraction of the cost.
A batch is a function of its step's number, so that a resumed run sees what an undisturbed one does.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from course_lib.clip.data.images import normalise, to_tensor
from course_lib.instruct.formats import TYPES, from_scene, serialise_context
from course_lib.instruct.reply import parse_turns
from course_lib.instruct.teachers.grammar import write_reply
from course_lib.llava import chat_format
from course_lib.llava.chat_format import MAX_LENGTH, Segments, caption_segments, ocr_segments, picture_segments
from course_lib.llava.connector import caption_labels
from course_lib.llava.data.existence import existence_questions
from course_lib.llava.data.practice_signs import practice_scene
from course_lib.llava.model import FIRST_TEXT_ONLY, packed_attention_mask
from course_lib.llava.recipes import LlavaRecipe
from course_lib.lm.chat import Message, chat_segments, mask_labels
from course_lib.lm.data.batches import conversation
from course_lib.lm.loss import IGNORE_INDEX
from course_lib.lm.tokenizer import IMAGE
from course_lib.world.language import PLACES, caption, captions, join, phrase
from course_lib.world.questions import Question, questions
from course_lib.world.render import Picture, render
from course_lib.world.scenes import Scene, SceneSpec, make_scene

NUM_PATCHES = 64
POOL_CHUNK = 64  # pictures that go through the vision tower at once
NUM_SHARED_SEGMENTS = 3  # of conversations about one picture: the beginning, the first role, the picture
QUESTIONS_PER_KIND = 2  # about a picture
CAPTION_PROMPTS = ("write a caption.", "please write a caption.", "give me a caption.", "caption:", "make a caption.")


@dataclass(frozen=True)
class LlavaBatch:
    """Packed rows with their pictures, as `MiniLlava.forward` takes them: B rows of T tokens, a picture each."""

    input_ids: Tensor  # int64 [B, T]
    labels: Tensor  # int64 [B, T], IGNORE_INDEX where nothing is learned
    attention_mask: Tensor  # bool [B, 1, T, T], see `packed_attention_mask`
    position_ids: Tensor  # int64 [B, T]: each conversation continues from the picture's last position
    pixel_values: Tensor  # float [B, 3, 64, 64], or the patch features [B, N, W] of a `PicturePool`

    def inputs(self) -> dict[str, Tensor]:
        """The arguments of `MiniLlava.forward`."""
        return dict(vars(self))

    def split_by_length(self, num_buckets: int) -> list["LlavaBatch"]:
        """The same rows, those of like length together, each bucket padded only to its own longest: less is computed for nothing."""
        if num_buckets == 1:
            return [self]
        # Padding has position 0, the last word of a row has not.
        columns = torch.arange(self.input_ids.shape[1])
        lengths = ((self.position_ids > 0) * columns).amax(dim=1) + 1  # [B]
        buckets = []
        for rows in lengths.argsort(stable=True).chunk(num_buckets):
            end = int(lengths[rows].max())
            ids, labels, positions = (t[rows, :end] for t in (self.input_ids, self.labels, self.position_ids))
            mask = self.attention_mask[rows, :, :end, :end]
            buckets.append(LlavaBatch(ids, labels, mask, positions, self.pixel_values[rows]))
        return buckets


@dataclass(frozen=True)
class PicturePool:
    """Pictures that are looked at again and again: what the frozen vision tower makes of them is computed once."""

    scenes: list[Scene]
    pictures: list[Picture]
    features: Tensor  # [P, N, W]

    @classmethod
    def compute(cls, image_features: Callable[[Tensor], Tensor], count: int, seed: int = 0) -> "PicturePool":
        """`count` training scenes; image_features: pixel_values [B, 3, 64, 64] → [B, N, W]."""
        rng = random.Random(f"pool/{seed}")
        scenes = [training_scene(rng) for _ in range(count)]
        pictures = [render(scene) for scene in scenes]
        chunks = [pictures[i : i + POOL_CHUNK] for i in range(0, count, POOL_CHUNK)]
        return cls(scenes, pictures, torch.cat([image_features(to_pixels(chunk)) for chunk in chunks]))

    def draw(self, count: int, rng: random.Random) -> tuple[list[Scene], list[Picture], Tensor]:
        """Different ones: their scenes, pictures and features [count, N, W]."""
        rows = rng.sample(range(len(self.scenes)), count)
        return [self.scenes[i] for i in rows], [self.pictures[i] for i in rows], self.features[rows]


def word_mixture_batch(
    tokenizer, words: list[int], step: int, recipe: LlavaRecipe, pool: PicturePool | None = None
) -> tuple[Tensor, Tensor]:
    """Pictures [B, 3, 64, 64] (or the features [B, N, W] of a pool's), and which of the words (token ids) their fullest captions
    contain, bool [B, K]."""
    rng = random.Random(f"words/{recipe.seed}/{step}")
    scenes, _, pixels = draw_pictures(recipe, rng, pool)
    return pixels, caption_labels(tokenizer, [captions(scene, 1)[0] for scene in scenes], words)


def stage1_batch(tokenizer, step: int, recipe: LlavaRecipe, pool: PicturePool | None = None) -> LlavaBatch:
    """Pictures, each with a caption, all in one form: a frozen language model can't be taught when to use which."""
    rng = random.Random(f"stage 1/{recipe.seed}/{step}")
    scenes, _, pixels = draw_pictures(recipe, rng, pool)
    prompts = [rng.choice(CAPTION_PROMPTS) for _ in scenes]
    conversations = [
        [caption_segments(tokenizer, plain_caption(scene), prompt)]
        for scene, prompt in zip(scenes, prompts, strict=True)
    ]
    return collate(tokenizer, conversations, pixels)


def plain_caption(scene: Scene) -> str:
    """ "a picture of a blue heart and a cat at night": things from left to right, with their colours, and the place."""
    things = sorted(scene.things, key=lambda thing: thing.x)
    return f"a picture of {join([phrase(thing, size=False) for thing in things])} {PLACES[scene.backdrop]}"


def draw_pictures(
    recipe: LlavaRecipe, rng: random.Random, pool: PicturePool | None
) -> tuple[list[Scene], list[Picture], Tensor]:
    """A batch's scenes, their pictures and pixel values: from a pool, with features in their place, or ever new ones."""
    if pool:
        return pool.draw(recipe.batch_size, rng)
    scenes = [
        practice_scene(rng) if recipe.ocr_frac and rng.random() < recipe.ocr_frac else training_scene(rng)
        for _ in range(recipe.batch_size)
    ]
    rendered = [render(scene) for scene in scenes]
    return scenes, rendered, to_pixels(rendered)


def stage2_batch(
    tokenizer,
    step: int,
    recipe: LlavaRecipe,
    learn_user: bool = False,
    types: Sequence[str] = TYPES,
    pool: PicturePool | None = None,
) -> LlavaBatch:
    """Pictures with questions of every kind, and with instruction data of one of these types, if there are any.

    In the first `recipe.short_answer_frac` of the steps there are no instruction data. Behind each picture stand at most
    `recipe.max_question_tokens` of short questions: rows of like length need little padding, which is computed for nothing.
    Beside `text_only_frac` of the pictures stands a conversation about none, so that this skill is kept: LLaVA-1.5 has 40,000
    of them among 665,000 (Liu et al., 2024, "Improved Baselines", appendix). `ocr_frac` of the pictures have signs with
    practice words, and what they say is always asked, too, and answered letter by letter.
    """
    rng = random.Random(f"stage 2/{recipe.seed}/{step}")
    if step < recipe.short_answer_frac * recipe.steps:
        types = ()
    scenes, rendered, pixels = draw_pictures(recipe, rng, pool)
    conversations = [
        picture_conversations(tokenizer, scene, picture, rng, recipe, types)
        for scene, picture in zip(scenes, rendered, strict=True)
    ]
    text_only = [
        [chat_segments(tokenizer, conversation(rng))] if rng.random() < recipe.text_only_frac else [] for _ in scenes
    ]
    return collate(tokenizer, conversations, pixels, learn_user=learn_user, text_only=text_only)


def picture_conversations(
    tokenizer, scene: Scene, picture: Picture, rng: random.Random, recipe: LlavaRecipe, types: Sequence[str]
) -> list[Segments]:
    """All that stage 2 says about one picture: signs, short questions, instruction data, existence, a caption."""
    sampled = sample_questions(scene, rng)
    # Signs are read letter by letter, and none of these questions is left out.
    signs = [one for one in sampled if one.kind == "read"] if recipe.ocr_frac else []
    ocr = [ocr_segments(tokenizer, prompt_of(one, recipe), one.answer) for one in signs]
    # Instruction data: one conversation, description or piece of reasoning.
    has_instruction = bool(types) and (recipe.instruction_frac == 1 or rng.random() < recipe.instruction_frac)
    long = [picture_segments(tokenizer, sample_instruction(scene, rng, types, picture))] if has_instruction else []
    # Other questions: a conversation each, as many as the budget of tokens allows.
    short = [picture_segments(tokenizer, question_messages(one, recipe)) for one in sampled if one not in signs]
    if recipe.max_question_tokens:
        short = fit_token_budget(short, recipe.max_question_tokens, rng)
    there = existence_questions(scene, recipe.num_existence, rng) if recipe.num_existence else []
    short += [picture_segments(tokenizer, question_messages(one, recipe)) for one in there]
    return [*ocr, *short, *long, *caption_conversations(tokenizer, scene, recipe.num_captions, rng)]


def caption_conversations(tokenizer, scene: Scene, count: int, rng: random.Random) -> list[Segments]:
    """Requests for a caption, with captions that say all they can, from left to right."""
    texts = [caption(scene, rng, left_to_right=True) for _ in range(count)]
    return [caption_segments(tokenizer, text, rng.choice(CAPTION_PROMPTS)) for text in texts]


def fixed_set_batch(tokenizer, scenes: Sequence[Scene], step: int, recipe: LlavaRecipe) -> LlavaBatch:
    """Pictures drawn from a set, with replacement, each with always the same questions and the same instruction data."""
    chosen = random.Random(f"from a set/{recipe.seed}/{step}").choices(scenes, k=recipe.batch_size)
    conversations = []
    for scene in chosen:
        rng = random.Random(f"a set's/{scene.seed}/{scene.index}")
        messages = [*short_conversations(scene, rng, recipe), sample_instruction(scene, rng)]
        conversations.append([picture_segments(tokenizer, one) for one in messages])
    return collate(tokenizer, conversations, render_pixels(chosen))


def collate(
    tokenizer,
    conversations: Sequence[Sequence[Segments]],
    pixel_values: Tensor,
    num_patches: int = NUM_PATCHES,
    learn_user: bool = False,
    text_only: Sequence[Sequence[Segments]] | None = None,
) -> LlavaBatch:
    """For each picture its conversations, in segments → one packed row a picture, padded to the longest.

    text_only: for each picture, conversations that don't see it and stand in the same row to save padding.
    learn_user: the user's words have labels as well (a mistake, for the lesson to measure).
    """
    image_token = tokenizer.convert_tokens_to_ids(IMAGE)
    rows = [
        _pack(with_picture, without, image_token, num_patches, learn_user)
        for with_picture, without in zip(conversations, text_only or [[]] * len(conversations), strict=True)
    ]
    length = max(len(ids) for ids, *_ in rows)
    input_ids, labels, segment_ids, position_ids = (
        torch.tensor([row + [padding] * (length - len(row)) for row in column])  # [B, T]
        for column, padding in zip(zip(*rows, strict=True), (0, IGNORE_INDEX, -1, 0), strict=True)
    )
    return LlavaBatch(input_ids, labels, packed_attention_mask(segment_ids), position_ids, pixel_values)


def _pack(
    conversations: Sequence[Segments],
    text_only: Sequence[Segments],
    image_token: int,
    num_patches: int,
    learn_user: bool,
) -> tuple[list[int], list[int], list[int], list[int]]:
    """(input ids, labels, segment ids, position ids) of one row.

    First what conversations about the picture share, then one conversation after the other, then those without the picture.
    """

    def labelled(segments: Segments, num_shared_segments: int = 0) -> Segments:
        shared, own = segments[:num_shared_segments], segments[num_shared_segments:]
        return [*shared, *((learned or learn_user, tokens) for learned, tokens in own)]

    num_shared = sum(len(tokens) for _, tokens in conversations[0][:NUM_SHARED_SEGMENTS]) - 1 + num_patches
    ids: list[int] = []
    labels: list[int] = []
    segment_ids, position_ids = [0] * num_shared, list(range(num_shared))
    for number, segments in enumerate(conversations, start=1):
        whole_ids, whole_labels = chat_format.picture_labels(
            labelled(segments, NUM_SHARED_SEGMENTS), image_token, num_patches, MAX_LENGTH
        )
        begin = 0 if number == 1 else num_shared  # the shared beginning stands in the row once
        ids += whole_ids[begin:]
        labels += whole_labels[begin:]
        segment_ids += [number] * (len(whole_ids) - num_shared)
        position_ids += range(num_shared, len(whole_ids))
    for number, segments in enumerate(text_only, start=FIRST_TEXT_ONLY):
        own_ids, own_labels = mask_labels(labelled(segments))
        ids += own_ids
        labels += own_labels
        segment_ids += [number] * len(own_ids)
        position_ids += range(len(own_ids))
    return ids, labels, segment_ids, position_ids


def training_scene(rng: random.Random) -> Scene:
    """Any scene that training may see."""
    return make_scene(rng.randrange(1_000_000_000), SceneSpec(count=(1, 4)))


def sample_questions(scene: Scene, rng: random.Random) -> list[Question]:
    """Different questions, QUESTIONS_PER_KIND of every kind that the scene can answer."""
    drawn = [question for _ in range(QUESTIONS_PER_KIND) for question in questions(scene, rng)]
    return list({question.text: question for question in drawn}.values())


def short_conversations(scene: Scene, rng: random.Random, recipe: LlavaRecipe) -> list[list[Message]]:
    """Conversations of one such question each."""
    return [question_messages(question, recipe) for question in sample_questions(scene, rng)]


def fit_token_budget(conversations: Sequence[Segments], max_tokens: int, rng: random.Random) -> list[Segments]:
    """Conversations about one picture in any order, until the next would not fit into so many tokens behind the picture."""
    chosen: list[Segments] = []
    for segments in rng.sample(conversations, len(conversations)):
        max_tokens -= sum(len(ids) for _, ids in segments[NUM_SHARED_SEGMENTS:])
        if chosen and max_tokens < 0:
            break
        chosen.append(segments)
    return chosen


def sample_instruction(
    scene: Scene, rng: random.Random, types: Sequence[str] = TYPES, picture: Picture | None = None
) -> list[Message]:
    """A conversation, a description or some reasoning, as the grammar teacher writes it (Lesson 05).

    picture: the scene as `render` draws it, where that has been done already.
    """
    kind = rng.choice(types)
    context = from_scene(scene, picture=picture)
    text = write_reply(serialise_context(context, boxes=kind != "conversation"), kind)
    return to_messages([(turn.question, turn.answer) for turn in parse_turns(text, kind, context.id)])


def prompt_of(question: Question, recipe: LlavaRecipe) -> str:
    """What the user says: the question, and where the recipe has it the line that asks for one word."""
    return chat_format.in_one_word(question.text) if recipe.format_prompt else question.text


def question_messages(question: Question, recipe: LlavaRecipe) -> list[Message]:
    """A question and its answer → the turns of user and assistant."""
    return to_messages([(prompt_of(question, recipe), question.answer)])


def to_messages(turns: Sequence[tuple[str, str]]) -> list[Message]:
    """(question, answer), … → the turns of user and assistant."""
    roles = ("user", "assistant")
    return [Message(role=role, content=text) for turn in turns for role, text in zip(roles, turn, strict=True)]


def render_pixels(scenes: Sequence[Scene]) -> Tensor:
    """Scenes → pixel_values [B, 3, 64, 64], normalised."""
    return to_pixels([render(scene) for scene in scenes])


def to_pixels(rendered: Sequence[Picture]) -> Tensor:
    """Rendered scenes → pixel_values [B, 3, 64, 64], normalised."""
    return normalise(to_tensor(np.stack([picture.image for picture in rendered])))
