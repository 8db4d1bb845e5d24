"""Training batches of MiniLlavaNext: pictures of one form, and all that is said about each of them.

As in Lesson 07, conversations about one picture share its row (`llava/data/packing.py`), and a batch is a function of its step's number.
"""

import random

from course_lib.instruct.formats import TYPES
from course_lib.llava.chat_format import Segments, ocr_segments, picture_segments
from course_lib.llava.data import requests
from course_lib.llava.data.batches import (
    caption_conversations,
    fit_token_budget,
    sample_instruction,
    sample_questions,
    to_messages,
)
from course_lib.llava.data.existence import existence_questions
from course_lib.llava.data.packing import LlavaBatch, collate
from course_lib.llava.data.pictures import training_scene
from course_lib.llava.data.practice_signs import practice_scene
from course_lib.llava_next.data import forms, scenes
from course_lib.llava_next.data.pictures import to_pixels
from course_lib.llava_next.model import num_tokens
from course_lib.llava_next.recipes import NextRecipe
from course_lib.lm.chat import chat_segments
from course_lib.lm.data.batches import conversation
from course_lib.world.questions import Question
from course_lib.world.scenes import Scene

MOST_FEW = 4  # things of a scene that is described at length
NUM_MERGED = 3  # pairs of a conversation of several turns


def next_batch(tokenizer, step: int, recipe: NextRecipe) -> LlavaBatch:
    """Pictures in one of the recipe's forms, with questions in all forms of an answer and, where there are few things, with
    instruction data and captions."""
    rng = random.Random(f"next/{recipe.seed}/{step}")
    form = rng.choices(recipe.forms, recipe.form_weights)[0]
    chosen = [draw_scene(rng, recipe, form) for _ in range(recipe.batch_size)]
    pixels = to_pixels(scenes.draw(chosen, form))
    reads = form not in ("whole", "upsampled")  # letters of 64 px pictures are too small for the patches to show
    conversations = [conversations_about(tokenizer, scene, rng, recipe, reads) for scene in chosen]
    text_only = [
        [chat_segments(tokenizer, conversation(rng))] if rng.random() < recipe.text_only_frac else [] for _ in chosen
    ]
    return collate(tokenizer, conversations, pixels, num_tokens(tuple(pixels.shape[-2:])), text_only=text_only)


def draw_scene(rng: random.Random, recipe: NextRecipe, form: str) -> Scene:
    """A training scene that fits the form: with signs to read, with many small things, or as in Lesson 07."""
    if form in ("wide", "tall"):
        return scenes.band_scene(rng, form == "tall")
    draw = rng.random()
    if recipe.num_scenes:  # the same few again and again, each a function of its number
        rng = random.Random(f"scene {rng.randrange(recipe.num_scenes)}")
    if draw < recipe.ocr_frac:
        return practice_scene(rng)
    if draw < recipe.ocr_frac + recipe.many_frac:
        return scenes.many_things(rng.randrange(1_000_000_000))
    return training_scene(rng)


def conversations_about(
    tokenizer, scene: Scene, rng: random.Random, recipe: NextRecipe, reads: bool = True
) -> list[Segments]:
    """Signs, short questions in several forms, some of them in one conversation, existence, instruction data, captions."""
    sampled = sample_questions(scene, rng)
    signs = [one for one in sampled if one.kind == "read"]
    others = [one for one in sampled if one.kind != "read"]
    read = [ocr_segments(tokenizer, *short_form(one, recipe)) for one in signs if reads]
    short = [picture_segments(tokenizer, to_messages([in_some_form(one, rng, recipe)])) for one in others]
    short = fit_token_budget(short, recipe.max_question_tokens, rng)
    few = len(scene.things) <= MOST_FEW
    there = existence_questions(scene, recipe.num_existence if few else recipe.num_existence_many, rng)
    pairs = [short_form(one, recipe) for one in there]
    if few and rng.random() < recipe.instruction_frac:
        long = [sample_instruction(scene, rng, TYPES, varied_requests=recipe.varied_requests)]
    else:
        long = [forms.merge_pairs(rng.sample(pairs, min(NUM_MERGED, len(pairs))))] if pairs else []
    captioned = caption_conversations(tokenizer, scene, recipe.num_captions if few else 0, requests.CAPTIONS, rng)
    asked = [picture_segments(tokenizer, to_messages([pair])) for pair in pairs]
    return [*read, *short, *asked, *(picture_segments(tokenizer, one) for one in long), *captioned]


def in_some_form(question: Question, rng: random.Random, recipe: NextRecipe) -> forms.Pair:
    """A question that asks for a letter, for nothing (and gets a sentence), or for one word, as often as the recipe says."""
    draw = rng.random()
    if draw < recipe.letter_frac and (options := forms.sample_options(question, rng)):
        return forms.letter_form(question.text, question.answer, options)
    if draw > 1 - recipe.sentence_frac:
        return forms.sentence_form(question)
    return short_form(question, recipe)


def short_form(question: Question, recipe: NextRecipe) -> forms.Pair:
    """Question and answer, with the line that asks for one word where the recipe has it."""
    return forms.short_form(question.text, question.answer, recipe.format_prompt)
