"""The grid of Lesson 14: sizes of language model × arms of data. Everything else is equal in all runs."""

from dataclasses import dataclass

from course_lib.llava.recipes import LlavaRecipe


@dataclass(frozen=True)
class LanguageModelSize:
    """A Llama of this shape, with the pocket tokenizer's vocabulary. The number of layers is the same in all."""

    hidden_size: int
    num_attention_heads: int
    intermediate_size: int
    num_hidden_layers: int = 4


@dataclass(frozen=True)
class DataArm:
    """A finite set of pictures with questions and answers."""

    num_pictures: int
    fault_frac: float = 0.0  # of the answers that can be given one of Lesson 05's faults
    filtered: bool = False  # Lesson 05's filters have taken out what they flag


SIZES = {  # parameters, embeddings included: 0.52, 1.05 and 2.07 million
    "half": LanguageModelSize(96, 4, 192),
    "one": LanguageModelSize(128, 4, 384),
    "two": LanguageModelSize(192, 6, 512),  # Lesson 04's, as shipped
}
NUM_PICTURES, FAULT_FRAC = 2000, 0.4
ARMS = {
    "clean": DataArm(NUM_PICTURES),
    "filtered": DataArm(NUM_PICTURES, FAULT_FRAC, filtered=True),
    "noisy": DataArm(NUM_PICTURES, FAULT_FRAC),
    "noisy_x4": DataArm(4 * NUM_PICTURES, FAULT_FRAC),
}
SEEDS = (0, 1)
# The whole language model learns, in every size: adapters of one rank would be another share of each. Behind each picture stand
# conversations of `max_question_tokens` in all, so that a step costs as many tokens in every arm. Of 500 pictures, seen 13 times, the
# largest model learned the answers by heart (stream "val", clean, 400 steps at 7e-4: is it there? 47 % right; of 2,000, as below, 70).
SHORT_RUN = LlavaRecipe(
    steps=500,
    batch_size=16,
    learning_rate=4e-4,
    connector_lr_mult=2,
    format_prompt=True,
    max_question_tokens=150,
)
