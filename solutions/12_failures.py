# ---
# title: "Where models still fail, and a repair"
# objectives:
#   - score Winoground, and explain why a model that names every scoop right can still score below chance
#   - repair CLIP with hard negatives in two minutes, and measure what that costs
#   - make a model hallucinate by tuning it on true text about what it can't see
#   - measure hallucination with CHAIR and coverage, and with POPE and the negatives it was meant for
#   - try to repair the assistant with its own mistakes (DPO, mDPO), and know four ways to fool yourself about it
# prerequisites:
#   - "[Lesson 02](02_clip.ipynb): the contrastive loss, zero-shot classification"
#   - "[Lesson 04](04_assistant.ipynb): DPO; [Lesson 07](07_llava_tuned.ipynb): LoRA, POPE"
# minutes: 90
# ---

# %% tags=["setup"]
from course_lib.exercise import exercise, hint, points, progress
from course_lib.session import begin

session = begin(lesson="12_failures")

# %% [markdown]
# ## See it: two scoops
#
# *Is visual understanding solved? Not quite*, says a slide of the talk, showing two ice-cream cones. In one the pink scoop is on top, in the other it is below. Both captions contain
# the same words. A model that knows only *which* words fit a picture, a bag of words, can't tell them apart. Which caption belongs to which cone? You have to look at the pictures.
#
# Here are three kinds of such pairs in our world: places, colours, and scoops. **Predict:** which of your models can tell them apart? CLIP from Lesson 02? The assistant from Lesson 07?

# %%
import copy
from collections import Counter
from dataclasses import replace

import numpy as np
import torch
from torch.nn import functional as F

from course_lib import figures, show
from course_lib.failures.data.swaps import SWAPS, make_swap
from course_lib.failures.evaluate import composition
from course_lib.world.render import render

pairs = {kind: make_swap(kind, 3) for kind in SWAPS}
shown = [
    (render(scene).image, text)
    for pair in pairs.values()
    for scene, text in ((pair.scene, pair.caption), (pair.other, pair.other_caption))
]
show.pictures(
    [image for image, _ in shown],
    titles=[text for _, text in shown],
    alt="Three pairs of pictures, each with its caption: " + "; ".join(text for _, text in shown) + ".",
)

# %% [markdown]
# Each pair has four scores: each picture with each caption. CLIP gives a cosine; the assistant, asked whether the picture shows the caption, says how much likelier *yes* is than *no*.
#
# Winoground (Thrush et al., 2022, [arXiv 2204.03162](https://arxiv.org/abs/2204.03162)) turns them into three scores:
#
# - **text**: for each *picture*, its own caption wins (both must);
# - **image**: for each *caption*, its own picture wins (both must);
# - **group**: both.

# %% [markdown]
# Random guessing gets 25, 25 and 16.7 %. You can score *lower*: prefer the same caption whatever the picture. So we print a fourth score, the **pairing**: do both matches
# together beat both mismatches? A fixed preference cancels out there; guessing gets 50 %.
#
# <!-- exercise: failures.winoground -->
#
# A tie is not a win.


# %% tags=["check"]
@exercise("failures.winoground")
def winoground_scores(scores):
    """scores [N, 2, 2]: picture i (rows) with caption j (columns) → {"text", "image", "group", "pairing"}: bool [N] each"""
    ### BEGIN SOLUTION
    text = (scores[:, 0, 0] > scores[:, 0, 1]) & (scores[:, 1, 1] > scores[:, 1, 0])
    image = (scores[:, 0, 0] > scores[:, 1, 0]) & (scores[:, 1, 1] > scores[:, 0, 1])
    pairing = scores[:, 0, 0] + scores[:, 1, 1] > scores[:, 0, 1] + scores[:, 1, 0]
    return {"text": text, "image": image, "group": text & image, "pairing": pairing}
    ### END SOLUTION


# %%
from course_lib.clip.pretrained import load_clip
from course_lib.llava.train import saved

clip, assistant = load_clip(), saved.load("2")
swaps = {kind: composition.swaps_of(kind, 60) for kind in SWAPS}
rows = {}
for kind, some in swaps.items():
    rows[f"CLIP: {kind}"] = float(winoground_scores(composition.clip_scores(clip, some))["group"].mean())
    rows[f"assistant: {kind}"] = float(
        winoground_scores(composition.llava_scores(assistant, some, "yes"))["group"].mean()
    )
show.bars(
    rows,
    chance=1 / 6,
    alt="Group scores: " + ", ".join(f"{name} {100 * value:.0f} percent" for name, value in rows.items()) + ".",
)

# %% [markdown]
# CLIP is *below* chance: 1.5 %<!-- figure: failures.winoground.clip.group --> over 600 pairs. It sees both scoops and both colours, and gives both captions nearly the same cosine; which one comes out a hair ahead depends on the words alone. One vector must hold the
# whole picture, and nothing in its training ever asked which scoop is on top: in a batch of random scenes, the words alone give each picture away.
#
# The assistant knows something about places (48 %<!-- figure: failures.winoground.llava_yes.place -->), since its data asked about them, but is lost on scoops (1.0 %<!-- figure: failures.winoground.llava_yes.scoops -->), since no data asked about two things with one name in two colours.
# Scored by the caption's own probability instead, it does better on colours, 37 %<!-- figure: failures.winoground.llava_caption.colour -->, and worse on places.

# %% [markdown]
# Are the pictures to blame? No. A *system* can do it: SEEM's mask for each thing that a caption names, and a rule about the masks' centres or their colours.

# %%
figures.show(
    figures.recorded(
        "failures.winoground.clip.group",
        "failures.winoground.llava_yes.group",
        "failures.winoground.llava_caption.group",
        "failures.winoground.seem.group",
    )
)
figures.show(figures.recorded("failures.winoground.clip.text", "failures.winoground.clip.pairing"))

# %% [markdown]
# The system of parts is far above all of them: 82.8 %<!-- figure: failures.winoground.seem.group -->, with 100 %<!-- figure: failures.winoground.seem.scoops --> on scoops, but only 49.5 %<!-- figure: failures.winoground.seem.colour --> on colours, where its rule counts pixels. Beside CLIP's strict text score is the pairing, 58 %<!-- figure: failures.winoground.clip.pairing -->, where guessing gets 50: it shows what CLIP does know, and that is little.

# %% [markdown]
# ## Build it: hard negatives
#
# The lesson's plan. Above, a repair for CLIP; below, one for the assistant.

# %%
Box = show.Box
boxes = {
    "picture": Box(0, 0, "picture", "[B, 3, 64, 64]"),
    "texts": Box(0, 1, "captions and\nfalse captions", "[2B, 48]"),
    "clip": Box(1, 0.5, "CLIP", "[B, 128] · [2B, 128]", "learned"),
    "neg": Box(2, 0.5, "NegCLIP's loss", "[B, 2B]", "result"),
    "request": Box(0, 2.5, "picture, request", "[B, 64 + T, D]"),
    "assistant": Box(1, 2.5, "assistant", "T = 0.7", "frozen"),
    "judge": Box(2, 2.5, "its text, and the same\nwith names corrected", "[B, T] · [B, T]"),
    "policy": Box(1, 3.5, "assistant + LoRA", "log p: [B]", "learned"),
    "mdpo": Box(2, 3.5, "DPO, mDPO", "scalar", "result"),
}
chains = (
    "picture > clip > neg",
    "texts > clip",
    "request > assistant > judge",
    "judge > mdpo",
    "request > policy > mdpo",
)
arrows = [pair for chain in chains for pair in zip(chain.split(" > "), chain.split(" > ")[1:], strict=False)]
show.diagram(
    boxes,
    arrows,
    alt="Above: pictures, captions and false captions go through CLIP, which learns, into NegCLIP's loss over B rows and 2B columns. Below: "
    "the frozen assistant describes a picture, the truth corrects its false names; an assistant with LoRA adapters learns from the pair by DPO or mDPO.",
)

# %% [markdown]
# The repair is obvious once stated: ask about the order. NegCLIP (Yuksekgonul et al., 2023, [arXiv 2210.01936](https://arxiv.org/abs/2210.01936)) gives each picture in a batch a *false caption with the same words*, which the model
# must reject. A bag of words no longer helps.
#
# With $I$ the pictures, $T$ their captions and $N$ the false ones, all $[B, D]$, pictures choose among $2B$ texts, and texts among $B$ pictures (a false caption has none):
#
# $$L = s\, I\,[T; N]^\top,\qquad \mathcal L = \tfrac12\left[\mathrm{CE}(L, y) + \mathrm{CE}(L_{:, :B}^\top, y)\right],\quad y = (0, \dots, B-1)$$
#
# <!-- exercise: failures.negclip_loss -->


# %% tags=["check"]
@exercise("failures.negclip_loss")
def negclip_loss(image_features, text_features, negative_features, logit_scale):
    """features [B, D] each, L2-normalised; logit_scale the factor itself → scalar"""
    ### BEGIN SOLUTION
    texts = torch.cat([text_features, negative_features])  # [2B, D]
    logits = logit_scale * image_features @ texts.T  # [B, 2B]
    labels = torch.arange(len(logits))
    return (F.cross_entropy(logits, labels) + F.cross_entropy(logits[:, : len(logits)].T, labels)) / 2
    ### END SOLUTION


# %% [markdown]
# Train it for a minute or two with *your* loss, on pairs of training scenes. A quarter of the steps use CLIP's own batches: otherwise it forgets what it knew. As in the paper, the batch contains hard *pictures*, too:
# here, each pair's other picture.
#
# **Predict:** which of the three kinds is fixed first?

# %%
from course_lib.clip.data import testsets
from course_lib.clip.evaluate.zero_shot import topk_correct
from course_lib.failures.train import negclip

tuned, recipe = load_clip(), negclip.NegClipRecipe(steps=100, learning_rate=8e-4, replay_frac=0.25)
run = negclip.tune(tuned, recipe, state_file=session.paths().runs / "negclip.safetensors")
after = {kind: winoground_scores(composition.clip_scores(tuned, some))["group"].mean() for kind, some in swaps.items()}
single = testsets.single_things(per_class=2)
kept = {"before": float(topk_correct(clip, single).mean()), "after": float(topk_correct(tuned, single).mean())}
print("group score:", ", ".join(f"{kind} {100 * value:.0f} %" for kind, value in after.items()))
print("zero-shot, 160 names:", ", ".join(f"{when} {100 * value:.1f} %" for when, value in kept.items()))

# %% [markdown]
# Scoops are fixed within minutes, colours slowly, places hardly at all. That is an honest picture of the method: NegCLIP's own gains are on attributes and relations that its negatives imitate; on Winoground itself they are
# small. A longer run, and what it costs:

# %%
figures.show(
    figures.recorded(
        "failures.winoground.negclip.scoops",
        "failures.winoground.negclip.colour",
        "failures.winoground.negclip.place",
        "failures.winoground.negclip.group",
        "failures.zero_shot.clip",
        "failures.zero_shot.negclip",
    )
)
figures.show(figures.recorded("failures.winoground.gain", "failures.zero_shot.lost"))

# %% [markdown]
# The group score gains 52.8<!-- figure: failures.winoground.gain --> points (the bar was 50, three times the chance score), at a cost of 1.7<!-- figure: failures.zero_shot.lost --> points of zero-shot. Places stay where they were, 2.0 %<!-- figure: failures.winoground.negclip.place -->: the mean hides it, so look at
# each kind.

# %% [markdown]
# ## Break it: true text that makes a model lie
#
# The talk says it about *supervised fine-tuning*: teach a model beyond its ability, and it learns to hallucinate. LLaVA-1.5 (Liu et al., 2024, [arXiv 2310.03744](https://arxiv.org/abs/2310.03744), section 5.2) observed it:
# when training text describes details that the input's resolution can't carry, the model learns to say what it can't see.
#
# An experiment: we add two more things to each scene, **four pixels wide**. The text is *true*: it names them. But the assistant can't see them. What will it say about ordinary pictures afterwards?

# %%
import random

from course_lib.failures.data.details import detail_scene

plain, small = detail_scene(random.Random(11), 4 / 64)
large = replace(
    small, things=(*plain.things, *(replace(thing, width=18 / 64) for thing in small.things[len(plain.things) :]))
)
names = [thing.name for thing in small.things]
show.pictures(
    [render(small).image, render(large).image],
    titles=["details too small to see", "the control: they can be seen"],
    alt=f"A scene with {', '.join(names)}: in the first picture the last two are four pixels wide, in the second they can be seen.",
)
print("Its caption, in both cases, names:", ", ".join(names))

# %% [markdown]
# First the metric. **CHAIR** (Rohrbach et al., 2018, [arXiv 1809.02156](https://arxiv.org/abs/1809.02156)) counts what a text names that isn't there: as a share of all names (*instance*), and as the share of texts with any (*sentence*). A silent model scores
# perfectly. So never print it without **coverage**: of all that is there, how much is named?
#
# <!-- exercise: failures.chair -->
#
# Sum over all texts before dividing.


# %% tags=["check"]
@exercise("failures.chair")
def chair(named, present):
    """named, present: for each of N texts, a set of names → {"instance", "sentence", "coverage"}, 0–1"""
    ### BEGIN SOLUTION
    num_named, num_present = sum(map(len, named)), sum(map(len, present))
    false = [names - there for names, there in zip(named, present, strict=True)]
    covered = sum(len(names & there) for names, there in zip(named, present, strict=True))
    return {
        "instance": sum(map(len, false)) / num_named if num_named else 0.0,
        "sentence": sum(map(bool, false)) / len(named),
        "coverage": covered / num_present,
    }
    ### END SOLUTION


# %%
from course_lib.failures.chair import named_things, present_things
from course_lib.failures.data.descriptions import describe, description_requests, description_scenes

scenes = description_scenes(40)
requests = description_requests(scenes)


def hallucination(model, some=scenes):
    """CHAIR and coverage of the model's descriptions of some scenes, and the descriptions"""
    texts = describe(model, some, requests[: len(some)])
    named = [named_things(text, scene) for text, scene in zip(texts, some, strict=True)]
    return chair(named, [present_things(scene) for scene in some]), texts


def in_words(measured):
    """{"instance": 0.14, …} → "instance 14 %, …\""""
    return ", ".join(f"{name} {100 * value:.0f} %" for name, value in measured.items())


before, texts = hallucination(assistant)
for scene, text in zip(scenes[:6], texts, strict=False):
    wrong = named_things(text, scene) - present_things(scene)
    print(f"{', '.join(sorted(present_things(scene)))}\n   {text[:150]} …\n   not there: {', '.join(wrong) or '–'}")
print("CHAIR:", in_words(before))

# %% [markdown]
# Now the tuning. Six arms, each 40 steps from the same assistant: 0, 25, 50 and 100 % of pictures with details too small to see; the **control**, the same text with visible details; and the
# **remedy**, pictures with tiny details, and text that says "There is something else, too small for me to make out." **Predict** the order.

# %%
# As `python -m course_lib evaluate failures --live` recorded them, on 100 ordinary test scenes
figures.show(figures.recorded("failures.details."))

# %% [markdown]
# Every sentence of that data was true. Yet after it, 35.7 %<!-- figure: failures.details.too_small_100 --> of all names in descriptions of *ordinary* pictures are false, against 14.0 %<!-- figure: failures.details.too_small_0 --> without
# details. The model could not connect the words with anything it saw, and learned what it *could* from them: always name two more things than you see. It also says *yes* more often (see the notes in the table).
#
# With visible details, such text does far less harm: 18.7 %<!-- figure: failures.details.visible_100 -->; with the remedy, 16.5 %<!-- figure: failures.details.admitted_100 -->, the difference from 14.0 is within the noise.

# %% [markdown]
# ### Forks beside knives
#
# POPE's hardest questions target another cause. Its adversarial negatives are things that often appear *beside* something in the picture: a fork, where there is a knife. In our uniform scenes nothing does, so Lesson 07 used
# look-alikes. Here is a world of *co-occurrence*: twelve pairs of things appear together in 95 of 100 training scenes.
#
# <!-- exercise: failures.cooccurring_negatives -->
#
# For each name that is present, in turn: the absent one that appears beside it in the most pictures. No name twice; break ties alphabetically.


# %% tags=["check"]
@exercise("failures.cooccurring_negatives")
def cooccurring_negatives(present, scenes):
    """present: names in a picture; scenes: sets of names in many pictures → absent names, at most one for each present"""
    ### BEGIN SOLUTION
    chosen = []
    for name in present:
        beside = Counter(other for scene in scenes if name in scene for other in scene)
        free = [other for other in beside if other not in present and other not in chosen]
        if free:
            chosen.append(min(free, key=lambda other: (-beside[other], other)))
    return chosen
    ### END SOLUTION


# %%
from course_lib.failures.data import cooccurrence

for first, _ in cooccurrence.pairs()[:3]:
    print(f"Most often beside the {first}:", *cooccurring_negatives([first], cooccurrence.seen_together()))
example = next(one for one in cooccurrence.companion_questions("adversarial") if one.answer == "no")
show.pictures(
    [render(example.scene).image],
    titles=[example.text],
    alt=f"A test picture of {', '.join(sorted(present_things(example.scene)))}, and the question: {example.text}",
)
figures.show(figures.recorded("failures.companions."))

# %% [markdown]
# Where things come together, the model has learned to answer without looking: 95.0 %<!-- figure: failures.companions.together.random --> right about random absent things, 84.3 %<!-- figure: failures.companions.together.adversarial --> about absent companions. In the uniform
# world, with as many steps and questions, nothing is lost: 94.5 %<!-- figure: failures.companions.uniform.random -->, 96.3 %<!-- figure: failures.companions.uniform.adversarial -->.
#
# ### Forgetting
#
# Learning one narrow task is enough to lose others (EMT, Zhai et al., 2023, [arXiv 2309.10313](https://arxiv.org/abs/2309.10313)). The assistant learns to name stickers, "what is this?"; meanwhile we test what it knew: questions about shapes, and instructions without a picture.

# %%
steps = (0, 10, 40)
curves = {
    f"{name}: {what}": [100 * figures.recorded(f"failures.forgetting.{name}.{what}.{step}")[0].value for step in steps]
    for name in ("adapters", "everything", "connector", "replay")
    for what in ("shapes",)
}
show.history(
    list(steps),
    curves,
    xlabel="steps of tuning on names",
    ylabel="questions about shapes, % right",
    alt="Questions about shapes by step: "
    + "; ".join(f"{name} from {values[0]:.0f} to {values[-1]:.0f} percent" for name, values in curves.items())
    + ".",
)
text_skill = [
    f"failures.forgetting.{name}.text.{step}" for name in ("adapters", "everything", "replay") for step in (0, 40)
]
figures.show(figures.recorded(*text_skill))

# %% [markdown]
# After forty steps every variant has learned the names, 90 %<!-- figure: failures.forgetting.adapters.naming.40 --> with adapters. Questions about shapes fall from 76.7 %<!-- figure: failures.forgetting.adapters.shapes.0 --> to 40.0 %<!-- figure: failures.forgetting.adapters.shapes.40 -->; where everything learns, to
# 5.0 %<!-- figure: failures.forgetting.everything.shapes.40 -->, and instructions without a picture fall too. Tuning only the small connector also forgets: all pictures pass through it.
#
# Replaying a fifth of the old data keeps 48.3 %<!-- figure: failures.forgetting.replay.shapes.40 -->: hardly better than without (60 questions each, so give or take 12 points). It keeps 100 %<!-- figure: failures.forgetting.replay.text_kept --> of the text skill, but adapters alone had lost next to none of it.

# %% [markdown]
# ## Mend it: the model's own mistakes
#
# We have no better data, only the model. Greedily or sampled at T = 0.7, it names something false in one picture of two. If somebody corrects *those* texts, the model can learn from them. In RLHF-V (Yu et al., 2023,
# [arXiv 2312.00849](https://arxiv.org/abs/2312.00849)) people do that; here the scene does. Each wrong text yields up to four pairs:
#
# - with its false names **corrected**, it is better;
# - with its false names **left out**, it is better;
# - with a *true* name left out, it is *worse*, and so is the shortened text. Without these two, the model would learn silence.
#
# The texts of a pair differ only in those names. From two *different* texts, a model may learn whatever else tells them apart: length, or style.

# %%
from course_lib.failures.data import preferences

some = preferences.load()
for pair in some[:3]:
    print(f"{', '.join(sorted(present_things(pair.scene)))}\n  + {pair.chosen}\n  − {pair.rejected}")
print(len(some), "pairs")

# %% [markdown]
# DPO (Lesson 04) compares log-probabilities of whole texts. Get these right first.
#
# <!-- exercise: failures.text_logps -->
#
# Sum over a text's tokens where the label isn't −100. Logits predict the *next* token.


# %% tags=["check"]
@exercise("failures.text_logps")
def text_logps(logits, labels):
    """logits [B, T, V], labels int64 [B, T], −100 where nothing is learned → log-probabilities of B texts [B]"""
    ### BEGIN SOLUTION
    log_probs = logits[:, :-1].log_softmax(dim=-1)  # [B, T-1, V]
    following = labels[:, 1:]
    picked = log_probs.gather(-1, following.clamp(min=0)[..., None])[..., 0]  # [B, T-1]
    return (picked * (following != -100)).sum(dim=1)
    ### END SOLUTION


# %% [markdown]
# DPO asks for a *gain*: how much likelier is a text than it was before training? Its loss is Lesson 04's. What is new is the picture, on which all four scores of a pair depend:
#
# $$c = \log\pi(y_c \mid v) - \log\pi_{ref}(y_c \mid v),\qquad r = \log\pi(y_r \mid v) - \log\pi_{ref}(y_r \mid v)$$
#
# <!-- exercise: failures.log_ratios -->
#
# The same picture for both models and both texts. The reference is frozen: no gradient may run through it.


# %% tags=["check"]
@exercise("failures.log_ratios")
def log_ratios(model, reference, pictures, chosen, rejected):
    """model, reference: functions (pictures [B, N, W], texts) → log-probabilities [B]; → log ratios of chosen, rejected: [B] each"""
    ### BEGIN SOLUTION
    with torch.no_grad():
        chosen_before, rejected_before = reference(pictures, chosen), reference(pictures, rejected)
    return model(pictures, chosen) - chosen_before, model(pictures, rejected) - rejected_before
    ### END SOLUTION


# %% [markdown]
# Now a trap. DPO on pictures can succeed *without looking*: whatever makes one text likelier than the other lowers the loss. Wang et al. (mDPO, 2024, [arXiv 2406.11839](https://arxiv.org/abs/2406.11839)) removed the pictures from training, and DPO did as well as before!
#
# mDPO makes the picture matter. Let $c$, $r$ be the log ratios to the reference of the chosen and the rejected text, and $s$ that of the *chosen text beside a scrap* of the picture (a random crop):
#
# $$\mathcal L = -\log\sigma(\beta(c - r)) - \log\sigma(\beta(c - s)) - \log\sigma(\beta c)$$
#
# preference, condition, anchor. The last keeps the chosen text from falling: a margin also grows when both fall, if one falls faster.
#
# <!-- exercise: failures.mdpo_loss -->


# %% tags=["check"]
@exercise("failures.mdpo_loss")
def mdpo_loss(chosen, rejected, cropped, beta):
    """log ratios to the reference [B]: of the chosen text, the rejected one, the chosen one beside a scrap → scalar"""
    ### BEGIN SOLUTION
    preference = -F.logsigmoid(beta * (chosen - rejected))
    condition = -F.logsigmoid(beta * (chosen - cropped))
    anchor = -F.logsigmoid(beta * chosen)
    return (preference + condition + anchor).mean()
    ### END SOLUTION


# %% [markdown]
# A short run on some of the pairs, with your loss: a minute or two.

# %%
from course_lib.failures.train.preference import PreferenceRecipe, train_on_preferences
from course_lib.failures.train.tune import merge

mended = copy.deepcopy(assistant)
brief = PreferenceRecipe(method="mdpo", steps=25)
run = train_on_preferences(mended, some[:200], brief, state_file=session.paths().runs / "mdpo.safetensors")
merge(mended)
after, texts = hallucination(mended)
show.history(
    list(range(len(run.losses))),
    {"mDPO": run.losses},
    xlabel="step",
    ylabel="loss",
    alt=f"mDPO's loss over {len(run.losses)} steps, from {run.losses[0]:.2f} to {run.losses[-1]:.2f}.",
)
print("before:", in_words(before))
print("after: ", in_words(after))

# %% [markdown]
# Forty scenes and 25 steps are few. The shipped repair had 160, with DPO's loss plus a share of plain fine-tuning on the chosen text (RPO, Pang et al., 2024, [arXiv 2404.19733](https://arxiv.org/abs/2404.19733)), which props that text up as mDPO's anchor does.
# On 200 test scenes, with everything that could have suffered:

# %%
shown = ("chair", "coverage", "pope", "yes_ratio", "vqa", "text")
figures.show(
    [
        one
        for what in shown
        for one in figures.recorded(f"failures.repair.before.{what}", f"failures.repair.after.{what}")
    ]
)
figures.show(
    figures.recorded(
        "failures.repair.after.chair_cut",
        "failures.repair.after.coverage_lost",
        "failures.repair.after.vqa_lost",
        "failures.repair.after.text_lost",
    )
)

# %% [markdown]
# **The bar is missed.** False names should have fallen by a relative 30 %. They went from 15.8 %<!-- figure: failures.repair.before.chair --> to 13.8 %<!-- figure: failures.repair.after.chair -->: by 12.5 %<!-- figure: failures.repair.after.chair_cut -->, give or take 15, so perhaps not at all; coverage lost 3.0<!-- figure: failures.repair.after.coverage_lost --> points, and
# nothing else suffered.

# %% [markdown]
# What was tried with an earlier assistant, on 150 *validation* scenes (false names; coverage), starting from 16.4; 70.4:
#
# | pairs, loss | false | coverage |
# |---|---|---|
# | corrected, DPO | 15.1 | 72.8 |
# | the same, rate × 3 | 21.6 | 58.7 |
# | and shortened, RPO | 11.6 | 61.0 |
# | and two against silence, RPO (shipped) | 13.2 | 67.8 |
#
# (On 60 scenes, pairs of two *samples*: 17.1 → 15.2.) The last looked like −20 %. On scenes that played no part in the choice that gain was gone (12.6 → 13.3); with today's assistant and its own mistakes it is the smaller, uncertain one above. That is what test scenes are for.

# %% [markdown]
# The second row's texts are worth a look. "The maple is in the middle. The maple leaf is in the middle." DPO asks for a *margin*, and both texts may fall as long as one falls faster.

# %% [markdown]
# ## Prove it: four ways to fool yourself
#
# 1. **Say less.** Fewer names, fewer false ones: look at coverage, and at how many words a description uses.
# 2. **Say no.** Moving the threshold for *yes* can raise POPE's accuracy by itself: look at the yes-ratio. The baseline does just that.
# 3. **Don't look.** DPO without pictures: whatever it gains, it did not gain by seeing.
# 4. **Anything helps.** The same steps on shuffled preferences must gain nothing.

# %% [markdown]
# The table below compares *methods*, not what ships: each had the same short run, 50 steps on the first 600 pairs, one seed, and was measured on 60 test scenes. What ships is RPO, 160 steps on all
# pairs, measured on 200 scenes: the table *above*. The shuffled control has RPO's loss.

# %%
methods = ("sft", "dpo", "dpo_blind", "mdpo", "rpo", "shuffled")
figures.show(figures.recorded(*(f"failures.repair.{name}.chair_cut" for name in methods)))
figures.show(figures.recorded(*(f"failures.repair.{name}.coverage_lost" for name in methods)))
figures.show(
    [
        *figures.recorded("failures.repair.threshold."),
        *figures.recorded("failures.repair.before.pope", "failures.repair.before.yes_ratio"),
    ]
)

# %% [markdown]
# Read the controls first. Without pictures DPO cuts false names by 16.7 %<!-- figure: failures.repair.dpo_blind.chair_cut -->, on shuffled preferences by 15.4 %<!-- figure: failures.repair.shuffled.chair_cut -->. Of the methods, fine-tuning on the chosen texts cuts 7.8 %<!-- figure: failures.repair.sft.chair_cut -->, DPO 10.5 %<!-- figure: failures.repair.dpo.chair_cut -->, mDPO 21 %<!-- figure: failures.repair.mdpo.chair_cut -->.
# All six intervals include 0. So nothing here shows that a method gained *by looking*, or by preferring the right text: any tuning on such descriptions changes what is named by as much. Report mDPO's 21 % alone,
# and you'd have fooled yourself in two of the four ways. (With an earlier assistant and its pairs, DPO without pictures gave −11.4 %, shuffled preferences −29.6 %: one seed and 60 scenes are few.)
#
# Moving the threshold for *yes* shifts the ratio from 47 %<!-- figure: failures.repair.before.yes_ratio --> to 52 %<!-- figure: failures.repair.threshold.yes_ratio --> and accuracy stays where it was, within the noise. It costs nothing, and mends nothing.

# %% [markdown]
# Also look at the implicit rewards, $\beta$ times the log ratio, of chosen and rejected texts *separately*. DPO's margin may grow while the chosen text itself becomes less likely.
# First those of your own short run, with your function, on pairs that it never saw. Then the recorded ones.

# %%
from functools import partial

from course_lib.failures.evaluate.repair import pair_logps

unseen = some[-40:]
features = assistant.image_features(preferences.pixels_of(unseen))
now, start = partial(pair_logps, mended, unseen), partial(pair_logps, assistant, unseen)
with torch.no_grad():
    gained = dict(zip(("chosen", "rejected"), log_ratios(now, start, features, "chosen", "rejected"), strict=True))
print(", ".join(f"{which} {brief.beta * float(ratios.mean()):+.2f} nats" for which, ratios in gained.items()))
figures.show(
    [
        one
        for name in ("sft", "dpo", "mdpo")
        for one in figures.recorded(f"failures.repair.{name}.reward_chosen", f"failures.repair.{name}.reward_rejected")
    ]
)

# %% [markdown]
# Fine-tuning lifts the wrong text nearly as much as the right one: they share most of their words. DPO separates them, and its chosen text stays where it was, 0.06<!-- figure: failures.repair.dpo.reward_chosen -->; mDPO's anchor lifts it to 0.16<!-- figure: failures.repair.mdpo.reward_chosen -->.

# %% [markdown]
# ### A human judge, or a learned one
#
# LLaVA-RLHF (Sun et al., 2023, [arXiv 2309.14525](https://arxiv.org/abs/2309.14525)) first trains a *reward model* on people's preferences. Two of its additions are worth knowing. **Facts**: the judge is given the picture's captions, because a judge that can't see well is fooled just as the model is. And deductions:
# without them, long answers win, since they say more that people like.
#
# <!-- exercise: failures.shaped_reward -->
#
# Deduct ten points from a text that uses all `max_length` tokens, proportionally less from a shorter one, and eight more from one that was cut off.


# %% tags=["check"]
@exercise("failures.shaped_reward")
def shaped_reward(rewards, lengths, finished, max_length):
    """rewards [B], lengths int64 [B] in tokens, finished bool [B] → [B]"""
    ### BEGIN SOLUTION
    return rewards - 10 * lengths / max_length - 8 * (~finished)
    ### END SOLUTION


# %%
figures.show(figures.recorded("failures.judge.no_facts.accuracy", "failures.judge.facts.accuracy"))
figures.show(figures.recorded("failures.best_of_8."))

# %% [markdown]
# Both judges are at chance: 53.9 %<!-- figure: failures.judge.no_facts.accuracy --> and, told the caption, 51.7 %<!-- figure: failures.judge.facts.accuracy -->. Fifty steps on such pairs did not teach even the second one to compare two texts, so Fact-RLHF's point is *not* shown here.
# What a perfect judge could do: the truest of eight samples has 13.0 %<!-- figure: failures.best_of_8.truth.chair --> false names, an arbitrary one 32.5 %<!-- figure: failures.best_of_8.any.chair -->, and it covers more.

# %% [markdown]
# ## The real thing
#
# For published models, Hugging Face's `trl` does DPO with pictures. A recipe for a T4 (16 GB): the half-billion-parameter LLaVA from Lesson 06 in fp16, LoRA of rank 16 on its language model's queries and values, one pair at a time, eight per
# step, gradient checkpointing. All of it is in `course_lib/failures/full.py`.

# %% [markdown]
# Three things to know beforehand, as of trl 1.16:
#
# - It refuses `precompute_ref_log_probs` for pictures. With LoRA that is bearable: the reference is the model with its adapters off, one more pass per step, and no second model.
# - It refuses `truncation_mode="keep_end"`, which would cut off the picture's places. Set `max_length=None`.
# - Its Adam at 1e-5 with β 0.1 moves a model slowly. Don't expect to see much after sixty steps: the authors' own blog reports 85.8 → 85.9 on AMBER, with 83,000 pairs.

# %%
from course_lib.failures import full

published = None
if session.tier == "full":
    from course_lib.llava.full.published import load_real_llava

    published = load_real_llava()
if published:
    from course_lib.failures.data.preferences import preference_scenes

    model, processor = published
    made = [
        full.pair(scene, full.describe(model, processor, scene, full.SAMPLES))
        for scene in preference_scenes(range(100))
    ]
    usable = [pair for pair in made if pair]
    print(len(usable), "pairs, such as", usable[0]["chosen"], usable[0]["rejected"])
    trainer = full.train(model, processor, usable, session.paths().runs / "dpo")
    for entry in trainer.state.log_history[:-1]:
        print({name: round(entry[name], 3) for name in ("loss", "rewards/chosen", "rewards/rejected") if name in entry})
else:
    print("trl's DPO on a published LLaVA runs in the full tier (COURSE_TIER=full, on a T4, after `pip install trl`).")

# %% [markdown]
# ## Recap
#
# - One vector that was never asked for order does not hold it; hard negatives ask. A system of parts can do what one vector can't.
# - True text about what can't be seen teaches a model to guess. Resolution, or the words "I can't see that", help.
# - CHAIR without coverage, POPE without the yes-ratio, DPO without a blind twin: each can be gamed.
# - Narrow tuning makes a model forget, and the more of it learns, the more it forgets; replaying a fifth of the old data preserves some of it, if any.
#
# <!-- words -->
#
# ## Quiz
#
# <!-- quiz -->
#
# 1. A model's text score is 0 %; guessing gets 25 %. What does that tell you?
#    - [ ] It sees nothing. :: Then its answers would be random, near 25 %.
#    - [x] It prefers the same caption for both pictures. :: A fixed preference is right for one picture of each pair, never for both.
#    - [ ] The captions are wrong. :: Each is true of one picture.
# 2. After DPO, CHAIR fell from 16 to 10 %, coverage from 70 to 45 %. A repair?
#    - [ ] Yes: fewer false names. :: And far fewer true ones.
#    - [x] No: it says less. :: Compare at equal coverage.
#    - [ ] It depends on POPE. :: POPE asks yes or no; it doesn't see what descriptions leave out.
# 3. Why correct the model's own text, rather than choose a person's?
#    - [ ] A person's text would be false. :: It might be truer. That is not the point.
#    - [ ] The tokenizer needs it. :: It takes any text.
#    - [x] A person's differs in style, too. :: And style is easier to learn: the margin would grow from that.
# 4. DPO without pictures is as good as DPO on your benchmark. What now?
#    - [ ] Pictures don't matter for hallucination. :: They alone decide what is there.
#    - [x] The gain came from words: the benchmark or the data allowed it. :: Make the picture matter, as mDPO does, and test on pairs that words can't decide.
#    - [ ] Train longer. :: That brings more of what needs no looking.
