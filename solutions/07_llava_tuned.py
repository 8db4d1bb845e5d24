# ---
# title: "LLaVA II: visual instruction tuning with LoRA"
# objectives:
#   - write LoRA by hand, with its initialisation, scale and merging, and find it equal to peft's
#   - decide which layers get an adapter, what learns at which rate, and what must be saved
#   - tune your LLaVA on instructions, and break it in the three most common ways
#   - prove that it looks, with blank, shuffled and contradictory pictures beside the best guess from the words
#   - compute POPE's scores for hallucination, and read its yes-ratio
# prerequisites:
#   - "[connecting vision to language](06_llava_connect.ipynb)"
#   - "[instruction data](05_instruction_data.ipynb)"
# minutes: 75
# gpu: A T4 is enough to tune a LLaVA of half a billion parameters at the end; nothing else needs one.
# ---

# %% tags=["setup"]
from course_lib.exercise import exercise, hint, points, progress
from course_lib.session import begin

session = begin(lesson="07_llava_tuned")

# %% [markdown]
# ## See it: a captioner and an assistant
#
# The talk that this course follows (Yong Jae Lee, "Learning to Understand Our Multimodal World with Minimal Supervision") shows a man ironing
# clothes on the back of a moving taxi, and asks four systems what is unusual. LLaVA and GPT-4 answer the question. BLIP-2 and OpenFlamingo
# say what is in the picture, whatever you ask.
#
# Here are both kinds in miniature, one system each. The *captioner* is Lesson 06's: only its connector has learned. The *assistant* has the same tower and language
# model, and LLaVA-1.5's connector, a two-layer MLP; it was tuned on questions and instructions. A question that ends with "Use one word only." wants one word, every other request sentences: LLaVA-1.5's
# *format line* (Liu et al., 2024, [arXiv 2310.03744](https://arxiv.org/abs/2310.03744)).
#
# **Predict before you run:** what will a captioner say when you ask it for a colour?

# %%
import copy
import random

import numpy as np
import torch
from torch import nn

from course_lib import show
from course_lib.figures import recorded, wilson
from course_lib.figures import show as show_figures
from course_lib.llava import evaluate, lora, recipes
from course_lib.llava.chat_format import in_one_word
from course_lib.llava.data import testsets
from course_lib.llava.train import parameters, saved, stages
from course_lib.world.render import render
from course_lib.world.scenes import SceneSpec, make_scene

captioner, assistant = saved.load("1"), saved.load("2")
one = testsets.vqa_examples("colour", 1, stream="val")[0]
picture = render(one.scene).image
requests = [in_one_word(one.question.text), evaluate.CAPTION_REQUESTS[0], *evaluate.REPLY_REQUESTS.values()]


def replies(model):
    """What a model replies to each request about the picture."""
    return evaluate.answers(model, np.stack([picture] * len(requests)), requests, brief=False)


show.pictures([render(one.scene, 256).image], alt=f"A scene with {', '.join(t.name for t in one.scene.things)}.")
for request, *said in zip(requests, replies(captioner), replies(assistant), strict=True):
    print(
        request, *(f"   {name}: {text}" for name, text in zip(("captioner", "assistant"), said, strict=True)), sep="\n"
    )

# %% [markdown]
# (*Here* stands in its questions about places: so "Which things are here?" gets a true sentence, and no answer.)
#
# LLaVA's paper puts a number on it: its model scores 21.5 on LLaVA-Bench (COCO) without instruction tuning, and 85.1 with it (Liu et al.,
# 2023, [arXiv 2304.08485](https://arxiv.org/abs/2304.08485)). In this lesson you tune one yourself.

# %%
show.diagram(
    {
        "x": show.Box(0, 0.5, "x", "[B, T, in]"),
        "w": show.Box(1.2, 0, "W", "[out, in]", "frozen"),
        "a": show.Box(1, 1, "A", "[r, in]", "learned"),
        "b": show.Box(2, 1, "B, at first 0", "[out, r]", "learned"),
        "sum": show.Box(3.1, 0.5, "sum", "[B, T, out]", "result"),
    },
    [("x", "w"), ("w", "sum"), ("x", "a"), ("a", "b", "r"), ("b", "sum", "· α/r")],
    alt="LoRA: beside a frozen matrix W runs a second way, through A down to r numbers and through B up again, times alpha over r; both ways are added.",
)

# %% [markdown]
# ## Build it: LoRA
#
# In stage 2 the language model itself must learn. Ours is small and could learn in full; one with 7 billion parameters needs about 16 bytes
# for each of them while it learns (weight, gradient, two moments of Adam), more than 100 GB. *LoRA* (Hu et al., 2021,
# [arXiv 2106.09685](https://arxiv.org/abs/2106.09685)) freezes every matrix $W$ and learns a small change beside it, the product of two thin
# ones:
#
# $$W' = W + \frac{\alpha}{r} B A, \qquad A \in \mathbb R^{r \times in},\; B \in \mathbb R^{out \times r}$$
#
# With $r = 8$ and a 4096 × 4096 matrix, that is 65,536 numbers instead of 16.8 million. How must $A$ and $B$ start out?
#
# <!-- exercise: llava.new_adapter -->
#
# We want two things: before the first step, the model must be the base model *exactly*, and a gradient must flow from the first step on. For
# the random one, use peft's choice, uniform in $\pm 1/\sqrt{in}$: `nn.init.kaiming_uniform_(…, a=math.sqrt(5))`. (The paper's Gaussian works
# as well.)

# %%
import math


# %% tags=["check"]
@exercise("llava.new_adapter")
def new_adapter(in_features, out_features, r):
    """→ A [r, in] and B [out, r], float32"""
    ### BEGIN SOLUTION
    a = torch.empty(r, in_features)
    nn.init.kaiming_uniform_(a, a=math.sqrt(5))
    return a, torch.zeros(out_features, r)
    ### END SOLUTION


# %% [markdown]
# <!-- exercise: llava.lora_forward -->
#
# Never multiply $B$ by $A$ here: two thin products are much cheaper than one thick matrix. The rank is in `a.shape`.


# %% tags=["check"]
@exercise("llava.lora_forward")
def lora_forward(x, weight, a, b, lora_alpha):
    """x [..., in], weight [out, in], a [r, in], b [out, r] → [..., out]"""
    ### BEGIN SOLUTION
    r = a.shape[0]
    scaling = lora_alpha / r
    return x @ weight.T + scaling * (x @ a.T @ b.T)
    ### END SOLUTION


# %% [markdown]
# Once training is over, nobody needs to pay for a second path any more.
#
# <!-- exercise: llava.merged_weight -->
#
# One matrix that does what both paths do together.


# %% tags=["check"]
@exercise("llava.merged_weight")
def merged_weight(weight, a, b, lora_alpha):
    """weight [out, in], a [r, in], b [out, r] → [out, in]"""
    ### BEGIN SOLUTION
    scaling = lora_alpha / a.shape[0]
    return weight + scaling * (b @ a)
    ### END SOLUTION


# %% [markdown]
# It's a short step from here to a layer: the course's `LoraLinear` calls *your* three functions, as does all of its code from here on,
# including the merging of the baked model. peft, the library everybody uses, must agree: the same $A$ and $B$ give the same output, merged or
# unmerged.

# %% tags=["check"]
from peft import LoraConfig, get_peft_model

torch.manual_seed(session.seed)
base = nn.Sequential(nn.Linear(40, 24, bias=False))
theirs = get_peft_model(copy.deepcopy(base), LoraConfig(r=4, lora_alpha=10, target_modules=["0"]))
mine, layer, x = lora.LoraLinear(base[0], 4, 10), theirs.base_model.model[0], torch.randn(5, 40)
with torch.no_grad():
    print("new, equal to the base:     ", torch.equal(mine(x), base(x)))
    nn.init.normal_(layer.lora_B["default"].weight)
    mine.lora_A.copy_(layer.lora_A["default"].weight)
    mine.lora_B.copy_(layer.lora_B["default"].weight)
    print("equal to peft's to 1e-6:    ", bool((mine(x) - theirs(x)).abs().max() < 1e-6 * theirs(x).abs().max()))
    unmerged = mine(x)
    mine.merge()
    print("merged equal to 1e-5:       ", torch.allclose(mine(x), unmerged, atol=1e-5))

# %% [markdown]
# Now, where do the adapters go? Every module of a LLaVA has a name with a path: `vision…`, `connector…`, `language_model…`.
#
# <!-- exercise: llava.lora_targets -->
#
# Every linear layer of the language model except its output layer `lm_head`. Not the vision tower, which stays frozen; not the connector,
# which learns in full.


# %% tags=["check"]
@exercise("llava.lora_targets")
def lora_targets(modules):
    """modules: [(name, is it linear?), …] → the names of those that get an adapter, in this order"""
    ### BEGIN SOLUTION
    left_out = {"vision", "connector", "lm_head"}
    return [name for name, linear in modules if linear and not left_out & set(name.split("."))]
    ### END SOLUTION


# %% [markdown]
# How much of the model learns, then, at each rank?

# %% tags=["check"]
shares = {}
for r in (1, 8, 64):
    student = copy.deepcopy(captioner).requires_grad_(False)
    lora.add_lora(student, lora_targets(lora.modules_of(student)), r, 2 * r)
    shares[r] = parameters.trainable_fraction(student)
print("adapters beside", len(lora_targets(lora.modules_of(captioner))), "layers")
print({f"rank {r}": f"{100 * share:.1f} %" for r, share in shares.items()})

# %% [markdown]
# In a small model even a low rank makes a large share, because the matrices are narrow. For Llama 7B with LLaVA-1.5's $r = 128$, it is about
# 5 %.
#
# Two things learn now, and they have different histories: the adapters start from nothing, while the connector has already been trained. So
# each gets its own rate: LLaVA-1.5 uses 2e-4 for the adapters, 2e-5 for the connector (`learning_groups` in
# `course_lib/llava/train/parameters.py`).
#
# And at the end, what goes into the file? One of the most frequent questions in LLaVA's repository comes from people whose tuned model talks
# nonsense once it is loaded ([#784](https://github.com/haotian-liu/LLaVA/issues/784),
# [#682](https://github.com/haotian-liu/LLaVA/issues/682)).
#
# <!-- exercise: llava.to_save -->
#
# Everything that nobody could download again.


# %% tags=["check"]
@exercise("llava.to_save")
def to_save(parameters):
    """{name: parameter} → {name: parameter}, those that must be written down"""
    ### BEGIN SOLUTION
    return {name: parameter for name, parameter in parameters.items() if parameter.requires_grad}
    ### END SOLUTION


# %% [markdown]
# Try both on the captioner: adapters where *you* say, five small steps, and *your* choice of what to save. Then load it into a model that has
# never been trained: does it say the same, to the last bit? And without the connector?

# %% tags=["check"]
from course_lib.llava.data.batches import stage2_batch


def with_adapters(model):
    """The model with adapters beside the layers that you chose; they and the connector learn."""
    model.requires_grad_(False)
    torch.manual_seed(session.seed)
    lora.add_lora(model, lora_targets(lora.modules_of(model)), r=8, lora_alpha=16)
    model.connector.requires_grad_(True)
    return model


student, tokenizer = with_adapters(copy.deepcopy(captioner)), captioner.tokenizer
tiny = recipes.LlavaRecipe(steps=5, batch_size=2, learning_rate=2e-3)
optimizer = torch.optim.AdamW(parameters.learning_groups(dict(student.named_parameters()), 2e-3, 2e-4))
for step in range(5):
    loss, _ = student(**stage2_batch(tokenizer, step, tiny).inputs())
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
learned = to_save(dict(student.named_parameters()))
test = stage2_batch(tokenizer, 99, tiny).inputs()
with torch.no_grad():
    for name, tensors in {
        "everything that learned": learned,
        "adapters only": {n: p for n, p in learned.items() if "lora_" in n},
    }.items():
        loaded = with_adapters(stages.build_model(seed=1))
        loaded.load_state_dict(tensors, strict=False)
        same = torch.equal(loaded(**test)[1], student(**test)[1])
        print(f"{name}: {len(tensors)} tensors; loaded, it says the same: {same}")

# %% [markdown]
# All adapter loaders use `strict=False`, because the frozen part isn't in the file. That is also why nobody was told that the connector was
# missing.
#
# ### Tune it
#
# From here on we use peft, as everybody does, with the layers that *your* `lora_targets` names. We start where Lesson 06 ended, with the
# captioner and its mixture of words, which learn quicker. (How the shipped assistant came to its MLP: below, "What is each part worth?") In these
# minutes the connector must learn a lot, so its rate is the adapters', not a tenth of it.
#
# The vision tower is frozen, so it looks at each of 4,000 pictures just *once*; the minutes go into the language model. Every
# picture comes with short questions, and one in seven with **instruction data** as well: a conversation, a description or some reasoning by
# Lesson 05's teacher. As always, look at the very first batch: the model learns the assistant's words, and nothing of the 64 places where the
# picture stands.

# %%
from dataclasses import replace

from course_lib.llava.data.pictures import PicturePool
from course_lib.lm.loss import unigram_entropy
from course_lib.session import few

recipe = recipes.LIVE2
recipe = replace(recipe, steps=few(recipe.steps), batch_size=few(recipe.batch_size, 4))
student = saved.load("1")
pool = PicturePool.compute(student.image_features, few(recipes.LIVE_PICTURES, 8))

# %%
batch = stage2_batch(tokenizer, 0, recipe, pool=pool)
rows = [[text.strip() for text in tokenizer.decode(row[row >= 0]).split("<|im_end|>")[:-1]] for row in batch.labels]
longest = max(rows, key=lambda texts: max(map(len, texts)))
print(sum(map(len, rows)), "answers about", len(rows), "pictures in the first batch; about one of them:")
print(*longest, sep="\n")

# %%
before = replies(student)
by_words = unigram_entropy(batch.labels[batch.labels >= 0])
curve = show.LossCurve(chance=by_words, chance_name="by how often each token is said")
run = stages.stage2(
    student, recipe, pool=pool, callbacks=[curve], state_file=session.paths().runs / "stage2.safetensors"
)
curve.draw(run)

# %% [markdown]
# Here is a reply of each kind, before and after. Read them before you look at any score: what is well spelled need not be true.

# %%
for request, old, new in zip(requests, before, replies(student), strict=True):
    print(request, f"   before: {old}", f"   after:  {new}", sep="\n")
show_figures(evaluate.reply_figures(student, few(40)))

# %%
about = [one for kind in testsets.SCORED_KINDS for one in testsets.vqa_examples(kind, few(30, 4))]
models = {"first words": saved.load("words"), "captioner": captioner, "your stage 2": student, "baked": assistant}
live = {name: evaluate.accuracy(model, about) for name, model in models.items()}
words = ", ".join(f"{name} {100 * value:.0f} percent" for name, value in live.items())
intervals = {name: wilson(value, len(about)) for name, value in live.items()}
show.bars(live, intervals=intervals, alt=f"Share of questions about unseen scenes answered right: {words}.")

# %% [markdown]
# First words and captioner never met the line that asks for one word: their bars say little about what they see.
#
# ## Break it
#
# The first two ask where stage 2 should start; the others are ways in which people really break it. **Predict** for each: does the loss tell
# you? Do the answers?
#
# 1. *From the mixture of words*: no captions through the frozen language model first.
# 2. *No stage 1*: the connector knows nothing, and learns together with the adapters.
# 3. *The user's words are learned, too.*
# 4. *The connector is not saved.* Training went well, but the loaded model has a new connector.

# %%
short = replace(recipe, steps=few(40))
broken = {}


def tuned(model, **options):
    """A short stage 2; its last losses, and its accuracy."""
    losses = stages.stage2(model, short, pool=pool, **options).losses[-10:]
    return f"loss {np.mean(losses):.2f}", evaluate.accuracy(model, about)


broken["as it should be"] = tuned(saved.load("1"))
broken["from the mixture of words"] = tuned(saved.load("words"))
broken["no stage 1"] = tuned(stages.build_model())
broken["user's words learned"] = tuned(saved.load("1"), learn_user=True)

# %%
loaded = copy.deepcopy(assistant)
for layer in (loaded.connector[0], loaded.connector[2]):  # Linear, GELU, Linear
    layer.reset_parameters()
broken["connector not saved"] = ("no loss, no error", evaluate.accuracy(loaded, about))
for name, (loss, share) in broken.items():
    print(f"{name:22s} {loss:20s} right answers {100 * share:3.0f} %")
print(one.question.text, "→", evaluate.answers(loaded, picture[None], [one.question.text])[0])

# %% [markdown]
# Compare the first three rows: words help, and captions help further: here in 40 steps, with one seed. The last row is the worst: nothing failed. A loader that finds no connector makes one, prints "some weights were newly initialised", and
# carries on. **Warnings are results**: that line was the only sign. And as in Lesson 04, a loss that includes the user's words is a mean over
# other tokens, so you can't compare it with the others.
#
# ## Prove it: does it look?
#
# A high score is no proof. Many questions can be answered well without a picture: half of VQA v1 could (Goyal et al., 2017,
# [arXiv 1612.00837](https://arxiv.org/abs/1612.00837)). So every figure has four others beside it: the most common answer; the **best guess
# from the words alone** (the strongest of several classifiers, fitted on thousands of training questions); a **blank** picture; and another
# scene's. (`python -m course_lib evaluate llava` measured them; it takes minutes.)

# %%
kinds = (*testsets.SCORED_KINDS, "related", "mean")
companions = ("llava.vqa_blank.mean", "llava.vqa_shuffled.mean", "llava.text_prior.mean")
show_figures(recorded(*(f"llava.vqa.{kind}" for kind in kinds), *companions))

# %% [markdown]
# Read each row from the right. Where value and baseline are close, the row proves nothing, however high the value. That goes for *related*
# ("is the cat left of the dog?", yes or no), where our model only guesses. It knows the direction, as *relation* shows, and the question
# names one; but comparing the two takes one more step, which four layers don't learn from such examples: the language model alone, told where
# the things are, guesses here as well. So the mean leaves *related* out and covers seven kinds; its note gives the mean over all eight. Over
# these seven, blank and shuffled pictures (the latter in a row of their own) may beat the guess, measured on 2,000 questions per kind, by no
# more than three points; otherwise the question gives away part of the answer. For a single row, 200 questions are too few to tell.
#
# The sharpest test changes the picture and keeps the question: two colours swap, a thing appears or disappears, left becomes right.
# Everything that a prior could know stays the same, but the right answer changes.
#
# The bar for the mean is 88 %, and 86.4 %<!-- figure: llava.vqa.mean --> misses it. Tried: more of the same two sorts of runs, while the loss
# still fell (validation stream: 81, then 85 of 100); captions, the line that asks for one word, and all kinds of data in every step (87.3 on
# these questions); requests in hundreds of wordings (86.1, but captions came in form in 100 of 100 cases, 65 before); the MLP (shipped; 1,200 steps
# more: validation 87.4, then 86.1); the mean
# of both weights (86 on validation, but half of the captions out of form). Stages 1 and 2, trained live, should reach 65 %, and reach
# 57.4 %<!-- figure: llava.live_vqa.mean -->. Four times the rate and twice the questions a picture gave 4 points (validation: 55, then 59, one run
# each, ± 5); more questions of existence, these and relations first, more pictures, smaller batches, a lower rank: no more than noise. What is missing is *looking up*:
# whether a named thing is there, and on which side, stays near chance. From the baked captioner, with ever new pictures, 2,000 steps reach
# 64.5 %<!-- figure: next.mlp_longer baseline -->.

# %%
from course_lib.llava.evaluate.contradiction import contradictions

pairs = [contradictions(kind, 1, stream="val")[0] for kind in ("colour", "relation", "place")]
shown, titles = [], []
for pair in pairs:
    for scene in (pair.scene, pair.changed):
        image = render(scene).image
        shown.append(image)
        titles.append(f"{pair.question.text} {evaluate.answers(assistant, image[None], [pair.question.text])[0]}")
show.pictures(
    shown, titles=titles, alt=f"Three pairs of pictures, the second with one fact changed. {'; '.join(titles)}."
)

# %%
show_figures(evaluate.contradiction_figures(assistant, num_per_kind=60), slow=True)

# %% [markdown]
# (With 100 pairs a kind 82.9 %<!-- figure: llava.contradiction_flip -->: a hair below the bar, 83. With the mixture it was 84.7.)
#
# Colours are the old weakness of "bags of patches": it's easy to see that the picture contains red and blue; *which thing* is red is another
# matter. A scene with one coloured thing can't tell the two skills apart, so scenes with several are counted separately, and so are colours
# that training never put on that thing. (The third row holds signs with words that do occur on training signs.)

# %%
show_figures(recorded("llava.vqa.colour_apart", "llava.vqa.colour_unseen_pairs", "llava.vqa.read_trained_words"))

# %% [markdown]
# Of the seven kinds of questions, your stage 2 gets one wrong nearly every time: *read*, what a sign says. Its labels had the right answers,
# as for all the others. But CLIP was never paid for letters, and what the vision tower drops, no connector brings back. The baked model has
# eyes for letters beside CLIP's, and reads 66 %<!-- figure: llava.vqa.read --> of the signs. How, you'll see in [Lesson 08](08_llava_next.ipynb).

# %% [markdown]
# ## Prove it: does it make things up?
#
# *POPE* (Li et al., 2023, [arXiv 2305.10355](https://arxiv.org/abs/2305.10355)) asks about things that are there and about as many that
# aren't: random names, popular ones, and tempting ones. In photographs a knife makes a fork tempting, because the two occur together. In our
# scenes no two things go together, so tempting means *alike*: another animal, where there is an animal.
#
# First we must parse the reply, and there is a trap: POPE's own parser looks for "no" and "not" in the first sentence and counts *everything
# else* as yes, garbage included. Ours doesn't. (`python -m course_lib llava pope FOLDER` writes questions, answers and pictures in the form
# that POPE's own `evaluate.py` reads.)

# %% tags=["check"]
from course_lib.llava.evaluate import pope

for said in ("no", "Yes, there is.", "a cat a cat a cat"):
    print(f"{said!r:22} ours: {pope.parse(said)}, POPE's: {pope.parse_as_pope(said)}")

# %% [markdown]
# Then we score it. **Predict:** what accuracy, and what F1, does an always-yes model get?
#
# <!-- exercise: llava.pope_scores -->
#
# *Accuracy* is the share of right answers. *F1* is for "yes": twice the number of right yeses, divided by the model's and the truth's yeses
# together. The *yes-ratio* is the share of yes among the model's replies. A reply that is neither yes nor no is `None`: it is wrong, and
# stays in every count of replies.


# %% tags=["check"]
@exercise("llava.pope_scores")
def pope_scores(targets, predictions):
    """targets "yes" or "no" (both occur), predictions also None → {"accuracy", "f1", "yes_ratio", "unparsed"}, shares 0–1"""
    ### BEGIN SOLUTION
    n, said_yes = len(targets), predictions.count("yes")
    pairs = list(zip(targets, predictions, strict=True))
    true_yes = pairs.count(("yes", "yes"))
    return {
        "accuracy": sum(target == said for target, said in pairs) / n,
        "f1": 2 * true_yes / (said_yes + targets.count("yes")),
        "yes_ratio": said_yes / n,
        "unparsed": predictions.count(None) / n,
    }
    ### END SOLUTION


# %% tags=["check"]
truth = ["yes", "no"] * 50
for habit, said in {
    "always yes": ["yes"] * 100,
    "garbage": [None] * 100,
    "garbage, by POPE's parser": ["yes"] * 100,
}.items():
    print(f"{habit:26}", {name: round(value, 3) for name, value in pope_scores(truth, said).items()})
print("The yes-ratio finds out the first. Nothing finds out the last.")

# %%
show_figures(evaluate.pope_figures(assistant, num_scenes=60), slow=True)

# %% [markdown]
# LLaVA-1.5's 85.9 (7B) is the mean *F1* of the three splits, like our last row; ask which number you have before you compare
# ([#626](https://github.com/haotian-liu/LLaVA/issues/626)).
#
# ## Prove it: descriptions, and a judge
#
# Descriptions have no single right answer. LLaVA-Bench lets GPT-4 give 1 to 10 points each to the model and to a text-only teacher who was
# told the truth. It's easy to repeat two flaws of its script: the teacher always comes first, and an unreadable reply counts as −1 for both
# *and is averaged in*. Our judge follows rules (is what it claims true? does it mention what is there?), hears both orders, and leaves out
# what it can't read. Its scores are **not comparable** with GPT-4's.

# %%
forms = [f"llava.{name}{what}" for name in ("caption", "captioner") for what in ("_form", ".true_claims")]
show_figures(recorded("llava.judge.", "llava.describe.", *forms))

# %% [markdown]
# Captions are true now; of what longer descriptions claim, 81.6 %<!-- figure: llava.describe.true_claims --> is (bar: 85), after 64 and 80.8 in
# earlier runs, and 8.3 %<!-- figure: llava.describe.repeats --> of them say a sentence twice (bar: 2). Does the model not know better? It takes the likeliest next word,
# again and again; but the text that comes of it need not be a likely one. *Beam search* keeps the three likeliest beginnings, and goes on from
# each. LLaVA-1.5 is [evaluated greedily](https://github.com/haotian-liu/LLaVA/blob/main/docs/Evaluation.md), since a chat must answer at
# once; BLIP-2 with five beams (Li et al., 2023, [arXiv 2301.12597](https://arxiv.org/abs/2301.12597)). **Predict:** what will change?

# %%
from course_lib.llava.evaluate.descriptions import REQUESTS

looping = make_scene(11, SceneSpec(stream="val"), seed=41)
show.pictures([render(looping, 256).image], alt=f"A scene with {', '.join(t.name for t in looping.things)}.")
for num_beams in (1, 3):
    print(
        num_beams,
        *evaluate.answers(assistant, testsets.draw([looping]), REQUESTS[:1], brief=False, num_beams=num_beams),
    )

# %% [markdown]
# With three beams 84.0 %<!-- figure: llava.describe.true_claims_beams --> of the claims are true (still below the bar), and 1.7 %<!-- figure: llava.describe.repeats_beams --> of the descriptions repeat themselves. So part of what looked like hallucination was haste.
# Lesson 12 tries preferences against false claims, and
# Lesson 08 a finer look.
#
# What did all that cost the language model's own skills, without a picture? Large models are known to forget, too (Zhai et al., 2023,
# [arXiv 2309.10313](https://arxiv.org/abs/2309.10313)). Your stage 2 was only about pictures. In later runs of the baked model, conversations
# about *none* were mixed in with the pictures, like LLaVA-1.5's 40,000 from ShareGPT. **Predict:** how much of the skill does each keep?

# %%
from course_lib.lm.evaluate import follows, test_exchanges
from course_lib.lm.pretrained import load_tuned

exchanges = test_exchanges(few(10, 1))
models = {"before": load_tuned(), "your stage 2": student.language_model, "baked": assistant.language_model}
skill = {name: float(follows(model, exchanges).mean()) for name, model in models.items()}
words = ", ".join(f"{name} {100 * value:.0f} percent" for name, value in skill.items())
intervals = {name: wilson(value, len(exchanges)) for name, value in skill.items()}
show.bars(skill, intervals=intervals, alt=f"Share of instructions without a picture that are followed: {words}.")

# %% [markdown]
# Your stage 2 has lost most of it. (An earlier recipe, with a quarter of the rate and half the questions, kept 61 %, and answered fewer:
# faster learned, faster forgotten.) The baked model, too, forgot what it didn't practise, until every step held a share of everything: short
# answers, captions, all three kinds of instruction data, and conversations without a picture. (`course_lib/llava/recipes.py` tells all its
# runs.) Now it answers 87.2 %<!-- figure: llava.pope.adversarial --> of POPE's adversarial questions, and the judge gives it
# 81<!-- figure: llava.judge.stage2 -->. **Keep a share of everything, all the time.**
#
# ## What is each part worth?
#
# The papers change one thing, leave everything else alone, and train again. So did we: three seeds each, 120 steps of 8 pictures, 280
# questions about unseen scenes. That took half an hour to more than an hour, so the repository keeps the runs;
# `python -m course_lib llava ablate --rows new.jsonl` makes them again. **Predict** before you look: which choice matters most?
#
# - *stage1*: the connector's first words, or none;
# - *connector*: words, linear, MLP; *layer*: the last but one, the last;
# - *masking*: only the assistant's words are learned, or the user's too;
# - *rank* of the adapters (with α = 2r, so that the scale stays the same), up to full tuning; *data*: short answers alone, or with LLaVA's three types of instruction data.

# %%
from course_lib.llava.evaluate import ablations
from course_lib.llava.evaluate.ablations import chart

rows = list(ablations.figures(ablations.read_runs(ablations.RUNS_FILE), list(ablations.ABLATIONS)))
chart(rows)

# %% tags=["check"]
for row in rows:
    if ".rank." in row.id or ".data." in row.id:
        print(f"{row.id.removeprefix('llava.ablation.'):22s}", row.note.partition("sd ")[2].partition(", ")[2])

# %% [markdown]
# A dot is a mean, its bar runs from worst seed to best; overlapping bars are no finding. Masking and first words stand out, by 19 and 11 points.
# The last layer but one is ahead of the last by 5. (In Lesson 06's first minute it was behind: what is learned quickly isn't yet what answers.)
# Starting from words beats LLaVA's connectors, linear and MLP, by 49 to 40 and 38, and words from 480 steps do so, too (the row *layer, last
# but one*), against 120 steps of captions. Is the published connector worse? No: slower. After 3,000 steps of captions, 60 % of the claims by
# LLaVA-1.5's MLP are true (82 for the mixture's captioner, on the same 60 scenes); after 700 steps of stage 2 59.8 %<!-- figure: next.mlp --> of 420 answers are right
# (from the mixture: 62.4 %<!-- figure: next.mlp baseline -->), after 2,000 steps 63.3 %<!-- figure: next.mlp_longer --> (64.5 %<!-- figure: next.mlp_longer baseline -->), which is no
# difference: one run each (`python -m tools.compare_connectors`).
#
# So the shipped assistant has LLaVA-1.5's MLP, and got it by a short cut. An assistant with a mixture was trained first (eight runs, five hours of
# a core; Lessons 08, 09 and 14 go on from it). Then an MLP learned to say of training patches what the mixture says, without a
# question: *distillation* (Hinton et al., 2015, [arXiv 1503.02531](https://arxiv.org/abs/1503.02531)). As wide as the language model, like LLaVA's, it answers
# 78.1 %<!-- figure: llava.mlp.width_192.vqa --> of 420 questions (stream "val"); with 1,024 hidden numbers, four times what comes in, 85 %<!-- figure: llava.mlp.width_1024.vqa -->; and after 1,000 steps of stage 2, in which
# it learns in full beside new adapters, 89.3 %<!-- figure: llava.mlp.width_1024_trained.vqa -->, where the mixture answers 86.9 %<!-- figure: llava.mlp.mixture.vqa --> (`python -m tools.mlp_connector`).
# A two-layer MLP that is wide enough does at least as well, then (one run): what counts is how it got there. The mixture is the extra: with it captions come true within minutes,
# and later lessons can give its words a finer look (8), a new vocabulary (9) and a smaller language model (14).
# Linear and MLP can't be told apart. (LLaVA, with one run each: 1.0 point for the layer, 5.1 for stage 1, on ScienceQA.)
#
# What makes the shipped assistant *converse*? Each of its data left out once, 350 steps from the captioner (`python -m tools.llava_ingredients`,
# stream "val"): without captions 13.3 %<!-- figure: llava.trained.no_captions.caption_form --> of the requests for a caption are answered by one, in place of 100 %<!-- figure: llava.trained.usual.caption_form -->, and of a description's
# claims 72.3 %<!-- figure: llava.trained.no_captions.true_claims --> are true, not 84.8 %<!-- figure: llava.trained.usual.true_claims -->. Without instruction data, asked for a description it says
# a bare caption ("a big red butterfly and a big rainbow in a meadow"); with it, a sentence begins ("I took a photo, it shows"), as true, 84.8 %<!-- figure: llava.trained.no_instruction_data.true_claims -->
# of its claims. So short a run does not tell what questions of existence are worth (adversarial POPE is at chance with and without), nor
# hundreds of wordings. Nor the line that asks for one word: without it 54.5 %<!-- figure: llava.trained.no_format_prompt.vqa --> of short questions are answered, with it 54.8 %<!-- figure: llava.trained.usual.vqa -->.
#
# Rank 1, with 0.15 million weights, is 4 points below rank 16, which full tuning doesn't beat; and full tuning keeps the least of the text-only
# skill. Here instruction data *cost* short answers, since they share the steps; the judge shows what they give: without them, descriptions
# get 10 points in 100, as much as an empty reply; with them 15 to 17, little more than the 12 to 14 of another scene's description. In LLaVA's paper
# conversations alone reach 73.8 on LLaVA-Bench (COCO), all three types 85.1.
#
# ## Use it: chat
#
# Ask what you like. The picture beside each answer is bright where covering it would have hurt the answer. Every question is answered on its
# own.

# %%
from course_lib.llava.ui import chat, show_turns

pictures = {f"scene {i}": render(make_scene(i, SceneSpec(stream="test", count=(2, 4))), 256).image for i in range(6)}
show_turns(assistant, pictures["scene 1"], ["where is this?", "how many things are there?"])

# %%
from IPython.display import display

if show.somebody_watches():
    display(chat(assistant, pictures))

# %% [markdown]
# ## The real thing
#
# The same classes, with real parts: `MiniLlava` takes any CLIP or SigLIP tower from transformers and any chat model. One command tunes SigLIP
# and SmolLM2-360M on LLaVA's own data, or on yours, and after a disconnect resumes from the last checkpoint. On a T4 it computes in fp16,
# with gradient checkpointing, and prints its peak memory. Afterwards,
# `python -m course_lib llava ask my_llava/llava.safetensors photo.jpg "What is this?"` puts a question to the result.

# %%
from course_lib.llava.full import scale

print(scale.__doc__)

# %% [markdown]
# A real chat model can see with our pocket vision tower, too: SmolLM2 with 135 million parameters, all frozen, plus a connector and a small
# adapter that fit into a few megabytes. After 25 minutes of training on a laptop it names the place, counts a little, and can't yet find a
# thing by its name.

# %%
from course_lib.common import smollm2
from course_lib.llava.train import smollm2 as seeing

if smollm2.available():
    real = seeing.load()
    for one in [testsets.vqa_examples(kind, 1, stream="val")[0] for kind in ("place", "count", "colour", "exist")]:
        said = evaluate.answers(real, render(one.scene).image[None], [one.question.text], brief=False)[0]
        print(f"{one.question.text} {said} (right: {one.question.answer})")
else:
    print(f"Skipped: {smollm2.NAME} is not installed. To get it: {smollm2.INSTALL}.")

# %% [markdown]
# On several GPUs only the launcher changes: `torchrun` or `accelerate launch` starts the script once per GPU, each process takes its share of
# the batch, and gradients are added up. Keep the *global* batch (batch × accumulation × processes), and the learning rate stays right.
#
# | | LLaVA-1.5, stage 2 | here |
# |---|---|---|
# | language model | Vicuna, 7 or 13 billion | printed below |
# | samples | 665,000, one epoch | printed below |
# | rate: adapters, connector | 2e-4, 2e-5 (rank 128, α 256) | printed below |
# | batch | 128 | printed below |
# | machine | 8 × A100, 10 h (7B, full tuning) | your computer |

# %%
size = sum(parameter.numel() for parameter in assistant.language_model.parameters())
seen = sum(recipe.steps * recipe.batch_size for recipe in (*recipes.BAKED_MIXTURE, *recipes.BAKED2[1:]))
print(f"language model: {size / 1e6:.1f} million; pictures seen by the baked one: {seen:,}")
print(recipes.LIVE2)

# %% [markdown]
# ## Recap
#
# - LoRA learns a thin change beside a frozen matrix: $B$ zero, $A$ random, scale $\alpha/r$; once merged, it costs nothing.
# - Adapters go to every linear layer of the language model; the connector learns in full, at its own rate; the vision tower stays frozen.
# - Save everything that learned. An adapter without its connector loads without complaint, and talks nonsense.
# - A score means something only beside the best guess from the words, a blank picture and another scene's; the sharpest test contradicts the picture.
# - Hallucination has a direction: look at the yes-ratio, and at what a parser does with garbage.
#
# <!-- words -->
#
# ## Quiz
#
# <!-- quiz -->
#
# 1. Your adapter's loss doesn't move at all. $A$ and $B$ were both initialised to zero. Why does that never end?
#    - [ ] The learning rate is too low for such small weights. :: No rate helps: the gradients themselves are zero.
#    - [x] The gradient of each is a product with the other. :: Both are zero, so both stay zero.
#    - [ ] An optimizer doesn't touch weights that are zero. :: It does: with a random A, a B of zero learns from the first step on.
# 2. You halve the rank and keep α. What happens to the factor in front of $BA$?
#    - [ ] Nothing: α is the same. :: The factor is α/r.
#    - [ ] It halves. :: The other way round: r is in the denominator.
#    - [x] It doubles. :: Half as many directions, each counted twice. Hu et al. keep α when they change the rank, so that the learning rate needs less tuning; others keep α/r (LLaVA-1.5 has α = 2r). When you compare ranks, say which.
# 3. A model answers 78 % of yes/no questions correctly. With a blank picture it gets 76 %. What does it see?
#    - [x] Almost nothing that these questions ask for. :: The answers can be guessed from the words. The question set proves little until you contradict the picture.
#    - [ ] 78 % of what is in the pictures. :: It gets 76 of these 78 points without any picture.
#    - [ ] Nothing at all. :: That is more than the figures say: other questions may show that it sees. These can't.
# 4. POPE: accuracy 50 %, F1 67 %, yes-ratio 1.0. Is the model half right?
#    - [ ] Yes: every second answer is right. :: It would be even if nobody had looked: half of the questions deserve a yes.
#    - [ ] More than half, says its F1. :: A model that always says yes has a recall of 100 % and a precision of 50 %. That makes an F1 of 67 %.
#    - [x] It has shown nothing. :: It says yes to everything, or something that the parser takes for yes.
# 5. You tuned an adapter beside a 16-bit base. To merge it, you load the base in 4 bits. The merged model doesn't answer as base and adapter did. What went wrong?
#    - [ ] The sum was rounded. :: In the training format it rounds so little that the answers stay the same.
#    - [x] The change was added to rounded weights. :: It was learned beside (nearly) exact ones. Merge into the base in the format in which you tuned it, and quantise afterwards.
#    - [ ] The adapter should have been rounded to 4 bits, too. :: That would lose more. What matters is what you add it to.
