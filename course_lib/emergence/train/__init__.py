"""How the models of Lesson 09 are trained: texts first, without eyes; then pictures, asked about in English."""

import random
from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor
from torch.nn import functional as F

from course_lib.clip.pretrained import load_clip
from course_lib.common.precision import mixed_precision
from course_lib.emergence.arms import ALL, Arm
from course_lib.emergence.languages import CODES
from course_lib.emergence.mixing import Record, picture_questions
from course_lib.emergence.texts import LATE, drawn_questions, language_of, messages, text_batch, text_conversation
from course_lib.emergence.tokenizer import NUM_OLD, load_tokenizer
from course_lib.llava import lora
from course_lib.llava.chat_format import Segments, picture_segments
from course_lib.llava.data.batches import fit_token_budget
from course_lib.llava.data.packing import LlavaBatch, collate
from course_lib.llava.data.pictures import PicturePool
from course_lib.llava.letters import ALPHABET
from course_lib.llava.model import MiniLlava
from course_lib.llava.recipes import LlavaRecipe
from course_lib.llava.train import parameters, stages
from course_lib.llava.train import saved as llava_saved
from course_lib.llava.vision import PocketVisionTower
from course_lib.lm.attention import quickest_attention
from course_lib.lm.chat import chat_segments
from course_lib.lm.data.batches import TextBatch
from course_lib.lm.loss import IGNORE_INDEX
from course_lib.lm.pretrained import load_base
from course_lib.lm.train import LmRecipe
from course_lib.training import Progress, fit
from course_lib.world.scenes import Scene

TEXTS = LmRecipe(steps=1500, batch_size=18, learning_rate=5e-4)
# The rows of the new pieces begin as noise and have farther to go than all that is there already. "Is there …?" in a new language, described in
# words, stream "val": all embeddings at 8 times the rate, French 62 %, cipher 58; half of the conversations told in the language they ask in
# and many of existence alone, 93 and 90; and only the new rows faster, the others at half of the rate, 97 and 92.
NEW_ROWS_LR_MULT = 16.0
# About pictures in French and the cipher, stream "val", n = 240 or 400: as shipped 80 and 77 %. After texts without key words: connector and LoRA,
# texts beside, 76 and 73; the connector alone 75 and 76; texts and pictures at once, all weights, 73 and 74; the logits of Lesson 06's word mixture
# alone 66 and 65.
PICTURES = LlavaRecipe(steps=600, batch_size=16, learning_rate=2e-3, length_buckets=3, max_question_tokens=90)
# The language model learns as well, by adapters; the connector as fast as in the other arms.
TUNED = replace(PICTURES, learning_rate=5e-4, rank=64, connector_lr_mult=4)


def build_model(arm: Arm = ALL, seed: int = 0) -> MiniLlava:
    """Lesson 07's assistant, the one with a mixture of words, with the longer tokenizer, whose new pieces have learned nothing yet.

    Without its letter head, but for arms that have one. An arm with `base` begins before all tuning: with the language model that has only
    read plain text, and the word mixture of Lesson 06.
    """
    model, tokenizer = llava_saved.load("words" if arm.base else "mixture"), load_tokenizer()
    language_model = load_base() if arm.base else model.language_model
    lengthen(language_model, len(tokenizer), seed)
    model.connector.letter_embeddings = None
    vision = PocketVisionTower(load_clip(), model.vision.layer)
    return MiniLlava(vision, model.connector, language_model, tokenizer).eval()


def lengthen(language_model, vocab_size: int, seed: int) -> None:
    """More rows for the embedding table, in place, at random, as widely spread as the old ones."""
    old = language_model.get_input_embeddings().weight.detach().clone()  # [V, D]
    weight = language_model.resize_token_embeddings(vocab_size, mean_resizing=False).weight  # [V', D]
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        weight[len(old) :] = old.mean(dim=0) + old.std(dim=0) * torch.randn(vocab_size - len(old), old.shape[1])


def learn_texts(model: MiniLlava, arm: Arm, recipe: LmRecipe = TEXTS, **options) -> Progress:
    """Learn the arm's languages, from text alone: the language model in place, and nothing else.

    options: callbacks and state_file, see `fit`.
    """
    language_model = model.language_model.requires_grad_(True)
    new_rows = language_model.get_input_embeddings().weight.data[NUM_OLD:]  # [V' − V, D], a view
    before = torch.empty_like(new_rows)

    def batch(step: int) -> TextBatch:
        before.copy_(new_rows)
        return text_batch(model.tokenizer, arm, step, recipe)

    def go_on() -> None:
        """The new rows go as far again as the step took them, so that their learning rate is a multiple."""
        new_rows.add_((NEW_ROWS_LR_MULT - 1) * (new_rows - before))

    with quickest_attention(language_model):
        return fit(
            language_model,
            batch,
            answer_loss,
            steps=recipe.steps,
            learning_rate=recipe.learning_rate,
            weight_decay=recipe.weight_decay,
            after_step=go_on,
            **options,
        )


def answer_loss(model, batch: TextBatch) -> Tensor:
    """Mean cross-entropy of the learned tokens; only their places are turned into logits, which saves half of the time."""
    learned = batch.labels[:, 1:] != IGNORE_INDEX  # [B, T-1]
    with mixed_precision():
        hidden = model.get_decoder()(input_ids=batch.input_ids, use_cache=False).last_hidden_state  # [B, T, D]
        logits = model.get_output_embeddings()(hidden[:, :-1][learned])  # [M, V]
    return F.cross_entropy(logits.float(), batch.labels[:, 1:][learned])


def match_connector(model: MiniLlava, arm: Arm) -> None:
    """After the texts, in place: the connector speaks in the word embeddings, and the letters, that the language model has now.

    Lesson 07's connector has learned its own; those of the arms that begin before all tuning are a dictionary (Lesson 06), to be looked up.
    """
    weights = model.language_model.get_input_embeddings().weight  # [V', D]
    if arm.base:
        words = stages.connector.visible_words(model.tokenizer)
        model.connector.word_embeddings.data.copy_(weights[words].detach())  # [K, D]
    if arm.letters:
        stages.add_letter_features(model)
        # Texts spell what signs say, so a letter is what it is there, with the space before it.
        spaced = [model.tokenizer(f" {letter}", add_special_tokens=False)["input_ids"][0] for letter in ALPHABET]
        model.connector.letter_embeddings.data.copy_(weights[spaced].detach().repeat(2, 1))  # as in Lesson 07: [72, D]


def learn_pictures(
    model: MiniLlava, arm: Arm, pool: PicturePool, recipe: LlavaRecipe = PICTURES, **options
) -> Progress:
    """Learn to answer about pictures, in the arm's picture languages, in place: the connector, and in tuned arms the language model.

    Else the language model is frozen, as in Frozen (Tsimpoukelli et al., 2021, arXiv 2106.13884) and in LLaVA's stage 1: what it knows
    of other languages can't be forgotten, and no picture's question can teach it any. options: callbacks and state_file, see `fit`.
    """
    parameters.freeze(model)
    if arm.tuned:
        stages.add_adapters(model, recipe.rank, recipe.seed)
    progress = stages.train(
        model, lambda step: picture_batch(model.tokenizer, arm, step, recipe, pool), recipe, **options
    )
    if arm.tuned and not progress.stopped:
        model.language_model = lora.merge_peft_adapters(model.language_model)
    return progress


def picture_batch(tokenizer, arm: Arm, step: int, recipe: LlavaRecipe, pool: PicturePool) -> LlavaBatch:
    """Pictures with questions of KINDS, and beside some of them one of the arm's text-only conversations."""
    rng = random.Random(f"emergence pictures/{recipe.seed}/{step}")
    scenes, _, features = pool.draw(recipe.batch_size, rng)
    conversations = [about_picture(tokenizer, scene, arm, rng, recipe.max_question_tokens) for scene in scenes]
    text_only = [
        [chat_segments(tokenizer, text_conversation(arm, rng, LATE))] if rng.random() < arm.texts_beside else []
        for _ in scenes
    ]
    return collate(tokenizer, conversations, features, text_only=text_only)


def about_picture(tokenizer, scene: Scene, arm: Arm, rng: random.Random, max_tokens: int) -> list[Segments]:
    """Questions about a picture, a conversation each: those that `picture_questions` lets through, each in one of its languages."""
    drawn, made = drawn_questions(scene, rng), []
    records = [Record(code, one.kind, one.text) for one in drawn for code in CODES]
    allowed = picture_questions(records, arm.picture_languages)
    for one in drawn:
        if codes := [record.language for record in allowed if record.english == one.text]:
            language = language_of(arm, rng.choice(codes))
            made.append(picture_segments(tokenizer, messages([(language.ask(one, rng), language.answer(one))])))
    return fit_token_budget(made, max_tokens, rng)


def make_pool(image_features: Callable, count: int = 4000) -> PicturePool:
    """The pictures that all arms look at."""
    return PicturePool.compute(image_features, count)
