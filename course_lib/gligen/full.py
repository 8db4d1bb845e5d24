"""The published GLIGEN on the same board: Stable Diffusion 1.4 with its gates, through diffusers. Full tier.

Ungated weights, 512 × 512 pixels, up to 30 boxes. In 16 bits it fits a T4. As in the paper, diffusers
switches the gates off after the share `on` of the steps, at once. One difference: their strength can't be set.
"""

from collections.abc import Callable

import numpy as np
import torch

from course_lib.gligen.data.layouts import Asked
from course_lib.gligen.ui.painter import COUNT, Wish
from course_lib.session import best_device

HUB = ("masterful/gligen-1-4-generation-text-box", "main")  # repository, and its branch or a commit's 40 digits
MOST_BOXES = 30
# The talk's idea, a llama with glasses; the coordinates are this course's own. Plain Stable Diffusion mostly forgets one part.
LLAMA = Wish(
    caption="a photo of a llama wearing glasses, standing on a beach beside a surfboard",
    boxes=(
        Asked("a llama", (0.10, 0.12, 0.62, 0.98)),
        Asked("a pair of glasses", (0.22, 0.22, 0.50, 0.34)),
        Asked("a surfboard", (0.68, 0.20, 0.90, 0.95)),
    ),
    guidance=7.5,
    on=0.3,
)


class RealPainter:
    """`StableDiffusionGLIGENPipeline` as the board uses it; and, from the same weights, Stable Diffusion without gates."""

    edits, refers = False, False  # the checkpoint for boxes has no ninth input channel, and reads phrases alone

    def __init__(self, pipe, steps: int = 50) -> None:
        self.pipe, self.steps = pipe, steps
        self.side = pipe.unet.config.sample_size * pipe.vae_scale_factor  # pixels
        self.settings = {"guidance": 7.5, "on": 0.3}
        pipe.set_progress_bar_config(disable=True)

    @classmethod
    def load(cls, weights: tuple[str, str] = HUB, *, device: str, dtype: torch.dtype, steps: int = 50) -> "RealPainter":
        """From (repository or folder, revision); in float16 from the files that hold it, which are half as large."""
        from diffusers import StableDiffusionGLIGENPipeline

        place, revision = weights
        # torch_dtype has a newer name, dtype, which Colab's diffusers may not know yet.
        variant = "fp16" if dtype == torch.float16 else None
        pipe = StableDiffusionGLIGENPipeline.from_pretrained(
            place, revision=revision, variant=variant, torch_dtype=dtype, use_safetensors=True
        )
        return cls(pipe.to(device), steps)

    def notes(self, wish: Wish) -> list[str]:
        """Nothing: any words may be tried. Raises ValueError for what this model can't draw."""
        if len(wish.boxes) > MOST_BOXES:
            raise ValueError(f"{len(wish.boxes)} boxes were asked for: this model reads at most {MOST_BOXES}")
        if not wish.boxes:
            raise ValueError("no box was drawn: this model wants at least one; plain Stable Diffusion needs none")
        return []

    def paint(self, wish: Wish, told: Callable[[int], None] = lambda step: None) -> np.ndarray:
        """Four pictures, uint8 [4, S, S, 3]; the same for the same wish on the same machine."""
        self.notes(wish)
        grounding = {
            "gligen_phrases": [one.phrase for one in wish.boxes],
            "gligen_boxes": [list(one.box) for one in wish.boxes],
            "gligen_scheduled_sampling_beta": wish.on,
            "callback": lambda step, level, latents: told(step + 1),
        }
        return self._run(self.pipe, wish, **grounding)

    def plain(self, wish: Wish) -> np.ndarray:
        """The same caption from the same noise, by Stable Diffusion alone: without grounding the gates are skipped."""
        from diffusers import StableDiffusionPipeline

        checked = self.pipe.config.requires_safety_checker
        plain = StableDiffusionPipeline(**self.pipe.components, requires_safety_checker=checked)
        plain.set_progress_bar_config(disable=True)
        return self._run(plain, wish)

    def _run(self, pipe, wish: Wish, **grounding) -> np.ndarray:
        pictures = pipe(
            prompt=[wish.caption] * COUNT,
            num_inference_steps=self.steps,
            guidance_scale=wish.guidance,
            generator=[torch.Generator().manual_seed(wish.seed + number) for number in range(COUNT)],
            output_type="np",
            **grounding,
        ).images
        return (pictures * 255).round().astype(np.uint8)


def load(weights: tuple[str, str] = HUB) -> RealPainter | None:
    """Download (once) and load it. None, with one sentence, where the weights can't be had."""
    device, dtype, _ = best_device()
    try:
        return RealPainter.load(weights, device=device, dtype=getattr(torch, dtype))
    except (OSError, ImportError, ValueError) as error:  # ValueError: the repository has no such variant
        reason = str(error).splitlines()[0][:120]
        print(f"{weights[0]} could not be loaded ({reason}). The lesson goes on without it.")
        return None
