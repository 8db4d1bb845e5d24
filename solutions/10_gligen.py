# ---
# title: "GLIGEN: grounded image generation"
# objectives:
#   - explain how noise becomes a picture, and write the step and the guidance
#   - show what a caption can't tell a text-to-image model
#   - write GLIGEN's parts, from boxes as waves and learned nulls to a gate that starts shut
#   - train gates beside a frozen base, and prove that nothing else moved
#   - judge generated pictures with a detector that never saw one, between floors and a ceiling
# prerequisites:
#   - "[the CLIP lesson](02_clip.ipynb)"
#   - attention, gradient descent, mean and variance
# minutes: 90
# gpu: The published GLIGEN draws at 512 × 512 at the end, which wants a T4.
# ---

# %% tags=["setup"]
from course_lib.exercise import exercise, hint, points, progress
from course_lib.session import begin

session = begin(lesson="10_gligen")

# %% [markdown]
# ## See it: a hen that hatches a huge egg
#
# The talk asks for *a hen hatching a huge egg*. A caption can say "huge"; it can't say *how* huge, or where. GLIGEN reads more: each phrase may come with a box.
#
# Our world has twelve things, but no hens and no eggs. So we'll seat a penguin on a huge strawberry. No caption in this world mentions size: the box must say "huge".
#
# **Predict before you run:** the first row is drawn from the caption alone, the second from the same noise, plus two boxes. What will be wrong in the first?

# %%
from functools import partial

import numpy as np
import torch

from course_lib import show
from course_lib.clip.data.images import to_images, to_tensor
from course_lib.gligen.layouts import GroundedPhrase
from course_lib.gligen.sampling import sample
from course_lib.gligen.train import gates
from course_lib.gligen.train.base_generator import BaseRecipe, base_loss, load_base, new_base, train_base
from course_lib.gligen.ui import pictures
from course_lib.session import few

base, gligen = load_base(), gates.load_gated()
draw = partial(sample, steps=few(20, 4))
hen = "a penguin above a strawberry in the snow"
egg = [GroundedPhrase("a penguin", (0.34, 0.12, 0.66, 0.44)), GroundedPhrase("a strawberry", (0.23, 0.42, 0.78, 0.96))]
pictures.rows(
    {"caption alone": draw(base, [hen] * 4), "with two boxes": draw(gligen, [hen] * 4, [egg] * 4)},
    {"with two boxes": egg},
    alt=f"Above, four pictures for the caption: {hen}. Below, the same with boxes: each penguin sits on a large strawberry.",
)

# %% [markdown]
# No two-thing picture in its training had one as large as this strawberry.
#
# ### Where does the frog go?
#
# Both rows came from one small text-to-image model, trained on captioned pictures of twelve things in four places. Some captions even said how two things lie: "a frog to the left of a
# house".
#
# **Predict:** in how many of eight pictures will the frog be on the left?

# %%
prompt = "a frog to the left of a house on the beach"
layout = [GroundedPhrase("a frog", (0.06, 0.34, 0.44, 0.7)), GroundedPhrase("a house", (0.54, 0.34, 0.94, 0.74))]
by_caption, by_boxes = draw(base, [prompt] * 8), draw(gligen, [prompt] * 8, [layout] * 8)
show.pictures(to_images(by_caption), columns=4, alt=f"Eight pictures of the base for the caption: {prompt}.")

# %% [markdown]
# The same noise and the same frozen weights, but with *two boxes*:

# %%
pictures.samples(by_boxes, [layout] * 8, alt="The same eight with boxes: a frog left, a house right.")

# %% [markdown]
# Let a *judge* count: a detector, trained on real scenes, that has never seen a generated picture.

# %%
from course_lib.gligen.detector import detect
from course_lib.gligen.evaluate.detections import left_of
from course_lib.gligen.train.detector import load_detector

detector, shares = load_detector(), {}
for name, drawn in (("caption alone", by_caption), ("caption and boxes", by_boxes)):
    shares[name] = float(np.mean([left_of(found, "frog", "house") for found in detect(detector, drawn)]))
pictures.share_bars(shares, 8, "Share of eight pictures with a frog left of a house")

# %% [markdown]
# Large models, too, draw a beautiful frog and house wherever they like. **GLIGEN** (Li et al., 2023, [arXiv 2301.07093](https://arxiv.org/abs/2301.07093)) *freezes* such a model and
# gives each block one more layer, which reads boxes. You will write the orange parts:

# %%
pictures.block_diagram()

# %% [markdown]
# A *place* is one cell of the small grid on which the picture is drawn. Below each attention is the size of its table: who looks × who is looked at.
#
# ## How diffusion works
#
# Take a picture $x$ and mix it with noise $\epsilon$. At level $t$ of 1,000, a share $\bar\alpha_t$ of the picture's variance is left:
#
# $$z_t = \sqrt{\bar\alpha_t}\; x + \sqrt{1 - \bar\alpha_t}\; \epsilon, \qquad \epsilon \sim \mathcal N(0, 1)$$
#
# Why the two roots? Shares of variance add up to 1, so $z_t$ is as loud as $x$ at every level.

# %%
from course_lib.gligen.data.batches import render_images
from course_lib.gligen.data.scenes import draw_scene
from course_lib.gligen.diffusion import add_noise, alphas_cumprod, velocity

scene = to_tensor(render_images([draw_scene(3, "val", (2, 2))]))
noise = torch.randn(scene.shape, generator=torch.Generator().manual_seed(session.seed))
mixed = {t: add_noise(4 * scene - 2, noise, torch.tensor([t])) for t in range(0, 1000, 199)}  # 0–1 → about spread 1
pictures.noise_levels(mixed)

# %% [markdown]
# A network learns the way back (Ho et al., 2020, DDPM, [arXiv 2006.11239](https://arxiv.org/abs/2006.11239)): it sees $z_t$ and $t$ and says what was mixed. It may name the noise or the
# picture; one follows from the other. But at the noisy end the noise can be read off the input, at the clean end the picture, and nothing is learned. The **velocity** is hard at both
# ends (Salimans and Ho, 2022, [arXiv 2202.00512](https://arxiv.org/abs/2202.00512)):
#
# $$v = \sqrt{\bar\alpha_t}\; \epsilon - \sqrt{1 - \bar\alpha_t}\; x$$
#
# Here is a toy whose pictures have one pixel with two channels: points in a plane, in three shapes. The shape is their "caption", and one in ten is left out. This is the whole training.
# (The base counts nearly clean levels less, and draws with averaged weights.)

# %%
from course_lib.gligen.data import toy

generator = torch.Generator().manual_seed(session.seed)
torch.manual_seed(session.seed)
net, steps = toy.PointNet(), few(1500, 50)
optimizer = torch.optim.Adam(net.parameters(), 2e-3)
for _ in range(steps):
    clean, shape = toy.draw_points(256, generator)
    shape[torch.rand(256) < 0.1] = toy.NULL_SHAPE
    noise, t = torch.randn_like(clean), torch.randint(1000, (256,))
    loss = (net(add_noise(clean, noise, t), t, shape) - velocity(clean, noise, t)).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"loss {loss.item():.2f}")

# %% [markdown]
# ## Build it: one step back
#
# A trained network gives $v$. From $z_t$ and $v$ follow $x$ and $\epsilon$, as the network believes them to be. *DDIM* (Song et al., 2021,
# [arXiv 2010.02502](https://arxiv.org/abs/2010.02502)) mixes the two again, with less noise, and asks again.
#
# <!-- exercise: gligen.ddim_step -->
#
# Here `alpha_bar` is $\bar\alpha$, and `alpha_bar_next` that of the level to go to.


# %% tags=["check"]
@exercise("gligen.ddim_step")
def ddim_step(noisy, v, alpha_bar, alpha_bar_next):
    """noisy and v [B, C, H, W], alpha_bar and alpha_bar_next scalars → [B, C, H, W], less noisy"""
    ### BEGIN SOLUTION
    clean = alpha_bar.sqrt() * noisy - (1 - alpha_bar).sqrt() * v
    noise = alpha_bar.sqrt() * v + (1 - alpha_bar).sqrt() * noisy
    return alpha_bar_next.sqrt() * clean + (1 - alpha_bar_next).sqrt() * noise
    ### END SOLUTION


# %% [markdown]
# Now the loop. We needn't visit a thousand levels one by one.
#
# **Predict:** we ask the network *once*, and take its clean picture at its word. What do we get?


# %%
@torch.no_grad()
def walk(predict, steps, count=400):
    """From noise to points, in so many steps; predict(points, level) → velocity."""
    x = torch.randn(count, 2, 1, 1, generator=torch.Generator().manual_seed(1))
    levels = list(range(999, -1, -(1000 // steps)))
    alpha_bar = torch.cat([alphas_cumprod()[levels], torch.ones(1)])  # the last step leaves no noise
    for i, level in enumerate(levels):
        x = ddim_step(x, predict(x, torch.full((count,), level)), alpha_bar[i], alpha_bar[i + 1])
    return x.flatten(1).numpy()


ring = torch.zeros(400, dtype=torch.long)
walks = {f"{n} step{'s' * (n > 1)}": walk(lambda x, t: net(x, t, ring), n) for n in (1, 2, 5, 20, 100)}
show.clouds(walks, alt="A ring in 1, 2, 5, 20 and 100 steps: from a heap in the middle to a ring.")

# %% [markdown]
# One step gives *the mean* of all rings: trained on squared error, a network can't do better on pure noise. In pictures: a grey blur.
#
# ## Build it: guidance
#
# The network heeds its caption, but not much. **Classifier-free guidance** (Ho and Salimans, 2022,
# [arXiv 2207.12598](https://arxiv.org/abs/2207.12598)) asks it twice, with the caption (*conditional*) and without (*unconditional*), and
# goes further in the direction of the difference:
#
# $$v = v_\varnothing + s\,(v_{c,g} - v_\varnothing)$$
#
# Hence one caption in ten was left out. $c$ is the caption, $g$ the *grounding*: the boxes, later.
#
# <!-- exercise: gligen.guided_velocity -->
#
# `predict(text, grounding)` asks the network. `null_text` and `null_grounding` are an empty caption and no boxes. Pass the groundings on unchanged.


# %% tags=["check"]
@exercise("gligen.guided_velocity")
def guided_velocity(predict, text, grounding, null_text, null_grounding, guidance_scale):
    """predict(text states, grounding) → velocity; guidance_scale, a number → velocity"""
    ### BEGIN SOLUTION
    conditional = predict(text, grounding)
    unconditional = predict(null_text, null_grounding)
    return unconditional + guidance_scale * (conditional - unconditional)
    ### END SOLUTION


# %% [markdown]
# **Predict:** a cross at guidance 0, 1, 2 and 6. What is gained, and what is lost?

# %%
cross, null_shape = torch.ones(400, dtype=torch.long), torch.full((400,), toy.NULL_SHAPE)


def guided(x, t, s):
    return guided_velocity(lambda shape, _: net(x, t, shape), cross, None, null_shape, None, s)


strengths = {f"guidance {s}": walk(partial(guided, s=s), 20) for s in (0, 1, 2, 6)}
show.clouds(
    strengths, alt="A cross at guidance 0, all shapes; 1, a ragged cross; 2, a sharp one; 6, distorted, with gaps."
)

# %% [markdown]
# At 0 nobody asked; at 1 nothing is added; above that the cross gets cleaner and *poorer*, and in the end distorted. We use 3, Stable Diffusion 7.5.
#
# ## The base
#
# A picture of 64 × 64 pixels has 12,288 numbers: slow. *Latent diffusion* (Rombach et al., 2022, [arXiv 2112.10752](https://arxiv.org/abs/2112.10752)) draws in a smaller space: an
# encoder turns the picture into *latents*, and a decoder turns them back. Stable Diffusion has a deep one. Ours is fitted in a second: of the 48 numbers in a patch of 4 × 4 pixels, PCA
# keeps the 12 directions that vary most. How much is lost?

# %%
pictures.latent_widths(scene, to_tensor(render_images([draw_scene(i, "train") for i in range(200)])))

# %% [markdown]
# The network is a small version of diffusers' `UNet2DConditionModel`. It reads the noisy latents, the level $t$, and through *cross-attention* the caption's tokens, from Lesson 02's
# frozen text tower. What else?

# %% tags=["check"]
from dataclasses import fields, replace

from course_lib.gligen.data.batches import DenoisingBatch, make_batch

print("a training step gets:", ", ".join(field.name for field in fields(DenoisingBatch)))
print("channels read:", base.unet.config.in_channels, "of which latents:", base.config.latent_channels)

# %% [markdown]
# **No box, no mask, no place.** A test checks this.
#
# The other twelve channels are a *position encoding*: sines and cosines of where each cell is. A convolution can only guess its position from the picture's rim. Real diffusion UNets have
# no such encoding; they are deep, and find out.
#
# ### Train it, for a minute

# %%
recipe = BaseRecipe(few(60), few(BaseRecipe.batch_size, 4))
student = new_base(seed=session.seed)
with torch.no_grad():
    untrained = float(base_loss(student, make_batch(0, recipe, student.model.space)))
curve = show.LossCurve(chance=untrained, chance_name="untrained")
run = train_base(student, recipe, callbacks=[curve], state_file=session.paths().runs / "base.safetensors")
curve.draw(run)

# %% [markdown]
# **Predict:** the loss has fallen by a third. Does the model draw the place, the colours, the shapes, or nothing yet? Below: the *baked* base, after 2,700 steps instead of 60.

# %%
captions = ["a panda in the snow", "a banana on the beach", "a bus in a meadow", "a rocket on a plain background"]
young = student.average.eval()
show.pictures(
    to_images(torch.cat([draw(young, captions), draw(base, captions)])),
    titles=captions * 2,
    columns=4,
    alt="Four captions drawn by the base after a minute, mostly noise; below by the baked one.",
)

# %% [markdown]
# Sixty steps are too few. Does the caption matter? The total loss hardly shows it: most of it is backdrop. So take the error **inside the things** of held-out scenes, with the same
# noise, under the true caption, none, and a wrong one.

# %%
pictures.errors_by_caption({"a minute": young, "baked": base}, few(32, 4))

# %% [markdown]
# You can't ground a base that doesn't heed its caption: it has no "frog" to place.
#
# ## Build it: a box as waves
#
# To a linear layer, 0.30 and 0.33 are nearly the same. So we turn each coordinate of a box into waves, slow ones that tell left from right and fast ones that tell one pixel from the
# next: *Fourier features*.
#
# <!-- exercise: gligen.fourier_features -->
#
# Eight frequencies $f_k = 100^{k/8}$, $k = 0 \ldots 7$; for each, first the four sines $\sin(f_k c)$ of the coordinates $c$, then the four cosines.


# %% tags=["check"]
@exercise("gligen.fourier_features")
def fourier_features(boxes):
    """boxes [B, N, 4], x0 y0 x1 y1 as shares of the side → [B, N, 64]"""
    ### BEGIN SOLUTION
    frequencies = 100 ** (torch.arange(8) / 8)
    angles = boxes.unsqueeze(-2) * frequencies[:, None]  # [B, N, 8, 4]
    return torch.stack([angles.sin(), angles.cos()], dim=-2).flatten(-3)
    ### END SOLUTION


# %% tags=["check"]
box = torch.tensor([[[0.2, 0.3, 0.5, 0.6]]])
for moved in (1, 4, 16):
    other = box + torch.tensor([moved, 0, moved, 0]) / 64
    waves = (fourier_features(other) - fourier_features(box)).norm()
    print(f"moved by {moved:2} pixels: numbers differ by {(other - box).norm():.2f}, waves by {waves:.1f}")

# %% [markdown]
# ## Build it: grounding tokens
#
# A box with its phrase becomes one *grounding token*: phrase embedding ⊕ waves, through a small network. The text tower reads the phrase (its state at the end, as in GLIGEN).
#
# There is room for four boxes. Elsewhere one would *mask* empty places out of attention. GLIGEN puts a **learned null** there: "nothing is
# asked here" is a message, too.
#
# <!-- exercise: gligen.token_inputs -->
#
# `masks` is 1 where there is a box. Phrase and waves each have their own null.


# %% tags=["check"]
@exercise("gligen.token_inputs")
def token_inputs(phrases, boxes, masks, null_phrase, null_box):
    """phrases [B, N, D], boxes [B, N, 4], masks [B, N] of 0 and 1, null_phrase [D], null_box [64] → [B, N, D + 64]"""
    ### BEGIN SOLUTION
    m = masks.unsqueeze(-1)  # [B, N, 1]
    phrase = m * phrases + (1 - m) * null_phrase
    waves = m * fourier_features(boxes) + (1 - m) * null_box
    return torch.cat([phrase, waves], dim=-1)
    ### END SOLUTION


# %% [markdown]
# ## Build it: the gate
#
# How does a frozen block learn to read a new kind of token? It gets one more layer, between self-attention and cross-attention (see the
# diagram above). There the picture's places $v$ attend to themselves *and to the grounding tokens* $g$, and what they see is added, through a
# gate:
#
# $$v + \beta \tanh(\alpha)\, \mathrm{SA}(\mathrm{LN}([v; g]))_{1 \ldots V}$$
#
# $\alpha$ is learned and starts at **0**: the gate is shut, and the new model *is* the old one. $\beta$ is a knob for later. A feed-forward with its own gate ends the layer.
#
# <!-- exercise: gligen.gated_self_attention -->
#
# Tokens are only read, never written: keep the first $V$ places.


# %% tags=["check"]
@exercise("gligen.gated_self_attention")
def gated_self_attention(visual, tokens, attention, norm, alpha, beta=1.0):
    """visual [B, V, W], tokens [B, N, W]; attention and norm [B, V + N, W] → the same; alpha a scalar → [B, V, W]"""
    ### BEGIN SOLUTION
    attended = attention(norm(torch.cat([visual, tokens], dim=1)))[:, : visual.shape[1]]
    return visual + beta * alpha.tanh() * attended
    ### END SOLUTION


# %% [markdown]
# The course's model now calls the functions of yours that passed. They must agree with diffusers' published layers to 1e-6.

# %% tags=["check"]
from course_lib.gligen.evaluate.published import differences

print({name: difference < 1e-6 for name, difference in differences(session.seed).items()})

# %% [markdown]
# ### At birth it is the base
#
# To the last bit, whatever boxes you give it:

# %% tags=["check"]
from course_lib.gligen.model import add_gates, base_hash

student = add_gates(base, seed=session.seed)


def same_picture():
    return torch.equal(sample(student, [prompt], [layout], steps=4), sample(base, [prompt], steps=4))


print("the same picture:", same_picture())
learned = sum(p.numel() for p in student.parameters() if p.requires_grad)
print(f"learns: {learned / 1e6:.1f} million; frozen: {sum(p.numel() for p in base.parameters()) / 1e6:.1f} million")
print("the same base in it:", base_hash(student) == base_hash(base))

# %% [markdown]
# How does a shut gate ever open? **Predict:** the gradients of $\alpha$, and of the weights behind the gate, with the gate shut, ajar, and
# half open.

# %%
from course_lib.gligen.data.batches import make_grounded_batch

batch = make_grounded_batch(0, gates.LIVE, base.space)
for opened in (0.0, 0.001, 0.5):
    at_alpha, behind = gates.gradient_sizes(add_gates(base, seed=session.seed), batch, opened)
    print(f"α = {opened}: mean gradient of α {at_alpha:.0e}, of the weights behind it {behind:.0e}")

# %% [markdown]
# At first only $\alpha$ learns. Behind a barely open gate, gradients are tiny: people see gates stay near 0, and boxes ignored
# ([GLIGEN#103](https://github.com/gligen/GLIGEN/issues/103)). So here $\alpha$ learns ten times as fast as the rest, and Adam's $\epsilon$ is $10^{-10}$, below these gradients.

# %% [markdown]
# ### An attention warm-up
#
# A token means "a frog, from x = 0.1 to 0.4". Which cells are meant? A cell must know its own place, and a head must compare the two. The published gates had 500,000 steps for that.
# We give ours two kinds of help that GLIGEN lacks: the layer adds the position encoding to each cell, and half of its heads first learn to attend from a cell to the token whose box
# contains it.
#
# **Predict:** one head, in pure noise. How strongly do cells attend to the two tokens, before and after? (White: entirely.)

# %%
from course_lib.gligen.train.attention_warmup import attention_warmup, token_maps

before = token_maps(student, layout)  # [2, 8, 8]
warmup = attention_warmup(student, steps=few(200), held_out=gates.HELD_OUT)
print(f"attention NLL: {warmup.losses[0]:.2f} → {warmup.losses[-1]:.2f} nats")
pictures.attention_maps(before, token_maps(student, layout), layout)

# %% [markdown]
# What is it worth? In nearly pure noise (level 900), after 434 steps, the error inside the things is 1.16<!-- figure: gligen.warmup_loss_with.true_boxes --> with true boxes and 1.78<!-- figure: gligen.warmup_loss_with.shuffled_boxes --> with another scene's.
# Without the warm-up it is 1.30<!-- figure: gligen.warmup_loss_without.true_boxes --> and 1.30<!-- figure: gligen.warmup_loss_without.shuffled_boxes -->, and 1.50<!-- figure: gligen.warmup_loss_without.none_boxes --> with no boxes (one run each): gates
# read phrases then, but not *places* yet. It drew nothing:

# %% tags=["check"]
print("still the same picture:", same_picture())

# %% [markdown]
# ## Train the gates, here and now
#
# The loss is the base's own. Four things are new:
#
# - noisy levels come more often: they decide where things lie;
# - boxes and phrases come in any order, and only **nine of the twelve phrases**, never "a penguin", "a strawberry" or "a rocket";
# - one *batch* in ten has no boxes at all: this trains the nulls, guidance's "without";
# - **half of the captions blanked.** A caption says *what* is there, and leaves boxes half the work. Without it, they do it all.
#
# For three minutes we record $\tanh\alpha$, and the error inside held-out things with their true boxes, *another scene's*, and none. **Predict:** which of the three parts from the
# others, and which way?

# %%
from course_lib.gligen.evaluate.paired import PairedLog
from course_lib.gligen.train.gates import GateLog

gate_log = GateLog(student, every=few(10, 1))
paired_log = PairedLog(student, count=few(24, 4))
live = gates.LIVE
live = replace(live, seconds=session.budget(live.seconds), batch_size=few(live.batch_size, 4))
curve = show.LossCurve(chance=gates.mean_loss(student, live), chance_name="gates shut")
run = gates.train_gates(
    student, live, callbacks=[gate_log, paired_log, curve], state_file=session.paths().runs / "gates.safetensors"
)
paired_log.note(run.step)
curve.draw(run)
pictures.training_curves(gate_log, paired_log)

# %% [markdown]
# Are boxes ignored? See whether the gates have opened; then the *paired* loss tells whether boxes are read.
#
# And the base?

# %% tags=["check"]
print("the base in it, after training:", "unchanged" if base_hash(student) == base_hash(base) else "CHANGED")

# %%
shown = {"no training": by_caption[:4], "live": draw(student, [prompt] * 4, [layout] * 4), "baked": by_boxes[:4]}
alt = "The same noise and boxes: without training, after the live run, and with the baked gates."
pictures.rows(shown, dict.fromkeys(shown, layout), alt=alt)

# %% [markdown]
# ## Open set?
#
# The paper's title promises an *open set*: what gates learn with some phrases should hold for everything the frozen base can draw. Yours read nine phrases; the other three
# are new to them, but not to the base or the text tower.
#
# **Predict:** what decides *which thing* a box holds, the caption or the phrase? So how do unread phrases fare with a caption (first row) and without (second)?

# %%
from course_lib.figures import show as show_figures
from course_lib.gligen.evaluate import open_set

pictures.open_set_samples(partial(draw, student), gates.HELD_OUT)
show_figures(open_set.open_set_figures(student, base, detector, ((1, few(8)),)))

# %% [markdown]
# With a caption, cross-attention draws the thing; the box only says where. Without, the phrase must pass the gate alone.
#
# In one run (434 steps; harder pictures), AP50 with a caption was 87.5 %<!-- figure: gligen.ap50.read_phrases --> for read phrases and 44.7 %<!-- figure: gligen.ap50.unread_phrases --> for
# unread ones: the learned *place* carries over, in part. Without one, 89.9 %<!-- figure: gligen.ap50.read_phrases_no_caption --> and 27.3 %<!-- figure: gligen.ap50.unread_phrases_no_caption -->; in only
# 2.1 %<!-- figure: gligen.phrase_top1.unread_phrases_no_caption --> of these boxes was the thing asked for the surest: the *phrase* doesn't carry over. Is nine too few? We taught the base 24 things more (`tools/larger_vocabulary.py`). It draws worse; on the
# same three, with a caption, gates that read 9, 21 or 33 phrases have 27.2 %<!-- figure: gligen.ap50.unread_phrases_9_of_33 -->, 38.2 %<!-- figure: gligen.ap50.unread_phrases_21_of_33 --> and 41.3 %<!-- figure: gligen.ap50.unread_phrases_33_of_33 --> (one run each): more phrases may help, but read ones rose, too. Without a caption: no trend.
#
# From here on: the baked gates, trained on all twelve.

# %% [markdown]
# ## Build it: scheduled sampling
#
# Early, noisy steps lay out the picture; late ones polish it, and polish needs no boxes. So $\beta$ is 1 in the first steps and 0 in the last: GLIGEN's scheduled sampling. Its code can
# also let $\beta$ fall evenly in between.
#
# <!-- exercise: gligen.grounding_strengths -->
#
# `int(grounded_fraction * steps)` steps at 1; then `int(decay_fraction * steps)` steps evenly down, the first already below 1 and the last at 0; the rest at 0.


# %% tags=["check"]
@exercise("gligen.grounding_strengths")
def grounding_strengths(steps, grounded_fraction, decay_fraction=0.0):
    """→ β of each step, the first (noisiest) first: a list of `steps` numbers"""
    ### BEGIN SOLUTION
    full, falling = int(grounded_fraction * steps), int(decay_fraction * steps)
    slope = [1 - (i + 1) / falling for i in range(falling)]
    return [1.0] * full + slope + [0.0] * (steps - full - falling)
    ### END SOLUTION


# %%
spans = (0.0, 0.1, 0.3, 0.6, 1.0)
pictures.samples(
    torch.cat([draw(gligen, [prompt], [layout], seed=5, grounded_fraction=span) for span in spans]),
    [layout] * 5,
    titles=[f"boxes in {100 * span:.0f} % of the steps" for span in spans],
    columns=5,
    alt="The same noise with boxes for none, a tenth, a third, most and all of the steps.",
)

# %% [markdown]
# When is the place decided? The paper's Figure 7 uses a share $\tau$ of 0.2; the authors' code takes 0.3 with text and boxes.
#
# ## Break it
#
# Mistakes that raise no error. **Predict** for each: are boxes still obeyed?

# %%
from course_lib.exercise import stand_in
from course_lib.gligen.data import testsets
from course_lib.gligen.evaluate import boxes as box_scores

tried = testsets.make_test_set(((2, few(12)),), stream="val")


def share_matched(task_id, fault):
    with stand_in(task_id, fault):
        drawn = box_scores.generate(gligen, tried, steps=few(10, 4))
    return float(np.mean([box.matched for box in box_scores.score_images(detector, drawn, tried).boxes]))


def as_xywh(phrases, boxes, *rest):
    corner, size = boxes[..., :2], boxes[..., 2:] - boxes[..., :2]
    return token_inputs(phrases, torch.cat([corner, size], dim=-1), *rest)


def boxes_left_on(predict, text, grounding, null_text, null_grounding, guidance_scale):
    return guided_velocity(predict, text, grounding, null_text, grounding, guidance_scale)


faults = {
    "as it should be": ("gligen.token_inputs", token_inputs),
    "boxes in pixels": ("gligen.token_inputs", lambda phrases, boxes, *rest: token_inputs(phrases, 64 * boxes, *rest)),
    "x, y, width, height": ("gligen.token_inputs", as_xywh),
    "boxes in the unconditional": ("gligen.guided_velocity", boxes_left_on),
}
results = {name: share_matched(*fault) for name, fault in faults.items()}
pictures.share_bars(results, sum(map(len, tried.layouts)), "Share of boxes obeyed, with one mistake at a time")

# %% [markdown]
# Pixels are an old mistake ([GLIGEN#35](https://github.com/gligen/GLIGEN/issues/35)): the waves of 19 and of 0.3 have nothing in common. (`GroundedPhrase` refuses them.) In guidance,
# boxes that appear in both predictions cancel out: only the caption is strengthened, and boxes are heard at strength one instead of three.
#
# What if the base isn't frozen? More weights learn boxes faster. **Predict:** what does it cost?

# %%
careless = add_gates(base, seed=session.seed).requires_grad_(True)
short = replace(live, seconds=session.budget(25))
gates.train_gates(careless, short)
print("the base in it:", "unchanged" if base_hash(careless) == base_hash(base) else "CHANGED")
shown = {"base": by_caption[:4], "gates, no boxes": draw(student, [prompt] * 4)}
shown["base not frozen, no boxes"] = draw(careless, [prompt] * 4)
pictures.rows(shown, {}, alt="By caption alone: the base, the same with gates, and one whose base was trained, too.")

# %% [markdown]
# Without boxes, the frozen one draws the base's pictures to the last bit. The other became a different model in 25 seconds.
#
# ## Draw boxes and generate
#
# Drag a box (or: arrow keys move a cursor, Enter sets a corner), type a phrase into it, write a caption and press *generate*.

# %%
from course_lib.canvas import Mark
from course_lib.gligen.ui.board import DrawBoxes
from course_lib.gligen.ui.pipeline import PocketPipeline

pipeline = PocketPipeline(gligen, steps=few(20, 4))


def at(x0, y0, x1, y1, **what):
    return Mark("box", ((x0, y0), (x1, y1)), **what)


board = DrawBoxes(pipeline, caption="a lion and a rocket in the snow")
board.draw([at(0.08, 0.5, 0.48, 0.9, text="a lion"), at(0.56, 0.06, 0.94, 0.46, text="a rocket")])
board.generate()
board

# %% [markdown]
# Swap boxes, overlap them. Let box and caption contradict each other: which wins? Try "a giraffe", which it never learned, or four boxes.
#
# ### Change a picture
#
# At every step, all cells *outside* the boxes are reset to the old picture with this level's noise. Inside, the network has its way. An *exclude* box removes, one with a phrase adds:

# %%
board = DrawBoxes(pipeline, caption="a penguin in the snow", scene=board.pictures[0])
board.draw([at(0.06, 0.46, 0.5, 0.94, positive=False), at(0.1, 0.5, 0.46, 0.9, text="a penguin")])
board.generate()
board

# %% [markdown]
# ### Show, don't tell
#
# Nothing says that a token's embedding must come from words. GLIGEN's image grounding takes CLIP's *picture* embedding, mapped back into the space of phrases. Mark something in the
# reference picture; leave the box's phrase empty:

# %%
other, mark = pictures.reference("frog")
board = DrawBoxes(pipeline, caption="on the beach", reference=other)
board.draw([mark, at(0.3, 0.4, 0.72, 0.8)])
board.generate()
board

# %% [markdown]
# Nothing was copied: the embedding says "frog", and the base draws its own. The map between the two spaces was fitted on twelve things, and says little more than which one it is.
#
# Phrases and pictures are just two *groundings* of many. The paper also trains gates for keypoints (each becomes a token), and for depth maps, edges, normal and semantic maps (the map
# becomes tokens, and the first convolution reads it as well). Its *inpainting* model is given the old picture and the mask; ours, above, is merely overruled.

# %% [markdown]
# ## Prove it
#
# Layouts from the stream "test", captions in wordings that training never read. The ceiling: the judge's score on **real** scenes with these boxes. Three floors: the base with the
# caption alone; boxes of *another* layout; wrong phrases in the right boxes. First, sixteen samples, unpicked.

# %%
from course_lib.gligen.evaluate import frozen

tests = testsets.make_test_set(((1, few(8)), (2, few(8))))
conditions, scores = box_scores.compare_conditions(gligen, base, detector, tests)
alt = "Samples for layouts of the test stream, one after the other, with the boxes that were asked for."
pictures.samples(conditions["grounded"], tests.layouts, alt=alt)

table = box_scores.condition_figures(scores, len(tests.scenes))
show_figures([figure for figure in table if figure.id.startswith(("gligen.ap50", "gligen.phrase"))])

# %% [markdown]
# *AP50*: do the judge's finds, the surest first, lie on their boxes with an IoU of 50 %? *phrase_top1*: is the surest find in a box the thing asked for? These are few pictures,
# none with more than two boxes. [docs/FIGURES.md](../docs/FIGURES.md) has more, and up to four boxes: with four, AP50 is 63 %<!-- figure: gligen.ap50.boxes_4 -->.
#
# Is the judge too kind? Cover the labels and name the 24 things yourself. One person named 20; the judge names all 24. It chooses among twelve, and was trained on blurs, too. A high AP50 says that things lie where they should, not that they look good.
#
# **Predict:** a thing in a place where training *never* showed it, and boxes that overlap. Which is harder?

# %%
show_figures(box_scores.hard_layout_figures(gligen, base, detector, few(8)))

# %% [markdown]
# An unseen pair can work: place and thing come from different halves of the token.
#
# What does obedience cost? *Fidelity* is a distance between two *sets* of pictures, drawn and real, in CLIP's features. Our kernel distance
# needs fewer pictures than FID, but more than these 16. So here is what `python -m course_lib evaluate gligen` recorded with 64, and with
# boxes in none, some or all of the steps. **Predict:** what do boxes cost? And in how many steps are they needed?

# %%
from course_lib.figures import recorded

show_figures(recorded("gligen.distance.", "gligen.fidelity_ratio"))
pictures.obedience_curve(recorded(*(f"gligen.ap50.on_{share}" for share in (0, 0.25, 0.5, 1))))

# %% [markdown]
# The distance is 8.5<!-- figure: gligen.distance.grounded --> with boxes and 8.7<!-- figure: gligen.distance.base --> for the base: boxes cost nothing measurable. But real pictures lie
# at 0.7<!-- figure: gligen.distance.real -->. *Both* are far from real; the ratio alone would hide that.
#
# You'd expect more steps with boxes to bring more obedience and worse pictures. But a quarter already gives all the obedience, and the distances,
# 7.4<!-- figure: gligen.distance.on_0.25 --> to 8.7<!-- figure: gligen.distance.on_0 -->, can't be told apart.
#
# What must *not* have changed:

# %%
small = testsets.make_test_set(((1, 2), (2, 6)))
checks = [check(gligen, base, small) for check in (frozen.base_at_zero, frozen.null_grounding_effect)]
show_figures([frozen.base_unchanged(base), *checks])

# %% [markdown]
# `base_at_zero`: with boxes given and $\alpha$ set back to 0, bit for bit. `null_apart`: how far four nulls move a picture, little beside other noise.
#
# ## The real thing
#
# The published GLIGEN is built into Stable Diffusion 1.4. In the full tier, diffusers' `StableDiffusionGLIGENPipeline` runs behind the *same board*. It gets the talk's hen and egg; above
# them, plain Stable Diffusion draws from the same noise. (Try the talk's title slide, too: a llama with glasses.)

# %%
from course_lib.gligen import full

published = full.load() if session.tier == "full" else None
if published:
    full.show_hen(published)
else:
    print("The published GLIGEN draws in the full tier (COURSE_TIER=full, on a T4).")

# %% [markdown]
# | | GLIGEN | here |
# |---|---|---|
# | base | Stable Diffusion 1.4: 860 million parameters, deep latents, predicts noise | 4 million, PCA of patches, velocity |
# | phrases | CLIP ViT-L/14, up to 30 boxes | PocketCLIP, up to 4 |
# | groundings | boxes, keypoints, depth, edges, normal and semantic maps, reference pictures | boxes, reference pictures |
# | gates | trained for 500,000 steps at 5e-5 | 1,600 after an attention warm-up, at a higher rate |
# | scheduled sampling | paper (Eq. 10) and diffusers: a **hard switch** after a share $\tau$ of the steps; the authors' code can also decay | your function can do both, our pictures use the switch |
#
# diffusers' `gligen_scheduled_sampling_beta` is our `grounded_fraction`, the paper's $\tau$, not its $\beta$.
#
# Read on: your layer, in `ldm/modules/attention.py` of [gligen/GLIGEN](https://github.com/gligen/GLIGEN); and ControlNet (Zhang et al., 2023,
# [arXiv 2302.05543](https://arxiv.org/abs/2302.05543)), which also freezes the base, and starts with convolutions of zeros.

# %% [markdown]
# ## Recap
#
# - Diffusion mixes picture and noise by shares of variance, and learns to say what was mixed. A DDIM step finds both, and mixes them again with less noise.
# - Guidance goes further along the difference between two answers. What is on in both cancels out.
# - GLIGEN freezes a finished generator and adds one gated layer per block. The gate starts shut: at birth nothing has changed, to the last bit.
# - A box becomes waves, a token is phrase ⊕ box, and "nothing here" is learned, not masked.
# - To test "open set", ask for phrases that the gates never read.
# - True and shuffled boxes under the same noise show whether boxes are *read*; a detector trained elsewhere shows whether they are *obeyed*.
#
# <!-- words -->

# %% [markdown]
# ## Quiz
#
# <!-- quiz -->
#
# 1. Your gates train for an hour, the total loss falls a little, and boxes do nothing. What do you check first?
#    - [ ] A longer run's total loss. :: It moves little even when boxes are obeyed.
#    - [x] tanh(α), and the error inside things with true and shuffled boxes. :: Gates near 0 need more steps or a higher rate. Open gates and no difference: the tokens say nothing.
#    - [ ] More guidance. :: It amplifies a difference. There is none.
# 2. α starts at 0, so the layer adds nothing. Why doesn't it get stuck there?
#    - [ ] Noise in the gradients kicks it out. :: No luck is needed.
#    - [ ] Its weights learn first, then α. :: The other way round: while α is 0, their gradients are 0.
#    - [x] α's own gradient isn't 0. :: It is a product with the attention's output, which is random. LoRA with two zero matrices would be stuck.
# 3. "AP50 of 60 % on the boxes asked for." What do you ask next?
#    - [ ] How many steps it was trained for. :: That tells you its cost, not its worth.
#    - [x] What the detector scores on real pictures, and without boxes. :: The ceiling and the floor.
#    - [ ] Its AP75. :: As hard to read without ceiling and floor.
