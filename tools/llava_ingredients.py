"""What carries LLaVA's assistant? Stage 2 with all that the shipped model's last runs have, then each ingredient left out once.

`python -m tools.llava_ingredients FOLDER > FILE`: each arm trains from the captioner of stage 1, some eight minutes of a core, and its weights stay in
FOLDER; interrupted, it goes on where it was. FILE gets the figures, measured on the stream "val", and `python -m course_lib figures FILE` takes
them in.
"""

import argparse
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from course_lib import checkpoints
from course_lib.figures import Figure, share
from course_lib.llava import recipes
from course_lib.llava.data.pictures import PicturePool
from course_lib.llava.data.testsets import SCORED_KINDS, draw, vqa_examples
from course_lib.llava.evaluate.descriptions import CAPTION_REQUESTS, REQUESTS, is_caption, true_claims_figure
from course_lib.llava.evaluate.pope import parse, pope_questions
from course_lib.llava.evaluate.text_prior import questions_of, targets_of
from course_lib.llava.evaluate.vqa import answers, is_correct
from course_lib.llava.model import MiniLlava
from course_lib.llava.train import parameters, saved, stages
from course_lib.world.scenes import SceneSpec, make_scene

USUAL = replace(
    recipes.VARIED,
    steps=350,
    instruction_frac=0.15,
    text_only_frac=0.0,
    ocr_frac=0.0,
    length_buckets=3,
    seed=0,
)
ARMS = {
    "usual": USUAL,
    "no_existence": replace(USUAL, num_existence=0),
    "no_captions": replace(USUAL, num_captions=0),
    "few_requests": replace(USUAL, varied_requests=False),
    "no_format_prompt": replace(USUAL, format_prompt=False),
    "no_instruction_data": replace(USUAL, instruction_frac=0.0),
}


def trained(arm: str, folder: Path) -> MiniLlava:
    """The captioner, after this arm's stage 2."""
    model, recipe, file = saved.load("1"), ARMS[arm], folder / f"{arm}.safetensors"
    if file.exists():
        saved.prepare(model, [recipe], checkpoints.FOLDER)
        saved.load_weights(model, checkpoints.load(file)[0], file.name)
        return model.eval()
    pool = PicturePool.compute(model.image_features, recipes.LIVE_PICTURES)
    progress = stages.stage2(model, recipe, pool=pool, state_file=folder / f"{arm}.training.safetensors")
    if progress.stopped:
        raise KeyboardInterrupt
    card = checkpoints.card("llava", "as the lesson's stage 2", recipe, progress.seconds / 60, progress.losses)
    checkpoints.save(file, parameters.to_save(dict(model.named_parameters())), card)
    return model.eval()


def arm_figures(model: MiniLlava, arm: str) -> Iterator[Figure]:
    """What a visitor would notice: short answers, what is there, captions when asked for, and true descriptions."""
    id, brief = f"llava.trained.{arm}", ARMS[arm].format_prompt
    note = f"after {ARMS[arm].steps} steps from the captioner; val"
    examples = [one for kind in SCORED_KINDS for one in vqa_examples(kind, 60, stream="val")]
    replies = answers(model, draw([one.scene for one in examples]), questions_of(examples), brief)
    yield share(f"{id}.vqa", is_correct(replies, targets_of(examples)), note=note)
    asked = pope_questions("adversarial", stream="val")
    replies = answers(model, draw([one.scene for one in asked]), [one.text for one in asked], brief)
    yield share(
        f"{id}.pope", [parse(a) == b.answer for a, b in zip(replies, asked, strict=True)], chance=0.5, note=note
    )
    scenes = [make_scene(index, SceneSpec(stream="val"), seed=43) for index in range(60)]
    images, rng = draw(scenes), random.Random("captions")
    captions = answers(model, images, [rng.choice(CAPTION_REQUESTS) for _ in scenes], brief=False)
    yield share(f"{id}.caption_form", [is_caption(*pair) for pair in zip(captions, scenes, strict=True)], note=note)
    descriptions = answers(model, images, [rng.choice(REQUESTS) for _ in scenes], brief=False)
    yield true_claims_figure(f"{id}.true_claims", descriptions, scenes)


def main() -> None:
    """All arms, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    for arm in ARMS:
        for figure in arm_figures(trained(arm, folder), arm):
            print(figure.to_json(), flush=True)


if __name__ == "__main__":
    main()
