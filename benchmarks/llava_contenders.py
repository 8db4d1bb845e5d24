"""Who trains in `llava_training.py`: MiniLlava in our loop, and transformers' Llava of the same weights in its Trainer."""

import random
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import torch
from torch import Tensor, nn

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from course_lib.common.precision import bfloat16_is_faster, mixed_precision
from course_lib.llava import recipes
from course_lib.llava.chat_format import MAX_LENGTH, Segments, picture_labels, picture_segments
from course_lib.llava.data import batches
from course_lib.llava.model import MiniLlava
from course_lib.llava.train import stages
from course_lib.lm.loss import IGNORE_INDEX
from course_lib.training import parameter_groups, schedule

PICTURES, SHORT = 4, 11  # of a step; short questions a picture, beside one conversation, description or reasoning
A_PICTURE = SHORT + 1
STEPS = 3  # a turn
RATE, DECAY, RANK = 1e-3, 0.01, 32


def data(tokenizer) -> tuple[list[list[Segments]], Tensor]:
    """Conversations of every picture, and the pictures [I, 3, 64, 64], of training scenes with enough to ask."""
    rng, scenes, conversations = random.Random("llava benchmark"), [], []
    while len(scenes) < PICTURES * STEPS:
        scene = batches.training_scene(rng)
        short = batches.short_conversations(scene, rng)
        if len(short) >= SHORT:
            scenes.append(scene)
            messages = [*short[:SHORT], batches.sample_instruction(scene, rng)]
            conversations.append([picture_segments(tokenizer, one) for one in messages])
    return conversations, batches.render_pixels(scenes)


def learner() -> MiniLlava:
    """MiniLlava with adapters that have learned nothing, the same each time."""
    model = stages.build_model("mlp2x_gelu")
    model.requires_grad_(False)
    stages.add_adapters(model, RANK)
    model.connector.requires_grad_(True)
    return model


class Ours:
    """Stage 2 as it is, on the benchmark's data."""

    def __init__(self, shared: bool = True, kept_features: bool = False) -> None:
        self.model = learner()
        conversations, pixels = data(self.model.tokenizer)
        if not shared:
            conversations = [[one] for of_picture in conversations for one in of_picture]
            pixels = pixels.repeat_interleave(A_PICTURE, 0)  # [I, …] → [I·A_PICTURE, …]
        size = PICTURES if shared else PICTURES * A_PICTURE
        self.batches = [
            batches.collate(self.model.tokenizer, conversations[i : i + size], pixels[i : i + size])
            for i in range(0, len(conversations), size)
        ]
        if kept_features:
            with mixed_precision():
                features = [self.model.image_features(batch.pixel_values) for batch in self.batches]
            self.batches = [replace(batch, pixel_values=f) for batch, f in zip(self.batches, features, strict=True)]
            self.model.vision = nn.Identity()  # what it is shown is seen already

    def train(self) -> list[float]:
        """STEPS steps → their losses."""
        recipe = recipes.LlavaRecipe(steps=STEPS, batch_size=PICTURES, learning_rate=RATE, weight_decay=DECAY)
        return stages.train(self.model, self.batches.__getitem__, recipe).losses


class TowerForTransformers(nn.Module):
    """The pocket vision tower, as `LlavaModel` asks its vision tower."""

    def __init__(self, vision: nn.Module) -> None:
        super().__init__()
        self.vision = vision

    def forward(self, pixel_values: Tensor, **_) -> SimpleNamespace:
        with torch.no_grad():
            return SimpleNamespace(hidden_states=[self.vision(pixel_values)])


def llava(ours: MiniLlava) -> nn.Module:
    """transformers' Llava of the same weights: connector and adapters learn, all else is frozen."""
    from transformers import CLIPVisionConfig, LlavaConfig, LlavaForConditionalGeneration

    language_model = ours.language_model.get_base_model()
    vision_config = CLIPVisionConfig(
        hidden_size=ours.connector[0].in_features, intermediate_size=8, num_hidden_layers=1, num_attention_heads=1
    )  # only its width counts: the pocket tower takes its place
    config = LlavaConfig(
        vision_config=vision_config,
        text_config=language_model.config,
        image_token_id=ours.image_token,
        vision_feature_layer=-1,
        vision_feature_select_strategy="full",
    )
    model = LlavaForConditionalGeneration(config).requires_grad_(False)
    model.model.vision_tower = TowerForTransformers(ours.vision)
    model.model.language_model, model.lm_head = language_model.model, language_model.lm_head
    projector = model.model.multi_modal_projector
    projector.linear_1, projector.linear_2 = ours.connector[0], ours.connector[2]
    return model


class Plain:
    """The stock tools: one conversation a row, `Trainer`."""

    def __init__(self, by_length: bool = False) -> None:
        ours = learner()
        data_of_pictures, pixels = data(ours.tokenizer)
        self.model, self.padding = llava(ours), ours.tokenizer.pad_token_id
        self.rows = []
        for conversations, picture in zip(data_of_pictures, pixels, strict=True):
            for segments in conversations:
                ids, labels = picture_labels(segments, ours.image_token, ours.num_patches, MAX_LENGTH)
                self.rows.append({"input_ids": ids, "labels": labels, "pixel_values": picture})
        if by_length:
            self.rows.sort(key=lambda row: len(row["input_ids"]))

    def collate(self, rows: list[dict]) -> dict[str, Tensor]:
        """Rows → one batch, padded to its longest."""
        length = max(len(row["input_ids"]) for row in rows)

        def padded(name: str, filling: int) -> Tensor:
            return torch.tensor([row[name] + [filling] * (length - len(row[name])) for row in rows])  # [B, T]

        sizes = torch.tensor([len(row["input_ids"]) for row in rows])
        return {
            "input_ids": padded("input_ids", self.padding),
            "labels": padded("labels", IGNORE_INDEX),
            "attention_mask": (torch.arange(length) < sizes[:, None]).long(),  # [B, T]
            "pixel_values": torch.stack([row["pixel_values"] for row in rows]),
        }

    def train(self) -> list[float]:
        """STEPS steps → their losses."""
        from transformers import PrinterCallback, Trainer, TrainingArguments

        optimizer = torch.optim.AdamW(
            parameter_groups(self.model, DECAY), RATE, betas=(0.9, 0.98), eps=1e-6, fused=True
        )
        rates = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: schedule(step / STEPS))
        with tempfile.TemporaryDirectory() as folder:
            arguments = TrainingArguments(
                folder,
                per_device_train_batch_size=PICTURES * A_PICTURE,
                max_steps=STEPS,
                train_sampling_strategy="sequential",
                max_grad_norm=1.0,
                bf16=bfloat16_is_faster(),
                use_cpu=True,
                logging_steps=1,
                save_strategy="no",
                report_to=[],
                disable_tqdm=True,
                remove_unused_columns=False,
            )
            trainer = Trainer(
                self.model,
                arguments,
                train_dataset=self.rows,
                data_collator=self.collate,
                optimizers=(optimizer, rates),
            )
            trainer.remove_callback(PrinterCallback)
            trainer.train()
        return [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]


CONTENDERS: dict[str, tuple[str, Callable]] = {
    "ours": ("conversations share the picture's row", Ours),
    "features_kept": ("ours, features of the eyes computed beforehand", lambda: Ours(kept_features=True)),
    "unshared": ("ours, one conversation a row", lambda: Ours(shared=False)),
    "trainer": ("transformers' Trainer", Plain),
    "trainer_by_length": ("transformers' Trainer, rows sorted by length", lambda: Plain(by_length=True)),
}
