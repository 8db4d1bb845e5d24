"""The connector's first words: each patch becomes a mixture of words that the language model already knows.

LLaVA-1.5's connector learns from 558,000 captions, through 7 billion parameters. Ours has neither, and a plain MLP that learned
captions for minutes did not get the frozen pocket language model to answer. So it begins as a dictionary: which words hold of this patch? That is learned
from captions alone, without any box, as word detectors once were (Fang et al., 2015, "From Captions to Visual Concepts and
Back", arXiv 1411.4952, section 3). AlignVLM (Masry et al., 2025, arXiv 2502.01341) gives a large model patches as mixtures
of its words, too; Ovis (Lu et al., 2024, arXiv 2405.20797) as mixtures from a table of its own.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course_lib.world.language import PLACES
from course_lib.world.shapes import SHAPES
from course_lib.world.stickers import COLOURS, classes

INITIAL_BIAS = -6.0  # the scores begin here: hardly any word holds of any patch
SIZES = ("small", "big")
STOP_WORDS = {"in", "a", "on", "the", "at"}  # of "in a meadow", only the meadow can be seen


class WordMixture(nn.Module):
    """A connector: patch features [..., W] → Σ p(word | patch) · embedding of the word, plus a linear rest [..., D].

    embeddings [K, D]: those of the K words that can be seen. The rest is 0 at first; what no word says (where a patch is)
    finds its place there. Behind W features there may be L more, the probabilities of letters (`add_letter_embeddings`).
    """

    def __init__(self, vision_width: int, embeddings: Tensor) -> None:
        super().__init__()
        count, width = embeddings.shape
        self.scores = nn.Sequential(nn.Linear(vision_width, width), nn.GELU(), nn.Linear(width, count))
        self.words = nn.Parameter(embeddings.detach().clone())
        self.rest = nn.Linear(vision_width, width)
        self.register_parameter("letters", None)
        nn.init.constant_(self.scores[-1].bias, INITIAL_BIAS)
        nn.init.zeros_(self.rest.weight)
        nn.init.zeros_(self.rest.bias)

    def add_letter_embeddings(self, embeddings: Tensor) -> None:
        """From now on features hold probabilities of letters, too; embeddings [L, D]: the language model's, for each of them."""
        self.letters = nn.Parameter(embeddings.detach().clone())

    def forward(self, features: Tensor) -> Tensor:
        if self.letters is None:
            return self.mixture(features)
        seen, read = features.split((self.rest.in_features, len(self.letters)), dim=-1)  # [..., W], [..., L]
        return self.mixture(seen) + read @ self.letters

    def mixture(self, features: Tensor) -> Tensor:
        """What the words say, and the rest: [..., W] → [..., D]."""
        return self.scores(features).sigmoid() @ self.words + self.rest(features)


def visible_words(tokenizer) -> list[int]:
    """Token ids of the words for what can be seen: names that training may use, colours, sizes, places. Sorted."""
    names = [c.name for c in classes() if c.split == "base"]
    places = [word for place in PLACES.values() for word in place.split() if word not in STOP_WORDS]
    texts = [f" {word}" for word in (*names, *SHAPES, "sign", *COLOURS, *SIZES, *places)]
    return sorted({token for ids in tokenizer(texts, add_special_tokens=False)["input_ids"] for token in ids})


def noisy_or_loss(scores: Tensor, said: Tensor) -> Tensor:
    """Noisy-or: a word is said of a picture if it holds of at least one patch. scores [B, N, K], said bool [B, K] → scalar.

    p(word | picture) = 1 − Π (1 − p(word | patch)); binary cross-entropy, summed over words, mean over pictures.
    """
    unsaid = -F.softplus(scores).sum(dim=1)  # [B, K]: log of the probability that it holds of no patch
    is_said = torch.log1p(-unsaid.exp().clamp(max=1 - 1e-6))
    return -torch.where(said, is_said, unsaid).sum(dim=1).mean()


def caption_labels(tokenizer, captions: list[str], words: list[int]) -> Tensor:
    """Which of the words each caption says: bool [B, K]."""
    ids = [set(tokenizer(f" {caption}", add_special_tokens=False)["input_ids"]) for caption in captions]
    return torch.tensor([[word in found for word in words] for found in ids])
