"""From Lesson 07's assistant to MiniLlavaVideo: connector and language model learn what clips say that pictures don't."""

from collections.abc import Sequence
from pathlib import Path

from course_lib import checkpoints
from course_lib.clip.pretrained import load_clip
from course_lib.llava import lora
from course_lib.llava.train import parameters, saved, stages
from course_lib.llava.vision import PocketVisionTower
from course_lib.training import Progress
from course_lib.video.data.batches import video_batch
from course_lib.video.data.clips import MOST_FRAMES
from course_lib.video.model import FrameConnector, MiniLlavaVideo
from course_lib.video.recipes import BAKED, VideoRecipe

FILE = checkpoints.FOLDER / "video.safetensors"


def build_model(folder: Path = checkpoints.FOLDER) -> MiniLlavaVideo:
    """Lesson 07's assistant with a mixture of words, without its letter head, before clips that it has never seen."""
    assistant = saved.load("mixture", folder)
    assistant.connector.letter_embeddings = None  # no sign is read here
    vision = PocketVisionTower(load_clip(), assistant.vision.layer)
    embeddings = assistant.language_model.get_input_embeddings().weight
    numbers = [
        assistant.tokenizer(f" {n}", add_special_tokens=False)["input_ids"][0] for n in range(1, MOST_FRAMES + 1)
    ]
    connector = FrameConnector(assistant.connector, embeddings[numbers])  # of [16, D]
    return MiniLlavaVideo(vision, connector, assistant.language_model, assistant.tokenizer).eval()


def train(model: MiniLlavaVideo, recipe: VideoRecipe, **options) -> Progress:
    """The connector learns in full, the language model by adapters, in place. options: callbacks and state_file, see `fit`."""
    prepare(model, recipe)
    return stages.train(
        model, lambda step: video_batch(model.tokenizer, model.image_features, step, recipe), recipe, **options
    )


def prepare(model: MiniLlavaVideo, recipe: VideoRecipe) -> None:
    """Connector and adapters learn, in place; adapters are new where there are none yet."""
    if not stages.has_adapters(model):
        model.requires_grad_(False)
        stages.add_adapters(model, recipe.rank, recipe.seed)
    model.connector.requires_grad_(True)


def bake(out_folder: Path, recipes: Sequence[VideoRecipe] = BAKED) -> None:
    """The shipped weights: runs in turn, each from where the last one ended. Interrupted, the run that was under way goes on."""
    model, minutes = build_model(out_folder), 0.0
    runs = [out_folder / f"video.run{number}.safetensors" for number in range(len(recipes) - 1)]
    for number, file in enumerate([*runs, out_folder / FILE.name]):
        if file not in runs or not file.with_suffix(".json").exists():  # the card is written last
            progress = train(model, recipes[number], state_file=file.with_suffix(".training.safetensors"))
            if progress.stopped:
                return
            save(file, model, recipes[: number + 1], progress, minutes)
        prepare(model, recipes[number])
        tensors, card = checkpoints.load(file)  # read even if just made: the next run begins with what was rounded
        saved.load_weights(model, tensors, file.name)
        minutes = card["minutes"]


def save(
    file: Path, model: MiniLlavaVideo, recipes: Sequence[VideoRecipe], progress: Progress, earlier: float = 0.0
) -> None:
    """What has learned in half precision, with its card. earlier: minutes."""
    data = "training clips of moving things, each beside its mirror in time, with questions, captions, logs"
    minutes, losses = earlier + progress.seconds / 60, progress.losses
    card = checkpoints.card(file.stem, data, tuple(recipes), minutes, losses, stored_as="float16")
    learned = parameters.to_save(dict(model.named_parameters()))
    checkpoints.save(file, {name: tensor.detach().half() for name, tensor in learned.items()}, card)


def load(file: Path = FILE, recipe: VideoRecipe = BAKED[0]) -> MiniLlavaVideo:
    """The shipped model. `CheckpointError`, saying what to do, when a file is missing, damaged or of another model."""
    tensors, _ = checkpoints.load(file)
    model = build_model(file.parent)
    prepare(model, recipe)
    saved.load_weights(model, tensors, file.name)
    model.language_model = lora.merge_peft_adapters(model.language_model)
    return model.eval()
