"""The connector between vision tower and language model: LLaVA's linear layer and MLP, and the course's mixture of words.

LLaVA-1.5's connector learns from 558,000 captions, through 7 billion parameters. Ours has neither, and a plain MLP that learned captions for
minutes did not get the frozen pocket language model to answer. (After 3,000 steps of captions and 2,000 of stage 2 it is level with the mixture:
63.3 and 64.5 % of 420 questions, stream "val"; `tools/compare_connectors.py`.) The shipped assistant has such an MLP; its first weights learned
to say what a mixture of words says (`train/distil.py`). What the lessons train live is quick, too: it begins as a
dictionary: which words hold of this patch? That is learned from captions alone, without any box, as word detectors once were (Fang et al., 2015,
"From Captions to Visual Concepts and Back", arXiv 1411.4952, section 3). AlignVLM (Masry et al., 2025, arXiv 2502.01341) gives a large model
patches as mixtures of its words, too; Ovis (Lu et al., 2024, arXiv 2405.20797) as mixtures from a table of its own.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course_lib.world.language import PLACES
from course_lib.world.shapes import SHAPES
from course_lib.world.stickers import COLOURS, classes

CONNECTOR_TYPES = ("linear", "mlp2x_gelu")  # LLaVA's `mm_projector_type`
INITIAL_BIAS = -6.0  # of the word logits: at first hardly any word holds of any patch
SIZES = ("small", "big")
STOP_WORDS = {"in", "a", "on", "the", "at"}  # of "in a meadow", only the meadow can be seen


def make_connector(vision_width: int, language_width: int, connector_type: str = "mlp2x_gelu") -> nn.Sequential:
    """A new connector: patch features [..., vision_width] → word embeddings [..., language_width].

    ValueError for a type that is not in CONNECTOR_TYPES (LLaVA: llava/model/multimodal_projector/builder.py).
    """
    if connector_type not in CONNECTOR_TYPES:
        raise ValueError(f"There is no connector {connector_type!r}. Choose one of: {', '.join(CONNECTOR_TYPES)}.")
    layers: list[nn.Module] = [nn.Linear(vision_width, language_width)]
    if connector_type == "mlp2x_gelu":
        layers += [nn.GELU(), nn.Linear(language_width, language_width)]
    return nn.Sequential(*layers)


class WordMixture(nn.Module):
    """A connector: patch features [..., W] → Σ p(word | patch) · embedding of the word, plus a linear residual [..., D].

    word_embeddings [K, D]: the language model's, of the K words that can be seen. The residual is 0 at first; what no word
    says (where a patch is) finds its place there. Behind W features there may be L more, the probabilities of letters
    (`add_letter_embeddings`).
    """

    def __init__(self, vision_width: int, word_embeddings: Tensor) -> None:
        super().__init__()
        count, width = word_embeddings.shape
        self.word_logits = nn.Sequential(nn.Linear(vision_width, width), nn.GELU(), nn.Linear(width, count))
        self.word_embeddings = nn.Parameter(word_embeddings.detach().clone())
        self.residual = nn.Linear(vision_width, width)
        self.register_parameter("letter_embeddings", None)
        nn.init.constant_(self.word_logits[-1].bias, INITIAL_BIAS)
        nn.init.zeros_(self.residual.weight)
        nn.init.zeros_(self.residual.bias)

    def add_letter_embeddings(self, letter_embeddings: Tensor) -> None:
        """From now on features end with L probabilities of letters; letter_embeddings [L, D]: the language model's, of each."""
        self.letter_embeddings = nn.Parameter(letter_embeddings.detach().clone())

    def forward(self, features: Tensor) -> Tensor:
        if self.letter_embeddings is None:
            return self.mixture(features)
        widths = self.residual.in_features, len(self.letter_embeddings)
        patches, letter_probs = features.split(widths, dim=-1)  # [..., W], [..., L]
        return self.mixture(patches) + letter_probs @ self.letter_embeddings

    def mixture(self, features: Tensor) -> Tensor:
        """The mixture of words and the residual: [..., W] → [..., D]."""
        return self.word_logits(features).sigmoid() @ self.word_embeddings + self.residual(features)


def visible_words(tokenizer) -> list[int]:
    """Token ids of the words for what can be seen: names that training may use, colours, sizes, places. Sorted."""
    names = [c.name for c in classes() if c.split == "base"]
    places = [word for place in PLACES.values() for word in place.split() if word not in STOP_WORDS]
    texts = [f" {word}" for word in (*names, *SHAPES, "sign", *COLOURS, *SIZES, *places)]
    return sorted({token for ids in tokenizer(texts, add_special_tokens=False)["input_ids"] for token in ids})


def caption_labels(tokenizer, captions: list[str], words: list[int]) -> Tensor:
    """Multi-hot labels of captions over words (token ids): does the caption contain the word? bool [B, K]."""
    caption_ids = [set(tokenizer(f" {caption}", add_special_tokens=False)["input_ids"]) for caption in captions]
    return torch.tensor([[word in ids for word in words] for ids in caption_ids])


def noisy_or_loss(word_logits: Tensor, labels: Tensor) -> Tensor:
    """Noisy-or: a caption has a word if it holds of at least one patch. word_logits [B, N, K], labels bool [B, K] → scalar.

    p(word | picture) = 1 − Π (1 − p(word | patch)); binary cross-entropy, summed over words, mean over pictures.
    """
    log_absent = -F.softplus(word_logits).sum(dim=1)  # [B, K]: log of the probability that it holds of no patch
    log_present = torch.log1p(-log_absent.exp().clamp(max=1 - 1e-6))
    return -torch.where(labels, log_present, log_absent).sum(dim=1).mean()
