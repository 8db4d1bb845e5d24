"""A reward model: the assistant with a head that gives a text one number, with or without the facts before its eyes.

Fact-RLHF (Sun et al., 2023, arXiv 2309.14525): what judges a description and can't see well enough is fooled as the model is. So the
judge is told the picture's captions. Pairwise logistic loss on the last token's hidden state, plus a small pull of all rewards to 0.
"""

import random
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course_lib.common.precision import mixed_precision
from course_lib.failures.data.preferences import Preference, pixels_of
from course_lib.failures.train.tune import TUNE, free
from course_lib.llava.chat_format import picture_segments
from course_lib.llava.data.batches import plain_caption, to_messages
from course_lib.llava.data.packing import LlavaBatch, collate
from course_lib.llava.model import MiniLlava
from course_lib.lm.attention import quickest_attention
from course_lib.lm.loss import IGNORE_INDEX
from course_lib.training import Progress, fit
from course_lib.world.scenes import Scene

PULL = 1e-3  # of all rewards to 0 (LLaVA-RLHF, models/reward_model.py)
NUM_PAIRS = 12  # a step


class RewardModel(nn.Module):
    """MiniLlava and a linear head: (picture, request, text) → a number."""

    def __init__(self, llava: MiniLlava, with_facts: bool) -> None:
        super().__init__()
        self.llava, self.with_facts = llava, with_facts
        self.head = nn.Linear(llava.language_model.config.hidden_size, 1)

    def forward(self, batch: LlavaBatch) -> Tensor:
        """Rewards [B] of texts; the batch's pictures are features [B, N, W]."""
        hidden = self.llava.language_model.get_decoder()(
            inputs_embeds=self.llava.embed(batch.input_ids, batch.pixel_values),
            attention_mask=batch.attention_mask,
            position_ids=batch.position_ids,
            use_cache=False,
        ).last_hidden_state  # [B, T, D]
        places = torch.arange(batch.labels.shape[1])
        last = ((batch.labels != IGNORE_INDEX) * places).amax(dim=1)  # [B]: the token that ends the text
        return self.head(hidden[torch.arange(len(last)), last].float())[:, 0]  # [B, D] → [B]

    def batch(
        self, scenes: Sequence[Scene], requests: Sequence[str], texts: Sequence[str], features: Tensor
    ) -> LlavaBatch:
        """Texts to be judged; with facts, the request is preceded by the scene's caption."""
        rows = []
        for scene, request, text in zip(scenes, requests, texts, strict=True):
            asked = f"it is {plain_caption(scene)}. {request}" if self.with_facts else request
            rows.append([picture_segments(self.llava.tokenizer, to_messages([(asked, text)]))])
        return collate(self.llava.tokenizer, rows, features)


def reward_loss(chosen: Tensor, rejected: Tensor) -> Tensor:
    """Rewards [B] of the chosen and rejected texts → scalar: the pairwise logistic loss (Bradley and Terry)."""
    return -F.logsigmoid(chosen - rejected).mean() + PULL * (chosen + rejected).mean().abs()


def train_reward(
    model: RewardModel,
    pairs: Sequence[Preference],
    steps: int = 50,
    learning_rate: float = 3e-4,
    state_file: Path | None = None,
) -> Progress:
    """Train head and adapters in place."""
    free(model.llava, TUNE, "adapters")
    model.llava.connector.requires_grad_(False)
    scenes = [pair.scene for pair in pairs]
    features = torch.cat([model.llava.image_features(chunk) for chunk in pixels_of(pairs).split(50)])

    def batch(step: int) -> tuple[LlavaBatch, LlavaBatch]:
        rows = random.Random(f"reward/{step}").sample(range(len(pairs)), NUM_PAIRS)
        of, requests = [scenes[i] for i in rows], [pairs[i].request for i in rows]
        return tuple(
            model.batch(of, requests, [getattr(pairs[i], which) for i in rows], features[rows])
            for which in ("chosen", "rejected")
        )

    def loss(model: RewardModel, batch: tuple[LlavaBatch, LlavaBatch]) -> Tensor:
        with mixed_precision():
            chosen, rejected = (model(one) for one in batch)
        return reward_loss(chosen, rejected)

    with quickest_attention(model.llava.language_model):
        return fit(
            model, batch, loss, steps=steps, learning_rate=learning_rate, weight_decay=0.0, state_file=state_file
        )
