"""From Lesson 07's assistant to MiniLlavaVideo: connector and language model learn what clips say that pictures don't."""

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
    """Lesson 07's assistant without its letter head, before clips that it has never seen."""
    assistant = saved.load("2", folder)
    assistant.connector.letter_embeddings = None  # no sign is read here
    vision = PocketVisionTower(load_clip(), assistant.vision.layer)
    embeddings = assistant.language_model.get_input_embeddings().weight
    numbers = [
        assistant.tokenizer(f" {n}", add_special_tokens=False)["input_ids"][0] for n in range(1, MOST_FRAMES + 1)
    ]
    connector = FrameConnector(assistant.connector, embeddings[numbers])  # of [16, D]
    return MiniLlavaVideo(vision, connector, assistant.language_model, assistant.tokenizer).eval()


def train(model: MiniLlavaVideo, recipe: VideoRecipe = BAKED, **options) -> Progress:
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


def bake(out_folder: Path, recipe: VideoRecipe = BAKED) -> None:
    """The shipped weights. Interrupted, it goes on where it was when called again."""
    model, file = build_model(out_folder), out_folder / FILE.name
    progress = train(model, recipe, state_file=file.with_suffix(".training.safetensors"))
    if not progress.stopped:
        save(file, model, recipe, progress)


def save(file: Path, model: MiniLlavaVideo, recipe: VideoRecipe, progress: Progress) -> None:
    """What has learned in half precision, with its card."""
    data = "training clips of moving things, each beside its mirror in time, with temporal and static questions, captions, logs"
    card = checkpoints.card(file.stem, data, recipe, progress.seconds / 60, progress.losses, stored_as="float16")
    learned = parameters.to_save(dict(model.named_parameters()))
    checkpoints.save(file, {name: tensor.detach().half() for name, tensor in learned.items()}, card)


def load(file: Path = FILE, recipe: VideoRecipe = BAKED) -> MiniLlavaVideo:
    """The shipped model. `CheckpointError`, saying what to do, when a file is missing, damaged or of another model."""
    tensors, _ = checkpoints.load(file)
    model = build_model(file.parent)
    prepare(model, recipe)
    saved.load_weights(model, tensors, file.name)
    model.language_model = lora.merge_peft_adapters(model.language_model)
    return model.eval()
