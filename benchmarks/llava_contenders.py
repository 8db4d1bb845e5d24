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
from course_lib.llava.data import batches
from course_lib.llava.train import stages
from course_lib.lm.chat import mask_labels
from course_lib.lm.loss import IGNORE_INDEX
from course_lib.training import parameter_groups, schedule

PICTURES, SHORT = 4, 11  # of a step; short questions a picture, beside one conversation, description or reasoning
A_PICTURE = SHORT + 1
STEPS = 3  # a turn
RATE, DECAY, RANK = 1e-3, 0.01, 32
Segments = batches.Segments


def data(tokenizer) -> tuple[list[list[Segments]], Tensor]:
    """Conversations of every picture, and the pictures [I, 3, 64, 64], of training scenes with enough to ask."""
    rng, scenes, told = random.Random("llava benchmark"), [], []
    while len(scenes) < PICTURES * STEPS:
        scene = batches.training_scene(rng)
        short = batches.short_conversations(scene, rng)
        if len(short) >= SHORT:
            scenes.append(scene)
            asked = [*short[:SHORT], batches.sample_instruction(scene, rng)]
            told.append([batches.picture_segments(tokenizer, one, batches.NUM_PATCHES) for one in asked])
    return told, batches.render_pixels(scenes)


def learner() -> stages.MiniLlava:
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
        told, pixels = data(self.model.tokenizer)
        self.batches = [
            self._batch(told[i : i + PICTURES], pixels[i : i + PICTURES], shared) for i in range(0, len(told), PICTURES)
        ]
        if kept_features:
            with mixed_precision():
                self.batches = [replace(one, pixels=self.model.image_features(one.pixels)) for one in self.batches]
            self.model.vision = nn.Identity()  # what it is shown is seen already

    @staticmethod
    def _batch(told: list[list[Segments]], pixels: Tensor, shared: bool) -> batches.LlavaBatch:
        if not shared:
            told, pixels = [[one] for each in told for one in each], pixels.repeat_interleave(A_PICTURE, 0)
        return batches.collate(told, pixels)

    def train(self) -> list[float]:
        """STEPS steps → their losses."""
        recipe = stages.LlavaRecipe(steps=STEPS, batch_size=PICTURES, learning_rate=RATE, weight_decay=DECAY)
        return stages.train(self.model, self.batches.__getitem__, recipe).losses


class EyesForTransformers(nn.Module):
    """The pocket eyes, as `LlavaModel` asks its vision tower."""

    def __init__(self, eyes: nn.Module) -> None:
        super().__init__()
        self.eyes = eyes

    def forward(self, pixel_values: Tensor, **_) -> SimpleNamespace:
        with torch.no_grad():
            return SimpleNamespace(hidden_states=[self.eyes(pixel_values)])


def llava(ours: stages.MiniLlava) -> nn.Module:
    """transformers' Llava of the same weights: connector and adapters learn, all else is frozen."""
    from transformers import CLIPVisionConfig, LlavaConfig, LlavaForConditionalGeneration

    words = ours.language_model.get_base_model()
    eyes = CLIPVisionConfig(
        hidden_size=ours.connector[0].in_features, intermediate_size=8, num_hidden_layers=1, num_attention_heads=1
    )  # only its width counts: the pocket eyes take its place
    config = LlavaConfig(
        vision_config=eyes,
        text_config=words.config,
        image_token_id=ours.image_token,
        vision_feature_layer=-1,
        vision_feature_select_strategy="full",
    )
    model = LlavaForConditionalGeneration(config).requires_grad_(False)
    model.model.vision_tower = EyesForTransformers(ours.vision)
    model.model.language_model, model.lm_head = words.model, words.lm_head
    projector = model.model.multi_modal_projector
    projector.linear_1, projector.linear_2 = ours.connector[0], ours.connector[2]
    return model


class Plain:
    """The stock tools: one conversation a row, `Trainer`."""

    def __init__(self, by_length: bool = False) -> None:
        ours = learner()
        told, pixels = data(ours.tokenizer)
        self.model, self.padding = llava(ours), ours.tokenizer.pad_token_id
        self.rows = []
        for conversations, picture in zip(told, pixels, strict=True):
            for ids, labels in map(mask_labels, conversations):
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
