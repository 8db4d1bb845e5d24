"""A reward model, told the facts or not: which of two descriptions is truer, and what the best of eight by its judgement is worth."""

import copy
from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np
import torch

from course_lib.clip.data.images import normalise, to_tensor
from course_lib.common.precision import mixed_precision
from course_lib.failures.chair import named_things, present_things
from course_lib.failures.data.descriptions import describe, description_requests, description_scenes
from course_lib.failures.data.preferences import TEMPERATURES, Preference
from course_lib.failures.train.reward import RewardModel, train_reward
from course_lib.figures import Figure, share
from course_lib.llava.data.testsets import draw

SAMPLES = 8


def judge_figures(assistant, pairs: Sequence[Preference], stream: str = "test", count: int = 30) -> Iterator[Figure]:
    """Both judges, trained alike, on eight sampled descriptions of each scene; beside them a sample at random, and the truth."""
    scenes = description_scenes(count, stream)
    requests, present = description_requests(scenes), [present_things(scene) for scene in scenes]
    texts = [describe(assistant, scenes, requests, TEMPERATURES[1], seed) for seed in range(SAMPLES)]
    named = [[named_things(*pair) for pair in zip(of, scenes, strict=True)] for of in texts]  # [S][N]
    false = np.array([[len(names - there) for names, there in zip(of, present, strict=True)] for of in named])  # [S, N]
    features = assistant.image_features(normalise(to_tensor(draw(scenes))))
    rewards = {"truth": -false, "any": np.zeros_like(false)}
    for name, with_facts in (("no_facts", False), ("facts", True)):
        judge = RewardModel(copy.deepcopy(assistant), with_facts)
        train_reward(judge, pairs)
        with torch.no_grad(), mixed_precision():
            rewards[name] = np.array([judge(judge.batch(scenes, requests, of, features)).tolist() for of in texts])
        right = [
            rewards[name][a, n] > rewards[name][b, n]
            if false[a, n] < false[b, n]
            else rewards[name][b, n] > rewards[name][a, n]
            for a, b in combinations(range(SAMPLES), 2)
            for n in range(count)
            if false[a, n] != false[b, n]
        ]
        yield share(f"failures.judge.{name}.accuracy", right, chance=0.5)
    for name, of in rewards.items():
        best = [named[s][n] for n, s in enumerate(of.argmax(axis=0))]
        words = np.mean([len(texts[s][n].split()) for n, s in enumerate(of.argmax(axis=0))])
        both = list(zip(best, present, strict=True))
        id, note = f"failures.best_of_8.{name}", f"{words:.0f} words a description"
        yield share(f"{id}.chair", [one not in there for names, there in both for one in names], note=note)
        yield share(f"{id}.coverage", [one in names for names, there in both for one in there])
