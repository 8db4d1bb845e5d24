"""Training batches of MiniLlava: captions (stage 1), questions and instructions (stage 2).

A batch is a function of its step's number, so that a resumed run sees what an undisturbed one does. How its conversations share the
row of their picture stands in `packing.py`.
"""

import random
from collections.abc import Sequence

from torch import Tensor

from course_lib.instruct.formats import TYPES, from_scene, serialise_context
from course_lib.instruct.reply import parse_turns
from course_lib.instruct.teachers.grammar import write_reply
from course_lib.llava import chat_format
from course_lib.llava.chat_format import Segments, caption_segments, ocr_segments, picture_segments
from course_lib.llava.connector import caption_labels
from course_lib.llava.data import requests
from course_lib.llava.data.existence import existence_questions
from course_lib.llava.data.packing import NUM_SHARED_SEGMENTS, LlavaBatch, collate
from course_lib.llava.data.pictures import PicturePool, draw_pictures, render_pixels
from course_lib.llava.recipes import LlavaRecipe
from course_lib.lm.chat import Message, chat_segments
from course_lib.lm.data.batches import conversation
from course_lib.world.language import PLACES, caption, captions, join, phrase
from course_lib.world.questions import Question, questions
from course_lib.world.render import Picture
from course_lib.world.scenes import Scene

QUESTIONS_PER_KIND = 2  # about a picture
CAPTION_PROMPTS = ("write a caption.", "please write a caption.", "give me a caption.", "caption:", "make a caption.")


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
    long = [sample_instruction(scene, rng, types, picture, recipe.varied_requests)] if has_instruction else []
    # Other questions: a conversation each, as many as the budget of tokens allows.
    short = [picture_segments(tokenizer, question_messages(one, recipe)) for one in sampled if one not in signs]
    if recipe.max_question_tokens:
        short = fit_token_budget(short, recipe.max_question_tokens, rng)
    there = existence_questions(scene, recipe.num_existence, rng) if recipe.num_existence else []
    short += [picture_segments(tokenizer, question_messages(one, recipe)) for one in there]
    prompts = requests.CAPTIONS if recipe.varied_requests else CAPTION_PROMPTS
    captioned = caption_conversations(tokenizer, scene, recipe.num_captions, prompts, rng)
    return [*ocr, *short, *(picture_segments(tokenizer, one) for one in long), *captioned]


def caption_conversations(
    tokenizer, scene: Scene, count: int, prompts: Sequence[str], rng: random.Random
) -> list[Segments]:
    """Requests for a caption, with captions that say all they can, from left to right."""
    texts = [caption(scene, rng, left_to_right=True) for _ in range(count)]
    return [caption_segments(tokenizer, text, rng.choice(prompts)) for text in texts]


def fixed_set_batch(tokenizer, scenes: Sequence[Scene], step: int, recipe: LlavaRecipe) -> LlavaBatch:
    """Pictures drawn from a set, with replacement, each with always the same questions and the same instruction data."""
    chosen = random.Random(f"from a set/{recipe.seed}/{step}").choices(scenes, k=recipe.batch_size)
    conversations = []
    for scene in chosen:
        rng = random.Random(f"a set's/{scene.seed}/{scene.index}")
        messages = [*short_conversations(scene, rng, recipe), sample_instruction(scene, rng)]
        conversations.append([picture_segments(tokenizer, one) for one in messages])
    return collate(tokenizer, conversations, render_pixels(chosen))


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
    scene: Scene,
    rng: random.Random,
    types: Sequence[str] = TYPES,
    picture: Picture | None = None,
    varied_requests: bool = False,
) -> list[Message]:
    """A conversation, a description or some reasoning, as the grammar teacher writes it (Lesson 05).

    picture: the scene as `render` draws it, where that has been done already. varied_requests: descriptions are asked for in
    the words of `requests.py`.
    """
    kind = rng.choice(types)
    context = from_scene(scene, picture=picture)
    text = write_reply(serialise_context(context, boxes=kind != "conversation"), kind)
    turns = [(turn.question, turn.answer) for turn in parse_turns(text, kind, context.id)]
    if varied_requests and kind == "detail":
        turns = [(rng.choice(requests.DESCRIPTIONS), answer) for _, answer in turns]
    return to_messages(turns)


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
