# ---
# title: "CLIP: pictures and words in one space"
# objectives:
#   - say why a classifier with fixed labels can't name what it was not asked to learn
#   - write the heart of CLIP, two towers' pooling, the symmetric contrastive loss and the temperature
#   - train a small CLIP on your own computer and classify pictures with nothing but words
#   - provoke the contrastive shortcut, and see why a good score can hide it
#   - judge a zero-shot classifier by chance, controls, baselines and pictures in styles it never saw
# prerequisites:
#   - "[the welcome lesson](00_welcome.ipynb)"
#   - a first acquaintance with PyTorch, matrix products, softmax, gradient descent
# minutes: 75
# ---

# %% tags=["setup"]
from course_lib.exercise import exercise, hint, points, progress
from course_lib.session import begin

session = begin(lesson="02_clip")

# %% [markdown]
# ## See it: why do fixed labels fail?
#
# A classical classifier ends in a list: one output for each label it was trained with. Let us make one that knows ten
# animals, from colours alone, and then show it something else.

# %%
import numpy as np
import torch
from torch.nn import functional as F

from course_lib import show
from course_lib.clip import evaluate, train
from course_lib.clip.data import batches, testsets
from course_lib.clip.data.images import normalise, to_tensor
from course_lib.clip.evaluate.zero_shot import colour_histogram
from course_lib.clip.pretrained import build_clip, load_clip

animals = ("dog", "cat", "horse", "cow", "tiger", "panda", "penguin", "frog", "crocodile", "bee")
known = testsets.single_things(animals, per_class=30, stream="train")
guitars = testsets.single_things(("guitar",), per_class=3)

# %% [markdown]
# **Predict before you run:** what will it say to a guitar?

# %%
from sklearn.linear_model import LogisticRegression

fixed = LogisticRegression(max_iter=500).fit(colour_histogram(known.images), known.labels)
for probabilities in fixed.predict_proba(colour_histogram(guitars.images)):
    best = int(probabilities.argmax())
    print(f"a guitar? I say: {animals[best]}, {100 * probabilities[best]:.0f} % sure")

# %% [markdown]
# It has no way to say "guitar", nor "none of these": the probabilities of its ten labels must add up to 1. To teach it one
# more label you need labelled pictures, a new output and a new training.
#
# **CLIP's idea** (Radford et al., 2021, [arXiv 2103.00020](https://arxiv.org/abs/2103.00020)): don't learn a list of labels. Learn
# *which text belongs to which picture*, from pairs as they are found on the web. Then any text is a label.
#
# Two towers do it. One turns a picture into a vector, the other a text, and both vectors live in the same space, where a
# cosine says how well they fit.

# %% tags=["check"]
model = build_clip(seed=session.seed)
for name, tower in (("image tower", model.visual), ("text tower", model.text)):
    print(f"{name}: {sum(p.numel() for p in tower.parameters()):,} parameters")

# %% [markdown]
# OpenAI's ViT-B/32 has 151 million in all. Ours has the same parts and the same interface as
# [open_clip](https://github.com/mlfoundations/open_clip)'s models, so what you write here will run theirs at the end.
#
# These are the pairs that we train on: pictures from the sticker world, with captions that say more, or less.

# %%
pairs = batches.singles(step=0, batch_size=8)
show.pictures(
    list(pairs.images),
    titles=pairs.captions,
    columns=4,
    alt=f"Eight training pictures: {'; '.join(pairs.captions)}.",
)

# %% [markdown]
# ## Build it: the two towers
#
# The image tower's convolutions and transformer blocks turn 64 × 64 pixels into 8 × 8 = 64 patch vectors. CLIP needs *one* vector
# a picture. We pool with attention: a learned query scores every patch, a softmax over the patches makes weights of
# the scores, and the weighted mean goes through a projection into the space shared with text. (OpenAI's ResNets pool with attention,
# too; its ViTs read a class token, which does the same in the last block.)
#
# <!-- exercise: clip.image_head -->
#
# Score the patches with the query, scaled by $1/\sqrt{W}$; softmax over the patches; weighted sum; project.
# Whatever passes here is what the model, its training and its measuring use from then on: this function and all that follow.


# %% tags=["check"]
@exercise("clip.image_head")
def image_head(patches, query, projection):
    """patches [B, N, W], query [W], projection [W, D] → one feature a picture [B, D]"""
    ### BEGIN SOLUTION
    scores = patches @ query * patches.shape[-1] ** -0.5  # [B, N]
    weights = scores.softmax(dim=1)  # over the patches
    pooled = (weights.unsqueeze(-1) * patches).sum(dim=1)  # [B, W]
    return pooled @ projection
    ### END SOLUTION


# %% [markdown]
# The text tower reads tokens from left to right: each sees itself and what came before. So only the *last* token has read
# everything. CLIP puts a special end-of-text token there and gives it the highest id of all, so that `argmax` finds it;
# behind it there is only padding.

# %% tags=["check"]
from course_lib.clip.tokenizer import get_tokenizer

tokenizer = get_tokenizer()
tokens = tokenizer(["a cat", "a small red fire truck at night"])
print(tokens[:, :12])
print("end of text has id", tokenizer.eot_token_id)

# %% [markdown]
# <!-- exercise: clip.pool_at_end -->
#
# From the states of all tokens, take for each text the one at its end-of-text token.


# %% tags=["check"]
@exercise("clip.pool_at_end")
def pool_at_end(hidden, tokens):
    """hidden [B, L, W], tokens [B, L] (integers) → the state at each text's end [B, W]"""
    ### BEGIN SOLUTION
    ends = tokens.argmax(dim=-1)  # [B]
    return hidden[torch.arange(len(hidden)), ends]
    ### END SOLUTION


# %% [markdown]
# ## Build it: the contrastive loss
#
# Take a batch of B pairs. The B × B table of cosines, times a learned scale, is read in two ways: each row is a picture
# choosing among B texts, each column a text choosing among B pictures. The right choices lie on the diagonal:
#
# $$\mathcal{L} = \tfrac{1}{2}\Big[\mathrm{CE}(sUV^\top, y) + \mathrm{CE}(sVU^\top, y)\Big],\qquad y = (0, 1, \dots, B-1)$$
#
# Rows of $U$ and $V$ are the L2-normalised features, and $s$ is the scale, a factor.
#
# <!-- exercise: clip.contrastive_loss -->
#
# It must equal `open_clip.ClipLoss`.


# %% tags=["check"]
@exercise("clip.contrastive_loss")
def contrastive_loss(image_features, text_features, logit_scale):
    """image_features [B, D], text_features [B, D], both L2-normalised; logit_scale a factor → scalar loss"""
    ### BEGIN SOLUTION
    logits = logit_scale * image_features @ text_features.T  # [B, B]
    labels = torch.arange(len(logits))  # the diagonal
    return (F.cross_entropy(logits, labels) + F.cross_entropy(logits.T, labels)) / 2
    ### END SOLUTION


# %% [markdown]
# **Predict:** what does the loss cost before any training, on a batch of 128? And on a batch of *one*?

# %%
batch = train.make_batch(0, train.LIVE)
with torch.no_grad():
    image_features, text_features, scale = model(batch.images, batch.texts)
    print(
        f"128 pairs: {contrastive_loss(image_features, text_features, scale):.2f}   (guessing: ln 128 = {np.log(128):.2f})"
    )
    print(
        f"  1 pair: {contrastive_loss(image_features[:1], text_features[:1], scale):.2f}   (there is nothing to choose)"
    )

# %% [markdown]
# A loss that stays at ln B means that nothing is learned; a loss of exactly 0 with batches of one means that nothing is asked.
# Both are well-known bug reports in CLIP's trackers. CLIP itself trained with batches of 32,768.
#
# The scale $s$ is learned as a logarithm, starting at $\ln(1/0.07)$. Without a limit the easiest way to a smaller
# loss is ever larger logits, until training breaks. CLIP keeps the *factor* between 1 and 100 after each step.
#
# <!-- exercise: clip.clamp_logit_scale -->
#
# What does that mean for the logarithm? Return a new tensor, and leave the one you are given as it is.


# %% tags=["check"]
@exercise("clip.clamp_logit_scale")
def clamp_logit_scale(logit_scale):
    """logit_scale: the logarithm of the factor → the same, within bounds"""
    ### BEGIN SOLUTION
    return logit_scale.clamp(0, np.log(100))
    ### END SOLUTION


# %% [markdown]
# ## Train it, here and now
#
# 1,500 steps of 128 pairs, with *your* loss, in about four minutes on two cores. You can stop it (■) and run the cell again: it
# goes on where it was. Watch the curve leave ln 128.

# %%
from dataclasses import replace

from course_lib.session import quick

recipe = replace(train.LIVE, steps=12, batch_size=32) if quick() else train.LIVE
curve = show.LossCurve(chance=float(np.log(recipe.batch_size)), chance_name=f"ln {recipe.batch_size}")
run = train.train(model, recipe, callbacks=[curve], state_file=session.paths().runs / "live.safetensors")
curve.draw(run)

# %% [markdown]
# The jump half-way is no accident: until then all pictures were close-ups; from then on every other batch shows whole scenes,
# some with several things, which are harder.
#
# How good is it? We ask for one of 160 things, on scenes and in wordings that it never saw. Chance is 0.6 %<!-- figure: clip.zero_shot_top1.trained chance -->.

# %%
tests = testsets.single_things(per_class=2 if quick() else 5)
flat = testsets.single_things(per_class=2 if quick() else 5, styles=("fluent_flat",))
live = {
    "trained styles": float(evaluate.topk_correct(model, tests).mean()),
    "fluent_flat, never trained": float(evaluate.topk_correct(model, flat).mean()),
    "untrained twin": float(evaluate.topk_correct(build_clip(seed=1), tests).mean()),
}
words = ", ".join(f"{name} {100 * value:.0f} percent" for name, value in live.items())
show.bars(live, chance=1 / 160, alt=f"Bars of zero-shot accuracy after the live run: {words}.")

# %% [markdown]
# ## One we made earlier
#
# The same model, the same data, trained longer. From here on we use this one. Everything about it stands on its card.

# %% tags=["check"]
baked = load_clip()
print(
    type(baked).__name__,
    "with the same number of parameters:",
    sum(p.numel() for p in baked.parameters()) == sum(p.numel() for p in model.parameters()),
)

# %% [markdown]
# ## Build it: zero-shot classification
#
# To classify with words, write the class name into a sentence, encode it, and see which sentence lies nearest to the picture. One
# wording is a gamble, so CLIP averages several: each text feature is normalised first, so that all count alike, then
# the mean is taken, and normalised again.
#
# <!-- exercise: clip.prompt_ensemble -->
#
# Normalise, mean, renormalise.


# %% tags=["check"]
@exercise("clip.prompt_ensemble")
def prompt_ensemble(text_features):
    """text_features [C, T, D]: C classes in T wordings, not normalised → one direction a class [C, D]"""
    ### BEGIN SOLUTION
    normalised = F.normalize(text_features, dim=-1)
    return F.normalize(normalised.mean(dim=1), dim=-1)
    ### END SOLUTION


# %% [markdown]
# <!-- exercise: clip.zero_shot_classifier -->
#
# The class names become the weights of a linear classifier. It must equal open_clip's `build_zero_shot_classifier`.


# %% tags=["check"]
@exercise("clip.zero_shot_classifier")
def zero_shot_classifier(model, tokenizer, class_names, templates):
    """C names × T templates (with a {} for the name) → weights [D, C]; no gradients needed"""
    ### BEGIN SOLUTION
    texts = [template.format(name) for name in class_names for template in templates]
    with torch.no_grad():
        features = model.encode_text(tokenizer(texts))  # [C·T, D]
    return prompt_ensemble(features.view(len(class_names), len(templates), -1)).T
    ### END SOLUTION


# %% [markdown]
# <!-- exercise: clip.classify -->
#
# From picture features and class weights to probabilities.


# %% tags=["check"]
@exercise("clip.classify")
def classify(image_features, weights, logit_scale):
    """image_features [B, D] not normalised, weights [D, C], logit_scale a factor → probabilities [B, C]"""
    ### BEGIN SOLUTION
    cosines = F.normalize(image_features, dim=-1) @ weights
    return (logit_scale * cosines).softmax(dim=-1)
    ### END SOLUTION


# %% [markdown]
# Now all of it together, with your functions, on four pictures in a style that was never trained:

# %%
from course_lib.world.language import TEST_TEMPLATES

templates = [wording for _, wording in TEST_TEMPLATES]
things = ("guitar", "butterfly", "coffee", "rocket")
pictures = testsets.single_things(things, per_class=1, styles=("fluent_flat",))
labels = ["a guitar", "a butterfly", "some coffee", "a rocket", "a cat", "a piano"]
weights = zero_shot_classifier(baked, tokenizer, labels, templates)
with torch.no_grad():
    features = baked.encode_image(normalise(to_tensor(pictures.images)))
    probabilities = classify(features, weights, baked.logit_scale.exp())
show.pictures(
    list(pictures.images),
    titles=list(things),
    columns=4,
    alt="A guitar, a butterfly, coffee and a rocket in flat style.",
)
show.matrix(
    probabilities.numpy(),
    list(things),
    labels,
    alt="Probabilities of six labels for the four pictures. " + show.highest(probabilities.numpy(), things, labels),
)

# %% [markdown]
# No output was trained for any of these lists: the words *are* the classifier.
#
# Where does it look? The picture's feature is a weighted mean of its patches, so its agreement with a text is a sum, one
# part a patch. Bright is where the parts are large. **Nobody ever told this model where anything is.**

# %%
with torch.no_grad():
    parts = baked.patch_contributions(normalise(to_tensor(pictures.images)), weights[:, :4].T)  # [4, 64]
maps = [part.view(8, 8).numpy() for part in parts]
show.heat(
    list(pictures.images),
    maps,
    labels[:4],
    alt="Each picture above, and below it the same picture, bright where its patches speak for the label: on the thing itself.",
)

# %% [markdown]
# ### Try it: your own labels
#
# Type labels, separated by commas, and watch the probabilities move. Try a wrong list, a list without the right answer, another
# language, a colour.

# %%
from course_lib.clip.ui import label_box

choices = dict(zip(things, pictures.images, strict=True))
label_box(baked, tokenizer, choices, labels="a guitar, a violin, a spoon")

# %% [markdown]
# ## Break it: the contrastive shortcut
#
# Our batches are chosen with care: no two pictures of a batch show the same thing in the same colour, and captions often leave out
# colour, size and place. What if we take batches of anything, and captions that always say everything?
#
# **Predict:** will the loss be lower or higher? Will the model know the *things* better or worse?


# %%
def compare(shortcut):
    """Train briefly; → (how often it finds the caption among 256, how often it names the thing among 160)."""
    steps = 6 if quick() else 400
    short = train.ClipRecipe(
        steps=steps, batch_size=32 if quick() else 128, augment_strength=0, close_up_frac=1, shortcut=shortcut
    )
    student = build_clip(seed=3)
    train.train(student, short)
    pairs = batches.full_captions(step=10**6, batch_size=256)
    with torch.no_grad():
        image_features = student.encode_image(normalise(to_tensor(pairs.images)), normalize=True)
        text_features = student.encode_text(tokenizer(pairs.captions), normalize=True)
    retrieval = ((image_features @ text_features.T).argmax(dim=1) == torch.arange(256)).float().mean().item()
    bare = batches.close_ups(step=10**6, batch_size=160)
    names = [evaluate.with_article(name) for name in bare.names]
    words = zero_shot_classifier(student, tokenizer, names, ["a picture of {}"])
    with torch.no_grad():
        predicted = (student.encode_image(normalise(to_tensor(bare.images)), normalize=True) @ words).argmax(dim=1)
    return retrieval, (predicted == torch.arange(160)).float().mean().item()


careless, careful = compare(shortcut=True), compare(shortcut=False)
results = {
    "careless: finds the caption": careless[0],
    "careful: finds the caption": careful[0],
    "careless: names the thing": careless[1],
    "careful: names the thing": careful[1],
}
words = ", ".join(f"{name} {100 * value:.0f} percent" for name, value in results.items())
show.bars(results, alt=f"Two short runs compared: {words}.")

# %% [markdown]
# The careless run finds captions better and knows things worse. Size, colour and place tell 128 random scenes apart almost
# alone: a *shortcut*. Its retrieval score looks good and hides that shapes went unlearned. So don't trust one
# score; ask for exactly what you want to know. (On the web, harder negatives and larger batches work against this.)
#
# ## Prove it
#
# Now the measurements, on scenes of the stream "test", in wordings never trained on. Each figure has company: chance, a control
# that must fail, a baseline, a ceiling.

# %%
from course_lib.figures import show as show_figures

untrained = build_clip(seed=1)
ladder = list(evaluate.zero_shot(baked, untrained))
show_figures(ladder)

# %%
steps = {figure.id.rsplit(".", 1)[1]: figure.value for figure in ladder if "top1" in figure.id}
rungs = {name: steps[name] for name in ("trained", "fluent_flat", "fluent", "line")}
words = ", ".join(f"{name} {100 * value:.0f} percent" for name, value in rungs.items())
show.bars(rungs, chance=1 / 160, alt=f"The style ladder, zero-shot accuracy: {words}.")

# %% [markdown]
# The model saw two hands draw, noto and twemoji. The further a style lies from these, the less it knows: *line* has no colours
# at all. The baseline in the table is the same tower trained in the old way, on labels, with the same pictures: it is as good, and
# on *line* a little better. So what CLIP buys here is not robustness; it is that nobody had to fix a list of labels.
#
# The real CLIP closes up to 75 % of the robustness gap (its paper, section 3.3, which leaves the cause open). Later experiments found it in
# the data: in how *varied* the pictures are, and not in language or the loss (Fang et al., 2022, [arXiv 2205.01397](https://arxiv.org/abs/2205.01397)).
#
# Next: a colour on a thing that never had it in training, and things that were never named. (Classes whose own artwork has the colour,
# such as the orange fox, are left out: training saw those foxes, though it never painted one.)

# %%
show_figures(evaluate.pairs_and_novel(baked, untrained))

# %% [markdown]
# Unseen *pairs* work, since colour and thing were each learned. Novel *words* do not: tokens that were never read still point where they
# pointed at birth. The little that is above chance comes from names with a word that training did read, such as police *car*; the last row
# leaves these out. Real CLIP seems to know everything because hardly any word is new to it.
#
# Does it matter how one asks? In CLIP's paper an ensemble of 80 wordings is worth 3.5 points on ImageNet. Our model met every name in 26
# wordings: **predict** whether more wordings help it.

# %%
show_figures(evaluate.prompts(baked))

# %% [markdown]
# They don't help: so many wordings in training have taught the text tower to look through the wording.
#
# And if one has a few labelled pictures? A *linear probe* is a linear classifier, trained on the frozen picture features, here with
# k labelled examples a class. **Predict:** how many does it need to pass zero-shot?

# %%
shots = list(evaluate.probes(baked)) if not quick() else []
by_shots = {int(f.id.rsplit("k", 1)[1]): f.value for f in shots if ".k" in f.id}
if by_shots:
    zero_shot = shots[0].baseline
    show.curves(
        list(by_shots),
        {"linear probe": list(by_shots.values()), "zero-shot": [zero_shot] * len(by_shots)},
        xlabel="labelled examples a class (fluent_flat)",
        ylabel="accuracy",
        alt=f"Accuracy of a linear probe by examples a class, {', '.join(f'{k}: {100 * v:.0f} percent' for k, v in by_shots.items())}; "
        f"zero-shot: {100 * zero_shot:.0f} percent.",
    )

# %% [markdown]
# In CLIP's paper zero-shot equals a linear probe with 4 examples a class on average over its data sets, and with 16 on ImageNet (section 3.1.5).
# Ours is passed by a single one. That is a fact about our small world, not about the method: a style draws each class once or twice, so one example *shows the very drawing* that is
# asked for. On photographs every picture is new. When a baseline looks too good, ask what it was shown.
#
# Last, retrieval among 512 captions, and *Winoground* in miniature (Thrush et al., 2022): two pictures, two captions of the same words, "a cat
# left of a dog" and "a dog left of a cat".

# %%
show_figures([*evaluate.retrieval(baked, untrained), *evaluate.winoground(baked)])

# %% [markdown]
# A bag of words is enough for most retrieval, so the order of words is learned last, if at all. Look at the group score beside
# chance (1 in 6): it is even *below*, because a model that likes one of the two captions better whatever it sees gets every such
# pair wrong, where coin tosses would get some right. Large CLIP models sit near chance here too.
#
# ## The real thing
#
# In the full tier (`COURSE_TIER=full`, best on a Colab T4) the same functions run open_clip's ViT-B-32, trained on two billion
# pairs, on real photographs. In the pocket tier we only show the photographs to our own model, which has never seen one.

# %%
from PIL import Image

from course_lib.clip import full
from course_lib.clip.data.images import prepare

photos = full.photographs()
names = ["an astronaut", "a cat", "a cup of coffee", "a rocket", "a bowl of soup", "three cups of coffee"]
show.pictures(
    [np.asarray(Image.fromarray(photo).resize((192, 128))) for photo in photos.values()],
    titles=list(photos),
    columns=4,
    alt="Photographs: " + ", ".join(photos) + ".",
)
the_real_one = full.load_real_clip(session.device) if session.tier == "full" else None

# %%
if the_real_one:
    reader, words_to_tokens, look = the_real_one.model, the_real_one.tokenizer, the_real_one.transform
    ready = torch.stack([look(Image.fromarray(photo)) for photo in photos.values()]).to(session.device)
else:
    reader, words_to_tokens = baked, tokenizer
    ready = torch.stack([prepare(photo) for photo in photos.values()])
weights = zero_shot_classifier(reader, words_to_tokens, names, ["a photo of {}"])
with torch.no_grad():
    probabilities = classify(reader.encode_image(ready), weights, reader.logit_scale.exp()).cpu()
show.matrix(
    probabilities.numpy(),
    list(photos),
    names,
    alt="Probabilities of six labels for the photographs. " + show.highest(probabilities.numpy(), photos, names),
)

# %% [markdown]
# The pocket model's answers here are guesses, and yet some are confident: photographs and most of these words are outside its world, and a
# softmax must add up to 1. With the real one, see whether it names the four; then look for CLIP's known weaknesses: can it tell
# one cup from three (counting)? What does it make of "not a cat" among the labels (negation)?
#
# ## Recap
#
# - A list of labels is a wall; text is a door. CLIP learns which text belongs to which picture.
# - The loss is a classification inside the batch, in both directions, at a learned and limited temperature.
# - Zero-shot: class names → sentences → normalise, mean, renormalise → the weights of a linear classifier.
# - A contrastive model learns what tells its batch apart, and no more. Choose the batch, and measure what you care about.
# - Every score needs chance, a control and a held-out set beside it.
#
# <!-- words -->
#
# ## Quiz
#
# <!-- quiz -->
#
# 1. The loss stays at 4.85 with batches of 128. What does that tell you?
#    - [ ] It learns slowly: wait, or raise the rate. :: A *slow* start would at least move.
#    - [x] It guesses among 128. :: ln 128 = 4.85. Look for shuffled pairs, a missing scale, a learning rate of zero.
#    - [ ] It has learned all that these pictures hold. :: Then every picture would find its own text, and the loss would be near 0.
#    - [ ] It overfits. :: That drives the loss of training down, not to the value of guessing.
# 2. Why normalise each wording *before* the mean?
#    - [ ] So that the mean has length 1. :: It has not: the mean of unit vectors is shorter, which is why it is normalised once more afterwards.
#    - [x] Otherwise long vectors outvote short ones. :: Length carries no meaning in a model trained on cosines.
#    - [ ] To keep the softmax from overflowing. :: The softmax sees cosines times the scale. How long the wordings were does not reach it.
# 3. Retrieval among random captions is 97 %. Has the model learned shapes?
#    - [ ] Yes: 97 % can't be luck. :: It isn't luck. But colour, size and place may be enough to tell those captions apart.
#    - [ ] No: retrieval can be had without shapes. :: It can, but that does not say that this model does. The figure can't tell.
#    - [x] Not necessarily. :: Colour, size and place may be enough. Ask for the thing alone, and report recolourable things by themselves.
# 4. Why does a purple guitar work, when no guitar was purple in training, but a kangaroo hardly?
#    - [x] "Purple" and "guitar" were each learned, and they combine. :: The word "kangaroo" was never read with any picture: nothing ties its vector to one.
#    - [ ] A guitar is easier to recognise than a kangaroo. :: Both are drawn by the same hands. What differs is the words that training has read.
#    - [ ] A few purple guitars were in the training data. :: None was: a test looks for such leaks in thousands of scenes.
