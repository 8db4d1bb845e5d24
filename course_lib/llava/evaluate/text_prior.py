"""The text prior of VQA: the best guess from the question alone, without the picture.

A multimodal model is worth what it scores *above* this. (VQA v2 was made because guessing from the question alone
answered half of VQA v1: Goyal et al., 2017, arXiv 1612.00837.)
"""

from collections import Counter
from collections.abc import Sequence
from functools import cache

from course_lib.llava.data.testsets import VqaExample, vqa_examples

NUM_TRAIN = 3000  # questions of a kind, in each of two wordings
NUM_VAL = 300  # questions about scenes of the stream "val", to choose the strongest classifier with
NUM_TEST = 2000  # questions of a kind: on the 200 that the model is asked, a classifier's luck moves its mean by a point or two


@cache
def text_prior(kind: str):
    """The strongest of several text classifiers, fitted on questions about training scenes: `predict(texts) → answers`.

    It knows the test wordings too, so that nothing in a question is new to it: a prior should be as strong as can be.
    """
    train = vqa_examples(kind, NUM_TRAIN, "train", "train") + vqa_examples(kind, NUM_TRAIN, "train", "test")
    val = vqa_examples(kind, NUM_VAL, "val", "test")
    fitted = [classifier.fit(questions_of(train), targets_of(train)) for classifier in _classifiers()]
    return max(fitted, key=lambda classifier: classifier.score(questions_of(val), targets_of(val)))


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


def _classifiers() -> list:
    """The commonest answer; the one named first; logistic regressions on unigrams and bigrams, ever less regularised."""
    from sklearn.dummy import DummyClassifier
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    def on_words(c: float):
        words = CountVectorizer(ngram_range=(1, 2), token_pattern=r"\S+", binary=True, min_df=2)
        return make_pipeline(words, LogisticRegression(C=c, max_iter=200))

    return [DummyClassifier(strategy="most_frequent"), NamedFirst(), *(on_words(c) for c in (0.01, 0.1, 1.0))]


def predict(kind: str, examples: Sequence[VqaExample]) -> list[str]:
    """What the prior answers to these questions."""
    return list(text_prior(kind).predict(questions_of(examples)))


def correct_on_many(kind: str) -> list[bool]:
    """Which of NUM_TEST test questions of a kind the prior answers right."""
    examples = vqa_examples(kind, NUM_TEST)
    return [a == b for a, b in zip(predict(kind, examples), targets_of(examples), strict=True)]


def questions_of(examples: Sequence[VqaExample]) -> list[str]:
    """The questions' texts."""
    return [one.question.text for one in examples]


def targets_of(examples: Sequence[VqaExample]) -> list[str]:
    """The right answers."""
    return [one.question.answer for one in examples]
