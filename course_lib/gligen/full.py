"""The published GLIGEN on the same board: Stable Diffusion 1.4 with its gates, through diffusers. Full tier.

Ungated weights, 512 × 512 pixels, up to 30 boxes. In 16 bits it fits a T4. As in the paper, diffusers
switches the gates off after the share `grounded_fraction` of the steps, at once. One difference: their strength can't be set.
"""

from collections.abc import Callable

import numpy as np
import torch

from course_lib.clip.data.images import to_tensor
from course_lib.gligen.layouts import GroundedPhrase
from course_lib.gligen.ui import pictures
from course_lib.gligen.ui.board import DrawBoxes
from course_lib.gligen.ui.pipeline import NUM_PICTURES, Request
from course_lib.session import best_device

HUB = ("masterful/gligen-1-4-generation-text-box", "main")  # repository, and its branch or a commit's 40 digits
MAX_BOXES = 30
# The talk's example; the coordinates are this course's own.
HEN = Request(
    caption="a hen hatching a huge egg",
    layout=(GroundedPhrase("a hen", (0.28, 0.06, 0.72, 0.46)), GroundedPhrase("a huge egg", (0.18, 0.40, 0.82, 0.97))),
    guidance_scale=7.5,
    grounded_fraction=0.3,
)


class PublishedPipeline:
    """`StableDiffusionGLIGENPipeline` as the board uses it; and, from the same weights, Stable Diffusion without gates."""

    supports_editing, supports_reference = (
        False,
        False,
    )  # the checkpoint for boxes has no ninth input channel, and reads phrases alone

    def __init__(self, pipe, steps: int = 50) -> None:
        self.pipe, self.steps = pipe, steps
        self.side = pipe.unet.config.sample_size * pipe.vae_scale_factor  # pixels
        self.settings = {"guidance_scale": 7.5, "grounded_fraction": 0.3}
        pipe.set_progress_bar_config(disable=True)

    @classmethod
    def load(
        cls, weights: tuple[str, str] = HUB, *, device: str, dtype: torch.dtype, steps: int = 50
    ) -> "PublishedPipeline":
        """From (repository or folder, revision); in float16 from the files that hold it, which are half as large."""
        from diffusers import StableDiffusionGLIGENPipeline

        folder, revision = weights
        # torch_dtype has a newer name, dtype, which Colab's diffusers may not know yet.
        variant = "fp16" if dtype == torch.float16 else None
        pipe = StableDiffusionGLIGENPipeline.from_pretrained(
            folder, revision=revision, variant=variant, torch_dtype=dtype, use_safetensors=True
        )
        return cls(pipe.to(device), steps)

    def notes(self, request: Request) -> list[str]:
        """Nothing: any words may be tried. Raises ValueError for what this model can't draw."""
        if len(request.layout) > MAX_BOXES:
            raise ValueError(f"{len(request.layout)} boxes were asked for: this model reads at most {MAX_BOXES}")
        if not request.layout:
            raise ValueError("no box was drawn: this model wants at least one; plain Stable Diffusion needs none")
        return []

    def generate(self, request: Request, on_step: Callable[[int], None] = lambda step: None) -> np.ndarray:
        """Four pictures, uint8 [4, S, S, 3]; the same for the same wish on the same machine."""
        self.notes(request)
        grounding = {
            "gligen_phrases": [grounded.phrase for grounded in request.layout],
            "gligen_boxes": [list(grounded.box) for grounded in request.layout],
            "gligen_scheduled_sampling_beta": request.grounded_fraction,
            "callback": lambda step, level, latents: on_step(step + 1),
        }
        return self._run(self.pipe, request, **grounding)

    def plain(self, request: Request) -> np.ndarray:
        """The same caption from the same noise, by Stable Diffusion alone: without grounding the gates are skipped."""
        from diffusers import StableDiffusionPipeline

        checked = self.pipe.config.requires_safety_checker
        plain = StableDiffusionPipeline(**self.pipe.components, requires_safety_checker=checked)
        plain.set_progress_bar_config(disable=True)
        return self._run(plain, request)

    def _run(self, pipe, request: Request, **grounding) -> np.ndarray:
        images = pipe(
            prompt=[request.caption] * NUM_PICTURES,
            num_inference_steps=self.steps,
            guidance_scale=request.guidance_scale,
            generator=[torch.Generator().manual_seed(request.seed + number) for number in range(NUM_PICTURES)],
            output_type="np",
            **grounding,
        ).images
        return (images * 255).round().astype(np.uint8)


def load(weights: tuple[str, str] = HUB) -> PublishedPipeline | None:
    """Download (once) and load it. None, with one sentence, where the weights can't be had."""
    device, dtype, _ = best_device()
    try:
        return PublishedPipeline.load(weights, device=device, dtype=getattr(torch, dtype))
    except (OSError, ImportError, ValueError) as error:  # ValueError: the repository has no such variant
        reason = str(error).splitlines()[0][:120]
        print(f"{weights[0]} could not be loaded ({reason}). The lesson goes on without it.")
        return None


def show_hen(published: PublishedPipeline) -> None:
    """The talk's example without boxes and with them, from the same noise, and the board to go on with."""
    from IPython.display import display

    drawn = {"Stable Diffusion": published.plain(HEN), "with GLIGEN": published.generate(HEN)}
    alt = "A hen on a huge egg: four pictures by Stable Diffusion alone, four with boxes."
    pictures.rows({name: to_tensor(images) for name, images in drawn.items()}, {"with GLIGEN": HEN.layout}, alt=alt)
    display(DrawBoxes(published, caption=HEN.caption))
