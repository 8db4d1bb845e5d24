"""How MiniLlava is trained: the connector first (stage 1), then connector and language model (stage 2).

In the lessons the connector begins as a mixture of words, learned without the language model (`connector`). LLaVA's own stage 1, captions
through the frozen language model, makes a captioner of it; stage 2, questions and instructions, an assistant.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from course_lib import checkpoints
from course_lib.clip.pretrained import load_clip
from course_lib.common.precision import mixed_precision
from course_lib.instruct.formats import TYPES
from course_lib.llava import connector, lora
from course_lib.llava.data.batches import fixed_set_batch, stage1_batch, stage2_batch, word_mixture_batch
from course_lib.llava.data.packing import LlavaBatch
from course_lib.llava.data.pictures import PicturePool
from course_lib.llava.letters import ALPHABET, PocketVisionTowerWithLetters
from course_lib.llava.model import MiniLlava
from course_lib.llava.recipes import LIVE1, LIVE2, LIVE_WORDS, LlavaRecipe
from course_lib.llava.train import letters, parameters
from course_lib.llava.vision import PocketVisionTower
from course_lib.lm.attention import quickest_attention
from course_lib.lm.loss import IGNORE_INDEX
from course_lib.lm.pretrained import load_tuned
from course_lib.lm.tokenizer import get_tokenizer
from course_lib.training import Progress, fit
from course_lib.world.scenes import Scene


def build_model(connector_type: str = "words", layer: int = -2, seed: int = 0) -> MiniLlava:
    """The vision tower of Lesson 02 and the language model of Lesson 04, with a connector that has learned nothing.

    connector_type: "words" (`WordMixture`), or one of `connector.CONNECTOR_TYPES`.
    """
    clip, language_model, tokenizer = load_clip(), load_tuned(), get_tokenizer()
    width = clip.config.vision_width
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        if connector_type == "words":
            embeddings = language_model.get_input_embeddings().weight
            projector = connector.WordMixture(width, embeddings[connector.visible_words(tokenizer)])  # of [K, D]
        else:
            projector = connector.make_connector(width, language_model.config.hidden_size, connector_type)
    return MiniLlava(PocketVisionTower(clip, layer), projector, language_model, tokenizer).eval()


def add_letter_features(model: MiniLlava, folder: Path = checkpoints.FOLDER) -> None:
    """Put the vision tower with letters in place of the model's own; its connector maps letters to their word embeddings."""
    model.vision = letters.load(model.vision.layer, folder).requires_grad_(False)
    tokens = [model.tokenizer(letter, add_special_tokens=False)["input_ids"][0] for letter in ALPHABET]
    embeddings = model.language_model.get_input_embeddings().weight[tokens]  # [36, D]
    model.connector.add_letter_embeddings(embeddings.repeat(2, 1))  # a patch's left half, its right half: [72, D]


def has_letter_features(model: MiniLlava) -> bool:
    """Does its vision tower see letters?"""
    return isinstance(model.vision, PocketVisionTowerWithLetters)


def train_word_mixture(
    model: MiniLlava, recipe: LlavaRecipe = LIVE_WORDS, pool: PicturePool | None = None, **options
) -> Progress:
    """Learn which words hold of a patch, in place, from captions and without the language model.

    pool: draw from these pictures, not ever new ones. options: callbacks and state_file, see `fit`.
    """
    model.requires_grad_(False)
    model.connector.word_logits.requires_grad_(True)
    words = connector.visible_words(model.tokenizer)

    def batch(step: int) -> tuple[Tensor, Tensor]:
        return word_mixture_batch(model.tokenizer, words, step, recipe, pool)

    def loss(model: MiniLlava, batch: tuple[Tensor, Tensor]) -> Tensor:
        pixel_values, labels = batch
        return connector.noisy_or_loss(model.connector.word_logits(features_of(model, pixel_values)), labels)

    return _fit(model, batch, loss, recipe, **options)


def stage1(model: MiniLlava, recipe: LlavaRecipe = LIVE1, *, pool: PicturePool | None = None, **options) -> Progress:
    """Learn to caption, in place, by the connector alone. pool, options: as for `stage2`."""
    parameters.freeze(model)
    return train(model, lambda step: stage1_batch(model.tokenizer, step, recipe, pool), recipe, **options)


def stage2(
    model: MiniLlava,
    recipe: LlavaRecipe = LIVE2,
    *,
    learn_user: bool = False,
    types: Sequence[str] = TYPES,
    pool: PicturePool | None = None,
    **options,
) -> Progress:
    """Learn to answer and to talk, in place: the connector in full, the language model by adapters (`saved.load` merges them).

    Called again, it goes on with the same adapters. types: of instruction data. pool: draw from these pictures, not ever new
    ones. options: callbacks and state_file, see `fit`.
    """
    if not has_adapters(model):
        add_adapters(model, recipe.rank, recipe.seed)
    model.connector.requires_grad_(True)

    def batch(step: int) -> LlavaBatch:
        return stage2_batch(model.tokenizer, step, recipe, learn_user, types, pool)

    return train(model, batch, recipe, **options)


def stage2_on_scenes(model: MiniLlava, scenes: Sequence[Scene], recipe: LlavaRecipe, **options) -> Progress:
    """Stage 2 on the instruction set about these scenes only, again and again, in place."""
    add_adapters(model, recipe.rank, recipe.seed)
    model.connector.requires_grad_(True)
    return train(model, lambda step: fixed_set_batch(model.tokenizer, scenes, step, recipe), recipe, **options)


def add_adapters(model: MiniLlava, rank: int, seed: int = 0) -> None:
    """Put peft's LoRA beside the layers that `lora_targets` names, in place; rank 0 frees the whole language model."""
    from peft import LoraConfig, get_peft_model

    if rank == 0:
        model.language_model.requires_grad_(True)
        return
    targets = [name.removeprefix("language_model.") for name in lora.lora_targets(lora.modules_of(model))]
    config = LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=targets)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model.language_model = get_peft_model(model.language_model, config)


def has_adapters(model: MiniLlava) -> bool:
    """Are there adapters beside the language model's layers?"""
    return hasattr(model.language_model, "peft_config")


def train(model: MiniLlava, batch: Callable[[int], LlavaBatch], recipe: LlavaRecipe, **options) -> Progress:
    """Train what is not frozen, in place, on batches that `batch` makes of a step's number; both stages come here."""

    def loss(model: MiniLlava, batch: LlavaBatch) -> Tensor:
        with mixed_precision():
            buckets = batch.split_by_length(recipe.length_buckets)
            return sum(loss_sum(model, bucket) for bucket in buckets) / num_label_tokens(batch)

    with quickest_attention(model.language_model):
        return _fit(model, batch, loss, recipe, **options)


def _fit(model: MiniLlava, batch: Callable, loss: Callable, recipe: LlavaRecipe, **options) -> Progress:
    """`fit` with the connector's own learning rate; what is frozen is the same afterwards, bit by bit."""
    rate = recipe.learning_rate
    groups = parameters.learning_groups(dict(model.named_parameters()), rate, rate * recipe.connector_lr_mult)
    with parameters.frozen_stay(model):
        return fit(
            model,
            batch,
            loss,
            steps=recipe.steps,
            learning_rate=rate,
            weight_decay=recipe.weight_decay,
            groups=groups,
            **options,
        )


def loss_sum(model, batch: LlavaBatch) -> Tensor:
    """The sum of cross-entropies over all M learned tokens: `MiniLlava.forward`'s loss times M. Scalar.

    For language models whose logits are their output layer's, unchanged: Llama, Qwen and SmolLM, not Gemma 2 or Cohere.
    """
    hidden = model.language_model.get_decoder()(
        inputs_embeds=model.embed(batch.input_ids, features_of(model, batch.pixel_values)),
        attention_mask=batch.attention_mask,
        position_ids=batch.position_ids,
        use_cache=False,
    ).last_hidden_state  # [B, T, D]
    learned = batch.labels[:, 1:] != IGNORE_INDEX  # [B, T-1]
    logits = model.language_model.get_output_embeddings()(hidden[:, :-1][learned])  # [M, V]
    return F.cross_entropy(logits.float(), batch.labels[:, 1:][learned], reduction="sum")


def features_of(model: MiniLlava, pixel_values: Tensor) -> Tensor:
    """Patch features [B, N, W] of pixel_values [B, 3, S, S]; features of a pool are passed on."""
    return model.image_features(pixel_values) if pixel_values.ndim == 4 else pixel_values


def num_label_tokens(batch: LlavaBatch) -> int:
    """M: how many tokens a batch teaches."""
    return int((batch.labels[:, 1:] != IGNORE_INDEX).sum())
