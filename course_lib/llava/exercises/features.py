"""Exercise of Lesson 06: what the connector gets of the vision tower."""

from torch import Tensor

from course_lib.checker.task import Mistake, Task
from course_lib.llava.exercises.lora import normal
from course_lib.llava.vision import select_features


def state_inputs(rng) -> tuple[list[Tensor] | tuple[Tensor, ...], int, bool]:
    """The states of a tower of 3 to 5 blocks, a layer counted from either end, and whether there is a class token."""
    batch, places, width = (int(rng.integers(low, low + 3)) for low in (2, 6, 11))
    batch, places = rng.in_turn(((batch, places), (batch, places), (batch, places), (1, 2), (batch, places)))
    states = [normal(rng, batch, places, width) for _ in range(int(rng.integers(4, 7)))]
    layer = rng.in_turn((-2, -1, -3, 0, -2, 1, -len(states), len(states) - 1, 2, -2))
    return rng.in_turn((states, tuple(states))), layer, rng.in_turn((True, False, True, True, False))


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


def features_always_second_last(hidden_states, layer, class_token):
    return select_features(hidden_states, -2, class_token)


def features_always_from_the_end(hidden_states, layer, class_token):
    return select_features(hidden_states, -abs(layer), class_token)


def features_first_picture_dropped(hidden_states, layer, class_token):
    return hidden_states[layer][int(class_token) :]


def features_first_feature_dropped(hidden_states, layer, class_token):
    return hidden_states[layer][..., int(class_token) :]


def features_class_token_inverted(hidden_states, layer, class_token):
    return select_features(hidden_states, layer, not class_token)


def features_next_layer(hidden_states, layer, class_token):
    return select_features(hidden_states, (layer + 1) % len(hidden_states), class_token)


def features_pooled(hidden_states, layer, class_token):
    return select_features(hidden_states, layer, class_token).mean(dim=1)


def features_by_if(hidden_states, layer, class_token):
    states = hidden_states[layer]
    if class_token:
        states = states[:, 1:, :]
    return states


def features_by_narrow(hidden_states, layer, class_token):
    chosen, first = list(hidden_states)[layer % len(hidden_states)], 1 if class_token else 0
    return chosen.narrow(1, first, chosen.shape[1] - first)


def features_by_mask(hidden_states, layer, class_token):
    kept = [place for place in range(hidden_states[0].shape[1]) if place > 0 or not class_token]
    return hidden_states[layer][:, kept, :].clone()


TASKS = [
    Task(
        id="llava.select_features",
        title="What the connector gets to see",
        difficulty=1,
        importance=4,
        minutes=6,
        reference=select_features,
        used_at=("llava.vision:select_features",),
        make_inputs=state_inputs,
        draws=10,
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
            Mistake(
                "always the one before the last",
                features_always_second_last,
                "It takes layer -2 whatever `layer` says. LLaVA's releases do, but whoever calls it chooses: `hidden_states[layer]`.",
            ),
            Mistake(
                "always from the end",
                features_always_from_the_end,
                "A positive `layer` is counted from the end here. It counts from the beginning, as Python does: 0 are the embeddings, 1 is what the first block gave.",
            ),
            Mistake(
                "one layer too late",
                features_next_layer,
                "This is one layer too late. `layer` is the place in `hidden_states` itself, and needs no correction: -2 is the one before the last.",
            ),
            Mistake(
                "first picture dropped",
                features_first_picture_dropped,
                "The first *picture* of the batch is left out, not the first place. States are [B, 1 + N, W], so the class token is cut off on the second axis: `[:, 1:]`.",
            ),
            Mistake(
                "first feature dropped",
                features_first_feature_dropped,
                "The first of the W *features* is left out, not the first place. States are [B, 1 + N, W], so the class token is cut off on the second axis: `[:, 1:]`.",
            ),
            Mistake(
                "class token the other way round",
                features_class_token_inverted,
                "The wrong way round: with a class token nothing is left out, and without one the first patch is. Leave out place 0 if `class_token` is true.",
            ),
            Mistake(
                "pooled",
                features_pooled,
                "All patches became one, their mean: nothing is left of where things are. The connector wants every patch: [B, N, W].",
            ),
        ),
        alternatives=(features_by_if, features_by_narrow, features_by_mask),
        hints=(
            "Two choices: which entry of the list, and which of its places. Python's negative indices help with the first.",
            "`hidden_states[layer]` is $[B, 1 + N, W]$ with a class token at place 0, $[B, N, W]$ without.",
            "```python\nstates = hidden_states[...]\nreturn states[:, ...:] if class_token else ...\n```",
        ),
    ),
]
