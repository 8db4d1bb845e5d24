"""The published connector (a two-layer MLP, captions alone) beside the course's mixture of words: where do they end up?

`python -m tools.compare_connectors` trains both arms (some hour of a core) and prints a line of json for each: true claims of the captions
after stage 1, and VQA accuracy on the stream "val" after equal steps of stage 2, few and many. data/next_connectors.jsonl keeps them.
`--save FILE` keeps the MLP as captions alone taught it, for a rung of Lesson 08's ladder (`python -m course_lib llava ladder --mlp FILE`).
"""

import argparse
import copy
import json
from dataclasses import replace
from pathlib import Path

from safetensors.torch import save_file

from course_lib.llava import recipes
from course_lib.llava.data.testsets import SCORED_KINDS, draw, vqa_examples
from course_lib.llava.evaluate.descriptions import verify_claims
from course_lib.llava.evaluate.vqa import accuracy, answers
from course_lib.llava.model import MiniLlava
from course_lib.llava.train import saved, stages
from course_lib.world.scenes import SceneSpec, make_scene

CAPTION_STEPS, STAGE2_STEPS = 3000, (700, 2000)


def true_claims(model: MiniLlava) -> float:
    """The share of true claims in 60 captions."""
    scenes = [make_scene(index, SceneSpec(stream="val")) for index in range(60)]
    captions = answers(model, draw(scenes), ["write a caption."] * len(scenes), brief=False)
    claims = [verify_claims(text, scene) for text, scene in zip(captions, scenes, strict=True)]
    return sum(one.num_true for one in claims) / sum(one.num_true + one.num_false for one in claims)


def main() -> None:
    """Both arms, one after the other, with few steps and with many."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--save", type=Path, metavar="FILE", help="for the MLP after stage 1")
    file = parser.parse_args().save
    mlp = stages.build_model("mlp2x_gelu")
    stages.stage1(mlp, replace(recipes.BAKED1, steps=CAPTION_STEPS))
    if file:
        save_file({name: tensor.contiguous() for name, tensor in mlp.connector.state_dict().items()}, file)
    for name, captioner in {"mlp2x_gelu": mlp, "words": saved.load("1")}.items():
        row = {"connector": name, "true_claims": round(true_claims(captioner.eval()), 3)}
        for steps in STAGE2_STEPS:
            model = copy.deepcopy(captioner)
            stages.stage2(model, replace(recipes.LIVE2, steps=steps))
            right = [accuracy(model.eval(), vqa_examples(kind, 60, stream="val")) for kind in SCORED_KINDS]
            score = {"steps": steps, "vqa": round(sum(right) / len(right), 4), "n": 60 * len(right)}
            print(json.dumps(row | score), flush=True)


if __name__ == "__main__":
    main()
