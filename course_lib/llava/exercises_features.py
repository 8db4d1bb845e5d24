"""Exercise of Lesson 06: what is taken from the eyes."""

from torch import Tensor

from course_lib.exercises.task import Mistake, Task
from course_lib.llava.exercises_lora import normal
from course_lib.llava.stage1_parts import select_features


def state_inputs(rng) -> tuple[list[Tensor], int, bool]:
    """The states of a tower of 3 to 5 blocks, a layer, and whether there is a class token; both are −2 and True at first."""
    batch, places, width, blocks = (int(rng.integers(low, low + 3)) for low in (2, 6, 11, 3))
    states = [normal(rng, batch, places, width) for _ in range(blocks + 1)]
    return states, -int(rng.integers(1, 4)), bool(rng.random() < 0.6)


def features_last_layer(hidden_states, layer, class_token):
    return hidden_states[-1][:, int(class_token) :]


def features_with_class_token(hidden_states, layer, class_token):
    return hidden_states[layer]


def features_class_token_only(hidden_states, layer, class_token):
    return hidden_states[layer][:, :1] if class_token else hidden_states[layer]


def features_last_place_dropped(hidden_states, layer, class_token):
    return hidden_states[layer][:, : -int(class_token) or None]


def features_always_dropped(hidden_states, layer, class_token):
    return hidden_states[layer][:, 1:]


def features_embeddings_forgotten(hidden_states, layer, class_token):
    return hidden_states[len(hidden_states) - 1 + layer][:, int(class_token) :]


def features_by_if(hidden_states, layer, class_token):
    states = hidden_states[layer]
    if class_token:
        states = states[:, 1:, :]
    return states


def features_by_narrow(hidden_states, layer, class_token):
    chosen, first = list(hidden_states)[len(hidden_states) + layer], 1 if class_token else 0
    return chosen.narrow(1, first, chosen.shape[1] - first)


TASKS = [
    Task(
        id="llava.select_features",
        title="What the connector gets to see",
        difficulty=1,
        importance=4,
        minutes=6,
        reference=select_features,
        make_inputs=state_inputs,
        mistakes=(
            Mistake(
                "always the last layer",
                features_last_layer,
                "It takes the last layer whatever `layer` says. That one was trained to be pooled into *one* vector for CLIP's loss; LLaVA's released models read the one before, -2 (LLaVA#1613). And if training and use take different layers, nothing complains and the answers get worse.",
            ),
            Mistake(
                "class token kept",
                features_with_class_token,
                'The class token is still there, so there is one feature too many: the famous "tokens: 575, features: 576" (transformers#36002). It is no place in the picture. Leave out position 0 if `class_token`.',
            ),
            Mistake(
                "nothing but the class token",
                features_class_token_only,
                "Only the class token is left: one vector for the whole picture, as in classification. The connector wants the patches, all the *others*.",
            ),
            Mistake(
                "last place dropped",
                features_last_place_dropped,
                "One place is left out, but the wrong one: the class token stands *first*. As it is, the class token poses as the top left patch, and everything is shifted by one.",
            ),
            Mistake(
                "first patch dropped, too",
                features_always_dropped,
                "Position 0 is always left out, but not every tower has a class token (SigLIP has none, our pocket tower neither): there you lose the top left patch.",
            ),
            Mistake(
                "one layer too early",
                features_embeddings_forgotten,
                "This is one layer too early. `hidden_states` begins with the embeddings, so it has L + 1 entries; counting from the end, as Python does, needs no correction.",
            ),
        ),
        alternatives=(features_by_if, features_by_narrow),
        hints=(
            "Two choices: which entry of the list, and which of its places. Python's negative indices help with the first.",
            "`hidden_states[layer]` is $[B, 1 + N, W]$ with a class token at place 0, $[B, N, W]$ without.",
            "```python\nstates = hidden_states[...]\nreturn states[:, ...:] if class_token else ...\n```",
        ),
    ),
]
