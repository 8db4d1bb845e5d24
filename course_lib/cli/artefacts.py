"""Are the shipped files what today's code would make? Cards checked, and one manifest of all."""

import hashlib
import inspect
import json
from dataclasses import replace
from pathlib import Path

from course_lib.checkpoints import CheckpointError, read_card
from course_lib.cli.registry import BAKES, find, load
from course_lib.common.files import write_atomically
from course_lib.session import REPO

ATLASES = "python tools/build_stickers.py node_modules/@iconify-json"
SOURCE = "a source: data/stickers/CREDITS.md says where from"
WRITTEN = "a source, written by hand: data/instruct/README.md is its datasheet"
OTHERS = {  # what is drawn, measured or written rather than trained: files → how they are made
    "data/stickers/*.webp": ATLASES,
    "data/stickers/manifest.json": ATLASES,
    "data/stickers/c*.json": SOURCE,
    "data/instruct/*.json*": WRITTEN,
    "data/lm/*.json": "python tools/record_smollm2.py",
    "data/failures/*.jsonl": "python tools/sample_preferences.py",
    "data/specialists/*.json": "python tools/record_real_specialists.py CENTERNET_FOLDER",
    "data/contact_sheets/*.webp": "python -m tools.contact_sheets",
    "docs/img/*.webp": "python -m tools.hero",
    "data/figures.jsonl": "python -m course_lib evaluate --json > FILE; python -m course_lib figures FILE",
    "data/llava_ablations.jsonl": "python -m course_lib llava ablate --rows FILE",
    "data/next_ladder.jsonl": "python -m course_lib llava ladder --rows FILE",
    "data/next_connectors.jsonl": "python -m tools.compare_connectors",
    "data/small_grid.jsonl": "python tools/small_grid.py FOLDER",
}


def file_of(name: str, folder: Path) -> Path:
    """What `bake NAME` writes: weights, which have a card beside them, or a tokenizer."""
    return folder / (f"{name}.json" if name.endswith("_tokenizer") else f"{name}.safetensors")


def hash_of(file: Path) -> str:
    """SHA-256 of a file; "" where there is none."""
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.exists() else ""


def world(name: str) -> str:
    """The hash of the world that a checkpoint was trained on, with its splits."""
    return load(BAKES[name].world)()


def recipe_of(name: str):
    """The recipe, or recipes, that a bake uses unless told otherwise; None if it has none."""
    _, *rest = inspect.signature(find(BAKES, name, "checkpoint")).parameters.values()
    return rest[0].default if rest else None


def complete_card(name: str, folder: Path) -> None:
    """Write down which world and which other checkpoints these weights were trained on."""
    file = file_of(name, folder)
    if file.suffix == ".safetensors":
        inputs = {one: hash_of(file_of(one, folder)) for one in BAKES[name].inputs}
        card = {**read_card(file), "world": world(name), "inputs": inputs}
        write_atomically(file.with_suffix(".json"), (json.dumps(card, indent=2, ensure_ascii=False) + "\n").encode())


def problems(name: str, folder: Path) -> list[str]:
    """What is not as today's code would make it: a file that is missing or damaged, another recipe, world or input."""
    file = file_of(name, folder)
    if not file.exists():
        return [f"{file.name} is missing"]
    if file.suffix == ".json":
        return [] if intact(file) else [f"{file.name} is damaged: its SHA-256 is not the manifest's"]
    try:
        card = read_card(file)
    except (OSError, CheckpointError):
        return [f"the card of {file.name} is missing or damaged"]
    reasons = [] if hash_of(file) == card["sha256"] else [f"{file.name} is damaged: its SHA-256 is not the card's"]
    more = card.get("beside", {}).items()
    reasons += [
        f"{part} is damaged: its SHA-256 is not the card's" for part, sha in more if hash_of(folder / part) != sha
    ]
    if not same_recipe(card.get("recipe"), recipe_of(name)):
        reasons.append(f"{name} was made with another recipe")
    if card.get("world") != world(name):
        reasons.append(f"{name} was trained on another world, or on other splits")
    made_of = card.get("inputs", {})
    old = [one for one in BAKES[name].inputs if made_of.get(one) != hash_of(file_of(one, folder))]
    return reasons + [f"{name} was made from another {one}" for one in old]


def intact(file: Path) -> bool:
    """Has a file without a card the hash of the manifest? Of a file that stands elsewhere only those made of it know."""
    known = json.loads((REPO / "data" / "manifest.json").read_text(encoding="utf-8"))
    entry = known.get(file.relative_to(REPO).as_posix()) if file.is_relative_to(REPO) else None
    return entry is None or entry["sha256"] == hash_of(file)


def identity(name: str, folder: Path) -> str:
    """A hash of all that decides what a bake makes: its recipe, its world, and what it is made of."""
    made_of = [hash_of(file_of(one, folder)) for one in BAKES[name].inputs]
    return hashlib.sha256(repr((name, recipe_of(name), world(name), made_of)).encode()).hexdigest()


def same_recipe(written: object, recipe: object) -> bool:
    """Does a card's recipe say the same? Fields that are newer than the card count as their defaults."""
    if isinstance(recipe, tuple):
        return isinstance(written, list) and len(written) == len(recipe) and all(map(same_recipe, written, recipe))
    if recipe is None or not isinstance(written, dict):
        return recipe is None
    values = {key: tuple(value) if isinstance(value, list) else value for key, value in written.items()}
    return set(values) <= set(vars(recipe)) and type(recipe)(**values) == replace(recipe)


def manifest() -> dict[str, dict]:
    """Every shipped artefact: its command, its inputs with their hashes, and its own hash; minutes where a card says."""
    folder, entries = REPO / "data" / "checkpoints", {}
    for name in BAKES:
        file = file_of(name, folder)
        if file.exists():
            card = read_card(file) if file.suffix == ".safetensors" else {}
            made_of = {file_of(one, folder).name: digest for one, digest in card.get("inputs", {}).items()}
            entry = {"command": f"python -m course_lib bake {name}", "inputs": made_of, "sha256": hash_of(file)}
            entries[file.relative_to(REPO).as_posix()] = {**entry, "minutes": card.get("minutes")}
            for part in card.get("beside", {}):
                entries[f"data/checkpoints/{part}"] = {**entry, "sha256": hash_of(folder / part)}
    for pattern, command in OTHERS.items():
        for file in sorted(REPO.glob(pattern)):
            entries[file.relative_to(REPO).as_posix()] = {"command": command, "inputs": {}, "sha256": hash_of(file)}
    return entries


def write_manifest(file: Path) -> None:
    """The manifest as JSON."""
    write_atomically(file, (json.dumps(manifest(), indent=1) + "\n").encode())
