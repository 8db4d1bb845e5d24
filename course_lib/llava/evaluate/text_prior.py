"""What can be answered without a picture: the best guess from the words of the question.

A multimodal model is worth what it scores *above* this. (VQA v2 was made because guessing from the question alone
answered half of VQA v1: Goyal et al., 2017, arXiv 1612.00837.)
"""

from collections import Counter
from collections.abc import Sequence
from functools import cache

from course_lib.llava.data.testsets import VqaExample, vqa_examples

TRAINING = 3000  # questions of a kind
CHOOSING = 300  # questions about scenes of the stream "val", to choose the strongest guesser with
MANY = 2000  # test questions of a kind: on the 200 that the model is asked, a guesser's luck moves its mean by a point or two


@cache
def text_prior(kind: str):
    """The strongest of several guessers, fitted on questions about training scenes: `predict(texts) → answers`.

    It knows the test wordings too, so that nothing in a question is new to it: a prior should be as strong as can be.
    """
    train = vqa_examples(kind, TRAINING, "train", "train") + vqa_examples(kind, TRAINING, "train", "test")
    choosing = vqa_examples(kind, CHOOSING, "val", "test")
    fitted = [guesser.fit(texts(train), answers(train)) for guesser in _guessers()]
    return max(fitted, key=lambda guesser: guesser.score(texts(choosing), answers(choosing)))


class NamedFirst:
    """Guesses that answer which the question names first: "which is bigger, the cat or the dog?" → "cat"."""

    def fit(self, texts: Sequence[str], answers: Sequence[str]) -> "NamedFirst":
        """Remember which answers there are, the commonest first."""
        self.known = [answer for answer, _ in Counter(answers).most_common()]
        return self

    def predict(self, texts: Sequence[str]) -> list[str]:
        """One guess a text: of names that begin at the same word, the longest; where none is named, the commonest."""
        return [self._guess(text) for text in texts]

    def _guess(self, text: str) -> str:
        named = [name for name in self.known if name in text]
        return min(named, key=lambda name: (text.find(name), -len(name)), default=self.known[0])

    def score(self, texts: Sequence[str], answers: Sequence[str]) -> float:
        """The share of right guesses."""
        return sum(a == b for a, b in zip(self.predict(texts), answers, strict=True)) / len(answers)


def _guessers() -> list:
    """The commonest answer; the one named first; logistic regressions on words and pairs of words, ever less held back."""
    from sklearn.dummy import DummyClassifier
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    def on_words(c: float):
        words = CountVectorizer(ngram_range=(1, 2), token_pattern=r"\S+", binary=True, min_df=2)
        return make_pipeline(words, LogisticRegression(C=c, max_iter=200))

    return [DummyClassifier(strategy="most_frequent"), NamedFirst(), *(on_words(c) for c in (0.01, 0.1, 1.0))]


def guess(kind: str, about: Sequence[VqaExample]) -> list[str]:
    """What the prior answers to these questions."""
    return list(text_prior(kind).predict(texts(about)))


def strength(kind: str) -> list[bool]:
    """Which of many test questions of a kind the prior answers right."""
    about = vqa_examples(kind, MANY)
    return [said == right for said, right in zip(guess(kind, about), answers(about), strict=True)]


def texts(about: Sequence[VqaExample]) -> list[str]:
    """The questions."""
    return [one.question.text for one in about]


def answers(about: Sequence[VqaExample]) -> list[str]:
    """The right answers."""
    return [one.question.answer for one in about]
