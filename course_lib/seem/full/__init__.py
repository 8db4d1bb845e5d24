"""Pretrained segmenters behind the same canvas. Each takes some kinds of prompts; SEEM takes them all in one decoder.

A segmenter has `takes` (kinds of marks), `look(picture, reference)`, which encodes the picture once, and `ask(marks)`
→ Answer.
No port of SEEM itself exists in transformers (its issue 22003 has been open since 2023).
"""

import importlib

HUB = {  # name → (module of this folder:class, (repository, branch or commit) of its weights, …); all ungated
    "CLIPSeg": ("clipseg:ClipSeg", (("CIDAS/clipseg-rd64-refined", "main"),)),
    "SAM 2.1": ("sam2:Sam2", (("facebook/sam2.1-hiera-tiny", "main"),)),
    "GroundingDINO → SAM 2.1": (
        "grounded_sam2:GroundedSam2",
        (("IDEA-Research/grounding-dino-tiny", "main"), ("facebook/sam2.1-hiera-tiny", "main")),
    ),
}
CANNOT = {  # what SEEM takes and these do not
    "CLIPSeg": "no click, scribble or box, no memory of earlier rounds, no instances: all that fits the words is one mask",
    "SAM 2.1": "no words and no reference picture, and its masks have no names",
    "GroundingDINO → SAM 2.1": "no reference picture; words and clicks meet only in code: words make boxes, and a click picks one",
}


def load(name: str, device: str = "cpu"):
    """Download (once) and load a segmenter of HUB. None, with one sentence, where its weights can't be had."""
    place, weights = HUB[name]
    module, class_name = place.split(":")
    try:
        return getattr(importlib.import_module(f"course_lib.seem.full.{module}"), class_name).load(
            *weights, device=device
        )
    except (OSError, ImportError) as error:
        reason = str(error).splitlines()[0][:120]
        print(f"{name} could not be loaded ({reason}). The lesson goes on without it.")
        return None
