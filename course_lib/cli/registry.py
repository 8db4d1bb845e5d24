"""The course's rooms and its shipped checkpoints: one table of each, in the order of the lessons.

Functions are named as "module:function" and imported when they are called for, so that reading this needs no torch.
"""

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from course_lib.common.errors import Problem


@dataclass(frozen=True)
class Room:
    """A folder of `course_lib/` that a lesson is about, and that `evaluate` measures."""

    title: str
    lessons: str  # their numbers; "" for the world, which all lessons look at
    function: str  # measures it: yields the room's figures
    headlines: tuple[str, ...]  # ids of one to three figures, for README

    @property
    def heading(self) -> str:
        """Above its figures in README."""
        return f"{self.title} ({self.lessons})" if self.lessons else self.title


@dataclass(frozen=True)
class Bake:
    """A checkpoint of `data/checkpoints/`, or a tokenizer, that `bake` makes."""

    function: str  # (folder, recipe with a default) → None; writes weights and card into the folder
    inputs: tuple[str, ...] = ()  # which others it reads; they stand before it in BAKES
    world: str = "course_lib.world.fingerprint:fingerprint"  # a hash of the world that it is trained on


ROOMS = {
    "world": Room("The sticker world", "", "course_lib.world.evaluate:figures", ("world.held_out_leaks",)),
    "clip": Room(
        "CLIP: finding words for a picture",
        "02",
        "course_lib.clip.evaluate:figures",
        ("clip.zero_shot_top1.trained", "clip.zero_shot_top1.fluent_flat", "clip.zero_shot_top1.colour_pairs"),
    ),
    "lm": Room(
        "The assistant: following instructions in text",
        "04",
        "course_lib.lm.evaluate:figures",
        ("lm.follow.after", "lm.text_qa.relation"),
    ),
    "instruct": Room(
        "Instruction data: filters that find planted faults",
        "05",
        "course_lib.instruct.evaluate:figures",
        ("instruct.clean_left_alone.by_hand", "instruct.kills_survived"),
    ),
    "llava": Room(
        "LLaVA: answering questions about pictures",
        "06, 07",
        "course_lib.llava.evaluate:figures",
        ("llava.vqa.mean", "llava.vqa_blank.mean", "llava.pope.adversarial"),
    ),
    "llava_next": Room(
        "LLaVA-1.5 and NeXT: data, prompts, resolution",
        "08",
        "course_lib.llava_next.evaluate:figures",
        ("next.pope.adversarial", "next.exist.small"),
    ),
    "emergence": Room(
        "Emergence: languages and tasks that were never trained together",
        "09",
        "course_lib.emergence.evaluate:figures",
        ("emergence.seeds.fr", "emergence.permuted.fr", "emergence.read.interaction"),
    ),
    "gligen": Room(
        "GLIGEN: drawing things into boxes",
        "10",
        "course_lib.gligen.evaluate:figures",
        ("gligen.ap50.grounded", "gligen.ap50.shuffled", "gligen.phrase_top1.grounded"),
    ),
    "seem": Room(
        "SEEM: masks from clicks, boxes, words and examples",
        "11",
        "course_lib.seem.evaluate:figures",
        ("seem.iou.click1", "seem.iou.text_base", "seem.pq"),
    ),
    "failures": Room(
        "Where models still fail, and a repair",
        "12",
        "course_lib.failures.evaluate:figures",
        ("failures.winoground.gain", "failures.details.ratio", "failures.repair.after.chair_cut"),
    ),
    # Lesson 03 stands behind the rooms whose models it lends its sounds to
    "imagebind": Room(
        "ImageBind: sound, depth and text meet through pictures",
        "03",
        "course_lib.imagebind.evaluate:figures",
        ("imagebind.sound_text", "imagebind.seem_iou"),
    ),
    # and Lesson 01 behind all rooms whose models it wires together
    "specialists": Room(
        "Specialists wired by hand, and one model",
        "01",
        "course_lib.specialists.evaluate:figures",
        ("specialists.model.revealed", "specialists.rules_on_truth"),
    ),
    "agents": Room(
        "Agents with tools",
        "13",
        "course_lib.agents.evaluate:figures",
        ("agents.success.combinations", "agents.check.found", "agents.gain.own"),
    ),
    "video": Room(
        "Video: order is where frames stand",
        "14",
        "course_lib.video.evaluate:figures",
        ("video.temporal", "video.shuffled.temporal", "video.static"),
    ),
    "small": Room(
        "Small models and good data: a grid at equal steps and tokens",
        "14",
        "course_lib.small.evaluate:figures",
        ("small.claim.half", "small.claim.one", "small.recovery"),
    ),
    "capstone": Room(
        "Claim cards: three worked examples",
        "15",
        "course_lib.capstone.evaluate:figures",
        ("capstone.style", "capstone.picture", "capstone.wordings"),
    ),
}

CLIP, LM = ("clip_tokenizer", "clip"), ("lm_tokenizer", "lm")
SMALL_WORLD = "course_lib.gligen.data.scenes:fingerprint"  # Lesson 10 has one of its own
BAKES = {
    "clip_tokenizer": Bake("course_lib.clip.train:bake_tokenizer"),
    "clip": Bake("course_lib.clip.train:bake", ("clip_tokenizer",)),
    "clip_supervised": Bake("course_lib.clip.train_supervised:bake", ("clip_tokenizer",)),
    "lm_tokenizer": Bake("course_lib.lm.train:bake_tokenizer"),
    "lm_base": Bake("course_lib.lm.train:bake_base", ("lm_tokenizer",)),
    "lm": Bake("course_lib.lm.train:bake_tuned", ("lm_tokenizer", "lm_base")),
    "seem": Bake("course_lib.seem.train.stages:bake", CLIP),
    "llava_words": Bake("course_lib.llava.train.saved:bake_words", ("clip", *LM)),
    "llava_connector": Bake("course_lib.llava.train.saved:bake_connector", ("clip", *LM, "llava_words")),
    "llava_letters": Bake("course_lib.llava.train.letters:bake", ("clip",)),
    "llava_mixture": Bake("course_lib.llava.train.saved:bake_mixture", ("clip", *LM, "llava_words", "llava_letters")),
    "llava": Bake("course_lib.llava.train.saved:bake", ("clip", *LM, "llava_letters", "llava_mixture")),
    "llava_next": Bake(
        "course_lib.llava_next.train:bake", ("clip", *LM, "llava_words", "llava_letters", "llava_mixture")
    ),
    "video": Bake("course_lib.video.train:bake", ("clip", *LM, "llava_letters", "llava_mixture")),
    "llava_smollm2": Bake("course_lib.llava.train.smollm2:bake", ("clip",)),
    "gligen_base": Bake("course_lib.gligen.train.base_generator:bake_base", CLIP, SMALL_WORLD),
    "gligen_gates": Bake("course_lib.gligen.train.gates:bake_gates", (*CLIP, "gligen_base"), SMALL_WORLD),
    "gligen_detector": Bake("course_lib.gligen.train.detector:bake_detector", (), SMALL_WORLD),
    "failures_clip": Bake("course_lib.failures.train.saved:bake_clip", CLIP),
    "failures_assistant": Bake(
        "course_lib.failures.train.saved:bake_assistant", (*CLIP, *LM, "llava_letters", "llava_mixture", "llava")
    ),
    "imagebind": Bake("course_lib.imagebind.train:bake", CLIP),
    "specialists_detector": Bake("course_lib.specialists.detector:bake", ("clip", "gligen_detector")),
    "emergence_tokenizer": Bake("course_lib.emergence.tokenizer:bake_tokenizer", ("lm_tokenizer",)),
    "emergence": Bake("course_lib.emergence.train.saved:bake", ("clip", *LM, "emergence_tokenizer", "llava_mixture")),
    "agents": Bake("course_lib.agents.train:bake", ("lm_tokenizer", "lm")),
    "small_lm_half": Bake("course_lib.small.train:bake_half", ("lm_tokenizer",)),
    "small_lm_one": Bake("course_lib.small.train:bake_one", ("lm_tokenizer",)),
}


def find(table: Mapping[str, Room | Bake], name: str, kind: str) -> Callable:
    """The function of an entry. `Problem` for a name that the table does not have."""
    if name not in table:
        raise Problem(f'There is no {kind} "{name}". There are: {", ".join(table)}.')
    return load(table[name].function)


def load(place: str) -> Callable:
    """ "module:function" → the function."""
    module, function = place.split(":")
    return getattr(importlib.import_module(module), function)
