# ---
# title: "LLaVA I: connecting vision to language"
# objectives:
#   - explain how a picture gets into a language model made for words
#   - write the parts of it, from feature selection and connector to splice, label mask and freezing
#   - align a connector live, and prove by fingerprints that nothing else moved
#   - tell from true, blank and shuffled pictures whether a model looks
#   - recognise the most common mistakes, most of which raise no error
# prerequisites:
#   - "[CLIP](02_clip.ipynb), for the vision tower"
#   - "[from language model to assistant](04_assistant.ipynb), for the language model"
# minutes: 65
# ---

# %% tags=["setup"]
from course_lib.exercise import exercise, hint, points, progress
from course_lib.session import begin

session = begin(lesson="06_llava_connect")

# %% [markdown]
# ## See it: a vision tower and a language model that have never met
#
# *Can I print my documents here?*, somebody asks at the beginning of the talk, in front of a lobby. One model must see the lobby *and*
# understand the question. You have trained two halves of it. Lesson 02's CLIP turns a picture into 64 vectors, one for each patch. Lesson
# 04's assistant turns vectors, one for each word, into the next word. One thing stands between them: the two kinds of vectors have nothing
# in common.
#
# LLaVA (Liu et al., 2023, [arXiv 2304.08485](https://arxiv.org/abs/2304.08485)) puts a small *connector* between them and lets the patches
# stand in the text *as if they were words*. Here is such a model, its connector freshly initialised. We ask it for a caption of each picture.
#
# **Predict before you run:** what does a language model say when you hand it 64 vectors that aren't words?

# %%
import copy

import torch
from torch import nn

from course_lib import show
from course_lib.llava import recipes
from course_lib.llava.data.batches import render_pixels as pixels_of
from course_lib.llava.train import stages
from course_lib.world.render import render
from course_lib.world.scenes import SceneSpec, make_scene

ASK = "write a caption."
model = stages.build_model()
scenes = [make_scene(index, SceneSpec(stream="val", count=(1, 2)), seed=5) for index in range(5)]


def captioned(model):
    """Show the scenes, and below each what the model says to it."""
    answers = [text[:60] for text in model.answer(pixels_of(scenes), [ASK] * len(scenes), max_new_tokens=20)]
    images = [render(scene, 128).image for scene in scenes]
    show.pictures(
        images, titles=answers, columns=5, alt=f"Five scenes and what the model says to each: {'; '.join(answers)}."
    )


captioned(model)

# %% [markdown]
# It is blind. But nothing is broken: no error, no warning, and words come out. Keep that in mind. Here is what we'll build, part by part:

# %%
show.diagram(
    {
        "picture": show.Box(0, 0, "picture", "[B, 3, 64, 64]"),
        "vision": show.Box(1, 0, "vision tower", "[B, 64, 160]", "frozen"),
        "connector": show.Box(2, 0, "connector", "[B, 64, 192]", "learned"),
        "text": show.Box(0, 1, "text with <image>\n64 times", "[B, T]"),
        "words": show.Box(1, 1, "word embeddings", "[B, T, 192]", "frozen"),
        "splice": show.Box(3, 0.5, "splice: patches take\nthe places of <image>", "[B, T, 192]"),
        "lm": show.Box(4, 0.5, "language model", "[B, T, 192]", "frozen"),
        "next": show.Box(5, 0.5, "next words", "[B, T, 1536]", "result"),
    },
    [
        ("picture", "vision"),
        ("vision", "connector"),
        ("connector", "splice"),
        ("text", "words"),
        ("words", "splice"),
        ("splice", "lm"),
        ("lm", "next"),
    ],
    alt="LLaVA in stage 1: a frozen vision tower makes 64 vectors of a picture, the connector, which alone learns, brings them to the width of word "
    "embeddings, they take the places of the image token, and the frozen language model goes on with words.",
)

# %% [markdown]
# ## Build it: which features to take from the vision tower
#
# A *vision tower* (the model's eyes) is a stack of blocks. CLIP pools the last block's output into *one* vector; LLaVA needs the patches, and
# takes them from the block *before* the last (layer -2), because the last has been shaped for pooling. Many towers also put a *class token*
# before the patches; it isn't a place in the picture.
#
# <!-- exercise: llava.select_features -->
#
# transformers calls the list `hidden_states`: the embeddings first, then each block's output. As soon as your function passes the check, the
# course's model calls it instead of its own. The same goes for everything you write from here on: the model, its training and its
# measurements use *your* parts.


# %% tags=["check"]
@exercise("llava.select_features")
def select_features(hidden_states, layer, class_token):
    """hidden_states: L + 1 tensors [B, 1 + N, W], or [B, N, W] without class token → [B, N, W] of that layer, patches only"""
    ### BEGIN SOLUTION
    states = hidden_states[layer]
    return states[:, 1:] if class_token else states
    ### END SOLUTION


# %% [markdown]
# Two towers: ours, which has no class token, and one in transformers' form, which has one (with random weights, as we're only counting).

# %% tags=["check"]
from transformers import CLIPVisionConfig, CLIPVisionModel

pixels = pixels_of(scenes)
clip = model.vision.clip
with torch.no_grad():
    states = clip.visual.hidden_states(pixels)
    ours = select_features(states, -2, False)
    print(
        "ours:        ",
        list(ours.shape),
        "equal to clip.encode_patches:",
        torch.equal(ours, clip.encode_patches(pixels, -2)),
    )
    sizes = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 3, "num_attention_heads": 2}
    tower = CLIPVisionModel(CLIPVisionConfig(**sizes, image_size=336, patch_size=14)).eval()
    states = tower(torch.zeros(1, 3, 336, 336), output_hidden_states=True).hidden_states
print("transformers:", list(states[-2].shape), "→", list(select_features(states, -2, True).shape))

# %% [markdown]
# 336 / 14 = 24, and 24 × 24 = **576**: the number of places LLaVA-1.5 gives a picture. If one part of a program counts 577 and another 576,
# you meet the famous "tokens: 575, features: 576" ([transformers#36002](https://github.com/huggingface/transformers/issues/36002)). Ours has
# 8 × 8 = 64.
#
# ## Build it: the connector
#
# The first LLaVA uses one linear layer, LLaVA-1.5 two with a GELU between them ("mlp2x_gelu"). Nothing else stands between vision tower and
# language model.
#
# <!-- exercise: llava.make_connector -->
#
# It works on each patch separately.


# %% tags=["check"]
@exercise("llava.make_connector")
def make_connector(vision_width, language_width, connector_type):
    """connector_type "linear" or "mlp2x_gelu" → a module: [..., vision_width] → [..., language_width]"""
    ### BEGIN SOLUTION
    layers = [nn.Linear(vision_width, language_width)]
    if connector_type == "mlp2x_gelu":
        layers += [nn.GELU(), nn.Linear(language_width, language_width)]
    return nn.Sequential(*layers)
    ### END SOLUTION


# %% tags=["check"]
width = model.language_model.config.hidden_size
for connector_type in ("linear", "mlp2x_gelu"):
    connector = make_connector(ours.shape[-1], width, connector_type)
    print(
        f"{connector_type:10s}",
        list(ours.shape),
        "→",
        list(connector(ours).shape),
        sum(p.numel() for p in connector.parameters()),
        "weights",
    )

# %% [markdown]
# ## Build it: the splice
#
# In the text, the token `<image>` appears once for each patch. It has an embedding like any other token, but we throw that away: the patches
# take its places.
#
# <!-- exercise: llava.splice -->
#
# The pictures come in the order of the text. If the number of places differs from the number of patches, the text was cut off or belongs to
# another picture: raise a `ValueError`.


# %% tags=["check"]
@exercise("llava.splice")
def splice(embeddings, is_image, patches):
    """embeddings [B, T, D], is_image bool [B, T], patches [I, N, D] of I pictures → [B, T, D]"""
    ### BEGIN SOLUTION
    flat = patches.flatten(0, 1)  # [I, N, D] → [I·N, D]
    if int(is_image.sum()) != len(flat):
        raise ValueError(f"{int(is_image.sum())} places for {len(flat)} patches")
    return embeddings.masked_scatter(is_image.unsqueeze(-1), flat)
    ### END SOLUTION


# %% [markdown]
# *Your* splice runs in `model.embed`. Look at a text before and after.

# %% tags=["check"]
ids, labels = (torch.tensor([row]) for row in model.encode("what is this?", "a cat"))
with torch.no_grad():
    words = model.language_model.get_input_embeddings()(ids)
    spliced = model.embed(ids, ours[:1])
places = (ids[0] == model.image_token).nonzero().squeeze(1)
changed = (words != spliced).any(dim=-1)[0].nonzero().squeeze(1)
print(ids.shape[1], "tokens; replaced:", int(changed[0]), "to", int(changed[-1]), "which are", len(changed))
print("the patches, in their order:", torch.equal(spliced[0, places], model.connector(ours[:1])[0]))
try:
    model.embed(ids[:, :40], ours[:1])
except ValueError as error:
    print("cut off after 40 tokens: refused,", type(error).__name__)

# %% [markdown]
# ## Build it: what is learned from
#
# Lesson 04 masked everything but the assistant's words. A picture adds two dangers: the model may be trained to predict its places, though
# nobody could predict them; and the picture takes up so much room that a long text loses the *answer* at its end
# ([LLaVA#816](https://github.com/haotian-liu/LLaVA/issues/816)).
#
# <!-- exercise: llava.picture_labels -->
#
# Each `image_token` (the picture's *mark*) becomes `num_patches` places. Then cut off whatever exceeds `max_length`. If no label is left after that, raise a
# `ValueError`.


# %% tags=["check"]
@exercise("llava.picture_labels")
def picture_labels(segments, image_token, num_patches, max_length):
    """[(learned, ids), …], with image_token once for a picture → (all ids, all labels), -100 where nothing is learned"""
    ### BEGIN SOLUTION
    ids, labels = [], []
    for learned, tokens in segments:
        for token in tokens:
            if token == image_token:
                ids += [token] * num_patches
                labels += [-100] * num_patches
            else:
                ids.append(token)
                labels.append(token if learned else -100)
    if all(label == -100 for label in labels[:max_length]):
        raise ValueError(f"nothing is left to learn within {max_length} tokens")
    return ids[:max_length], labels[:max_length]
    ### END SOLUTION


# %% [markdown]
# As always, check what is left to learn *before* you train.

# %% tags=["check"]
tokenizer = model.tokenizer
segments = model.segments("what colour is the car?", "red")
ids, labels = picture_labels(segments, model.image_token, model.num_patches, 512)
print("segments (learned?, text):", [(learned, tokenizer.decode(tokens)) for learned, tokens in segments])
print(len(ids), "tokens, learned:", tokenizer.decode([label for label in labels if label != -100]))
try:
    picture_labels(segments, model.image_token, model.num_patches, 72)
except ValueError as error:
    print("at most 72 tokens:", type(error).__name__)

# %% [markdown]
# In stage 1 the user only ever asks for a caption, in a few wordings. (So does LLaVA's paper; its later code leaves the question out
# altogether.)
#
# ## Build it: freeze, and prove it
#
# In stage 1 only the connector learns. The words stay where they are, and the patches must move to them: *feature alignment*.
#
# <!-- exercise: llava.freeze -->
#
# A parameter learns if its `requires_grad` is set.


# %% tags=["check"]
@exercise("llava.freeze")
def freeze(model):
    """A model with .vision, .connector, .language_model: let the connector learn and nothing else → names of what learns"""
    ### BEGIN SOLUTION
    model.requires_grad_(False)
    model.connector.requires_grad_(True)
    return [name for name, parameter in model.named_parameters() if parameter.requires_grad]
    ### END SOLUTION


# %% tags=["check"]
trainable = freeze(model)
counts = {
    part: sum(p.numel() for p in getattr(model, part).parameters())
    for part in ("vision", "connector", "language_model")
}
share = counts["connector"] / sum(counts.values())
print("learns:", sorted({name.split(".")[0] for name in trainable}), f"{100 * share:.1f} % of the model")

# %% [markdown]
# That's only an intention. The proof is a fingerprint of every tensor, before and after: if a single bit changes, so does the fingerprint.
#
# <!-- exercise: llava.fingerprints -->
#
# Any hash of a tensor's *bytes* will do, such as `hashlib.sha256`.

# %%
import hashlib


# %% tags=["check"]
@exercise("llava.fingerprints")
def fingerprints(tensors):
    """{name: tensor} → {name: fingerprint}, equal if and only if all numbers are the same, each at its place"""
    ### BEGIN SOLUTION
    return {name: hashlib.sha256(tensor.detach().numpy().tobytes()).hexdigest() for name, tensor in tensors.items()}
    ### END SOLUTION


# %% [markdown]
# The course's training does the same: after every run it compares the fingerprints of everything frozen, and raises an error if one changed.
#
# ## Train it: stage 1
#
# LLaVA-1.5 aligns its connector on 558,000 captions, with a language model of 7 billion parameters behind it, one so rich that it meets the
# patches halfway. Ours doesn't: within minutes, a bare MLP hardly gets our frozen assistant to name a thing (you'll train one for 40 steps
# below), and after 3,000 steps three in five of its claims are true. The assistant of Lesson 07 has such an MLP. What *you* train today is a short cut to see it happen: a connector that
# starts as a *dictionary*, each patch a mixture of word embeddings, as in AlignVLM (Masry et al., 2025,
# [arXiv 2502.01341](https://arxiv.org/abs/2502.01341)). Lesson 07 compares the two.
# Stage 1 then has two parts.
#
# **The mixture of words.** Which words are true of a patch? Nobody tells us. All we have is a caption of the whole picture: if it says "cat",
# *at least one* patch is a cat. (Fang et al., 2015, [arXiv 1411.4952](https://arxiv.org/abs/1411.4952) found words in pictures with this
# "noisy-or".) The vision tower never learns, so it looks at each of about a thousand pictures just *once*; after that, only the connector
# works. ■ stops the run; run the cell again to continue.

# %%
from dataclasses import replace

import numpy as np

from course_lib.llava.connector import caption_labels, visible_words
from course_lib.llava.data.batches import PicturePool, plain_caption
from course_lib.lm.loss import unigram_entropy
from course_lib.session import few
from course_lib.world.language import captions


def shortened(recipe, steps):
    """The recipe with fewer steps."""
    return replace(recipe, steps=few(steps), batch_size=few(recipe.batch_size))


before = fingerprints(model.state_dict())
pool = PicturePool.compute(model.image_features, few(recipes.LIVE_PICTURES, 8))
words = visible_words(tokenizer)
labels = caption_labels(tokenizer, [captions(make_scene(i), 1)[0] for i in range(500)], words).float()  # [500, K]
often = labels.mean(dim=0).clamp(1e-4, 1 - 1e-4)  # how often each word is said
guess = -(often * often.log() + (1 - often) * (1 - often).log()).sum()
curve = show.LossCurve(chance=float(guess), chance_name="by how often each word is said")
recipe = shortened(recipes.LIVE_WORDS, recipes.LIVE_WORDS.steps)
run = stages.train_word_mixture(
    model, recipe, pool, callbacks=[curve], state_file=session.paths().runs / "words.safetensors"
)
curve.draw(run)

# %% [markdown]
# (The loss is a sum over all visible words. The dashed line is the loss of somebody who only knows how often each is said.) What does each
# patch say now? Here is the word whose embedding is nearest to the connector's output.

# %%
from course_lib.llava.evaluate import patches

patches.show_words(model, scenes[2])
named_only = copy.deepcopy(model)

# %% [markdown]
# Nobody ever told it *where* a thing is. On the backdrop no word applies, so the connector says almost nothing, and some word has to be the
# nearest to nothing: ignore it.
#
# **Captions.** Now LLaVA's own stage 1, through the frozen assistant, with *your* splice: which patches make it say this caption? All
# captions have one form, as in LLaVA's 558,000: "a picture of a blue heart and a cat at night", with things named from left to right. (The
# dashed line is the loss of somebody who only knows how often each token is said.)

# %%
said = [token for scene in pool.scenes for token in tokenizer.encode(plain_caption(scene), add_special_tokens=False)]
curve = show.LossCurve(chance=unigram_entropy(torch.tensor(said)), chance_name="by how often each token is said")
recipe = shortened(recipes.LIVE1, recipes.LIVE1.steps)
run = stages.stage1(
    model, recipe, pool=pool, callbacks=[curve], state_file=session.paths().runs / "captions.safetensors"
)
curve.draw(run)

# %% [markdown]
# **Predict:** which tensors have moved?

# %% tags=["check"]
after = fingerprints(model.state_dict())
moved = [name for name in before if before[name] != after[name]]
print("moved: ", sorted({name.split(".")[0] for name in moved}))
print("as before:", sorted({name.split(".")[0] for name in before if name not in moved}))

# %% [markdown]
# ## See it: after stage 1
#
# The same pictures, the same vision tower, the same language model, down to the last bit. Only the part between them has learned.

# %%
captioned(model)

# %% [markdown]
# Read closely. What is wrong: the thing, its colour, the place, or the number of things? Then count. Every noun, colour and place in a
# caption is a *claim*, true or false of its picture. Beside yours stands the *baked* captioner, trained for four times as many steps; as a
# control, each caption is checked against another scene.

# %%
from course_lib.figures import show as show_figures
from course_lib.llava.evaluate.descriptions import true_claims_figure
from course_lib.llava.evaluate.vqa import answers
from course_lib.llava.train import saved

unseen = [make_scene(index, SceneSpec(stream="test"), seed=43) for index in range(few(60, 4))]
shown = np.stack([render(scene).image for scene in unseen])
captioners = {"yours": model, "baked": saved.load("1")}
told = {name: answers(one, shown, [ASK] * len(unseen), brief=False) for name, one in captioners.items()}
show_figures([true_claims_figure(f"llava.true_claims.{name}", texts, unseen, bar=0.8) for name, texts in told.items()])

# %% [markdown]
# So the published recipe works in the pocket, too: connector alone, language model frozen, and four in five of the baked captioner's claims
# are true. **The data made it work.** With captions in 26 forms ("my illustration: …", "look, …") that included sizes, 500 steps gave 36 %
# true claims (n = 100, stream "val"); with one form, 54 %; without the sizes, and with 2,500 steps, 87 %. You can't teach a frozen language
# model which form you want, and a connector that tries has no strength left for the picture itself. What still goes wrong: a thing is left
# out, or named twice. The language model was never taught what to do with 64 words at once; that is stage 2.
#
# ### What does a patch say?
#
# Here again are the nearest words by cosine, among the words for visible things. The captions have moved the connector: **predict** whether
# the words have become clearer.

# %%
for scene in scenes[2:4]:
    patches.show_words(model, scene)

# %% [markdown]
# What does this show, and what doesn't it? The nearest word is a label that *we* stick on a vector; the language model reads the whole
# vector. And through the tower's attention a patch has seen its neighbours, so a word may well appear beside its thing. So let's count: of
# all patches whose centre shows a thing, how many say one of *its* words (name, colour or size)? The control takes what another scene says in
# the same places ("small" is often right by default).

# %%
from course_lib.figures import Figure
from course_lib.figures import share as share_of

held_out = [make_scene(index, SceneSpec(stream="test", count=(1, 3)), seed=6) for index in range(few(80, 4))]


def clarity(model, when):
    """Of a thing's patches: the share that says one of its words."""
    true, other = patches.is_word_of_thing(model, held_out)
    return share_of(f"llava.patch_words.{when}", true, control=round(float(other.mean()), 4))


show_figures(
    [clarity(stages.build_model(), "born"), clarity(named_only, "after_first_words"), clarity(model, "after_captions")]
)

# %% [markdown]
# The captions may cost some clarity. Their loss doesn't ask what *we* would call a patch, only what makes the assistant write the right
# words.
#
# ## Prove it: does it look?
#
# A falling loss proves little: captions have a form ("a picture of a …"), and a model can learn form without eyes. So we give the trained
# model captions of scenes it has never met, each with the true picture, a blank one, and another scene's. **Predict** the order of the three
# losses.

# %%
from course_lib.llava.chat_format import caption_segments
from course_lib.llava.data.batches import collate

batches = [
    collate(tokenizer, [[caption_segments(tokenizer, plain_caption(scene), ASK)]], pixels_of([scene]))
    for scene in held_out
]


@torch.no_grad()
def caption_losses(model, change=lambda features, number: features):
    """The loss of each held-out caption, float [S]; `change` may exchange the picture's features."""
    features = [model.image_features(batch.pixel_values) for batch in batches]
    losses = []
    for number, batch in enumerate(batches):
        inputs = {**batch.inputs(), "features": change(features, number)}
        losses.append(model(**inputs)[0].item())
    return np.array(losses)


grey = model.image_features(torch.zeros(1, 3, 64, 64))
looks = {
    "true": caption_losses(model, lambda features, number: features[number]),
    "blank": caption_losses(model, lambda features, number: grey),
    "shuffled": caption_losses(model, lambda features, number: features[number - 1]),
}


def interval(id, values, **company):
    """A mean with its 95 % interval, in nats."""
    half = 1.96 * values.std(ddof=1) / len(values) ** 0.5
    numbers = [round(float(x), 3) for x in (values.mean(), values.mean() - half, values.mean() + half)]
    return Figure(id, *numbers, n=len(values), unit="nats", **company)


show_figures(
    [
        *(interval(f"llava.caption_loss.{name}", values) for name, values in looks.items()),
        interval("llava.caption_loss.shuffled_minus_true", looks["shuffled"] - looks["true"], chance=0.0),
        interval("llava.caption_loss.blank_minus_true", looks["blank"] - looks["true"], chance=0.0),
    ]
)

# %% [markdown]
# The last two rows are the proof, because they compare picture by picture: an interval entirely above 0 says that the picture helps.
# *Shuffled* is the honest control. A blank picture is unlike anything the connector was trained on, and may do badly for that reason alone.
#
# ## Break it
#
# Here are five mistakes that people really make, applied to the trained model. None raises an error. **Predict** which costs most.


# %%
from course_lib.exercise import stand_in


def features_off_by_one(features, number):
    """The class token kept and the last patch lost: everything is one place late."""
    return features[number].roll(1, dims=1)


def one_patch_for_all(features, number):
    """Pooled features, as for classification: the same vector at all 64 places."""
    return features[number].mean(dim=1, keepdim=True).expand_as(features[number])


def one_place_late(embeddings, is_image, patches):
    """The splice shifted: the last patch overwrites a word."""
    return splice(embeddings, is_image.roll(1, dims=1), patches)


broken = {
    "as it should be": looks["true"],
    "features one place late": caption_losses(model, features_off_by_one),
    "pooled features": caption_losses(model, one_patch_for_all),
}
with stand_in("llava.splice", one_place_late):  # inside, the model calls this one
    broken["splice one place late"] = caption_losses(model, lambda features, number: features[number])
model.vision.layer = -1
broken["layer -1 in use, -2 in training"] = caption_losses(model, lambda features, number: features[number])
model.vision.layer = -2
model.connector, trained = stages.build_model(seed=1).connector, model.connector
broken["connector not loaded"] = caption_losses(model, lambda features, number: features[number])
model.connector = trained
costs = {name: float(values.mean()) for name, values in broken.items()}
words = ", ".join(f"{name} {value:.2f}" for name, value in costs.items())
show.bars(costs, alt=f"Caption loss in nats: {words}.", limit=max(costs.values()), unit="nats")

# %% [markdown]
# A connector that wasn't loaded is as good as none, and the line "some weights were newly initialised" is your only hint
# ([LLaVA#682](https://github.com/haotian-liu/LLaVA/issues/682)). **Warnings are results.** But look at the shifts by one place: they cost so
# little that nobody would notice, and the wrong layer costs a fifth of a nat. Every patch still says its word, just from the wrong place, and
# captions say little about places. That is how such mistakes live for years. No score finds them; a test that compares tensors, like those
# above, does.
#
# And what if the model is trained on the picture's places, too? Count what the loss would then be about.

# %% tags=["check"]
ids, labels = (torch.tensor(row) for row in model.encode(ASK, "a picture of a red car at sea"))
learned = int((labels >= 0).sum())
print(f"learned: {learned} words; with the picture's places: {learned + model.num_patches},")
print(f"of which {100 * model.num_patches / (learned + model.num_patches):.0f} % say: <image>")

# %% [markdown]
# Such a loss falls beautifully, almost to nothing. The model has learned to say `<image>`.
#
# ## Linear or MLP? Layer -2 or -1?
#
# The papers compared these, and so shall we: *your* connectors of both kinds, for a few dozen steps each on captions alone; and the course's,
# with features from both layers, on first words. We use three seeds, since one run proves nothing about a small difference. **Predict:**
# which differences will be larger than the noise?

# %%
seeds = range(few(3, 1))


def aligned(connector_type, seed):
    """A short stage 1 of one of your connectors: the mean loss of held-out captions."""
    student = stages.build_model(seed=seed)
    torch.manual_seed(seed)
    student.connector = make_connector(ours.shape[-1], width, connector_type)
    stages.stage1(student, replace(shortened(recipes.LIVE1, 40), seed=seed, learning_rate=5e-3), pool=pool)
    return caption_losses(student, lambda features, number: features[number]).mean()


def named(layer, seed):
    """A short first part with features of this layer: the loss of its last steps."""
    student = stages.build_model(layer=layer, seed=seed)
    return np.mean(
        stages.train_word_mixture(student, replace(shortened(recipes.LIVE_WORDS, 100), seed=seed)).losses[-20:]
    )


runs = {kind: [aligned(kind, seed) for seed in seeds] for kind in ("linear", "mlp2x_gelu")}
runs |= {f"layer {layer}": [named(layer, seed) for seed in seeds] for layer in (-2, -1)}
for name, losses in runs.items():
    print(f"{name:10s} {np.mean(losses):.2f} ± {np.std(losses):.2f}   ({', '.join(f'{loss:.2f}' for loss in losses)})")

# %% [markdown]
# Compare the first two rows with each other, then the last two: the two pairs have different losses. Then compare each difference with the ±
# beside it; runs as short as these say which learns *faster*, and no more. When this notebook was built, the linear layer was ahead of the
# MLP, and layer -1 ahead of -2, both by more than the noise. But quick isn't good: after stage 2 the two connectors are level, and layer -2
# answers 49 % of questions where -1 answers 44 (Lesson 07, three seeds each). In LLaVA's own ablation -2 was worth nearly a point on ScienceQA (90.92
# against 89.96). In LLaVA-1.5 the MLP added half a point on GQA (46.8 to 47.3), GQA's own training data more than ten (51.4 to 62.0).
# **Data beats connector.**
#
# | connector | who | what the language model gets |
# |---|---|---|
# | linear layer | LLaVA | every patch, one vector each |
# | two layers with a GELU | LLaVA-1.5, LLaVA-NeXT | the same |
# | Q-Former: learned queries attend to the patches | BLIP-2 ([2301.12597](https://arxiv.org/abs/2301.12597)) | 32 vectors, however many patches |
# | gated cross-attention in new layers | Flamingo ([2204.14198](https://arxiv.org/abs/2204.14198)) | nothing in its text: its layers look aside, through gates that start shut, as in Lesson 10 |
# | pixel shuffle, then an MLP | InternVL 1.5 ([2404.16821](https://arxiv.org/abs/2404.16821)), SmolVLM | 2 × 2 or more neighbouring patches as one wide vector |
#
# ## The real thing
#
# In the full tier (`COURSE_TIER=full`, best on a Colab T4), a published LLaVA with half a billion parameters runs through transformers. Look
# for what you know: `vision_tower`, `multi_modal_projector`, `language_model`, and `<image>`.

# %%
from course_lib.llava.full import published

loaded = published.load_real_llava() if session.tier == "full" else None
if session.tier != "full":
    print(f"Skipped: {published.HUB[0]} needs the full tier (COURSE_TIER=full).")
if loaded:
    giant, processor = loaded
    for part, (count, part_share) in published.parameter_shares(giant).items():
        print(f"{part:22s} {count:>12,} parameters, {100 * part_share:5.1f} %")
    inputs = published.prompt(giant, processor, render(scenes[0], 384).image, "What is in this picture?")
    print("places for the picture:", int((inputs["input_ids"] == giant.config.image_token_id).sum()))
    print(published.reply(giant, processor, inputs))

# %% [markdown]
# There, too, the connector is tiny. LLaVA-1.5's stage 1 took 558,000 captions, each seen once, batch size 256, a learning rate of 1e-3
# (against 2e-5 in stage 2), and 3.5 hours on eight A100s for the 7B model.
#
# ## Recap
#
# - A picture enters a language model as vectors in the places of `<image>`; the connector makes them fit in among the words.
# - Take the patches, without the class token, from the layer before the last, and do the same in training and in use.
# - The model learns from the assistant's words, never from the picture's places. Decode what is left before you train.
# - Stage 1 moves only the connector. Fingerprints prove it.
# - Most mistakes raise no error. Comparing true with shuffled pictures, on held-out scenes, reveals them.
#
# You now have a captioner: ask it for a colour, and it describes. In Lesson 07 it learns to listen.
#
# <!-- words -->
#
# ## Quiz
#
# <!-- quiz -->
#
# 1. "tokens: 575, features: 576". Where do you look?
#    - [ ] At the connector. :: It changes how wide a feature is, not how many there are.
#    - [x] At whatever makes the places. :: Patch size, class token counted or not (`vision_feature_select_strategy`), or a text cut off in the middle of the picture. Processor and model must count alike.
#    - [ ] At the batch, which lacks a picture. :: Then 576 would be missing, not one.
# 2. Your stage-1 loss fell to 0.1 within a hundred steps. Good news?
#    - [ ] Yes: the connector is small, and learns fast. :: The same picture can be captioned in many ways. Nobody guesses the exact words that well.
#    - [ ] No: it overfits. :: In a hundred steps, hardly any picture has appeared twice.
#    - [x] Hardly: it probably learns the picture's places. :: Then the model says `<image>` very well. Decode the labels.
# 3. Captions are fluent, but the same for every picture. What is a likely cause?
#    - [x] The connector was not loaded, or the splice gives all texts the first picture. :: Or it learned too little, or from too few pictures: then the model says what captions usually say. Compare true with shuffled pictures.
#    - [ ] The language model is too small. :: Then captions would be clumsy, not all the same.
#    - [ ] Greedy decoding. :: It writes the same for the same input. Another picture is another input, provided it arrives.
# 4. Why not let the language model learn in stage 1 as well, right from the start?
#    - [ ] Frozen weights pass no gradient on, and the connector needs one. :: They do pass it on, or the connector couldn't learn either. They just don't move.
#    - [x] The connector's vectors are noise at first. :: The language model would adapt to noise and forget words before there is anything to see.
#    - [ ] Only to save memory. :: It does save some, but with unlimited memory the words would still suffer.
# 5. Can you use a stage-1 connector with another language model of the same width?
#    - [ ] Yes: the shapes agree. :: It fits, and nothing complains. That is the danger.
#    - [ ] Yes, if the tokenizer is the same. :: A tokenizer gives words numbers. Where the model puts them as vectors is another matter.
#    - [x] No. :: It was aligned with one model's words; another model's words lie elsewhere.
