# ---
# title: "From language model to assistant"
# objectives:
#   - say why a language model continues an instruction instead of following it
#   - write the next-token loss with its shift, the causal mask, a chat template and the label mask
#   - pretrain a small language model and tune it to follow instructions, on your own computer
#   - let a model write its own tuning data, and filter it, as Self-Instruct does
#   - measure what tuning gives, what it costs, and how much data it takes
# prerequisites:
#   - "[the welcome lesson](00_welcome.ipynb)"
#   - a first acquaintance with PyTorch, softmax, cross-entropy, gradient descent
# minutes: 70
# ---

# %% tags=["setup"]
from course_lib.exercise import exercise, hint, points, progress
from course_lib.session import begin

session = begin(lesson="04_assistant")

# %% [markdown]
# ## See it: a model that knows, and does not answer
#
# Here are two language models of the same size. Both have read plain text of the sticker world: descriptions, little stories,
# what everybody knows about cats and cakes. One of them has then seen conversations. We ask both the same.

# %%
import random

import torch
from torch.nn import functional as F

from course_lib import show
from course_lib.lm import evaluate, train
from course_lib.lm.generate import answer, continue_text, stop_token_ids
from course_lib.lm.pretrained import build_lm, load_base, load_tuned
from course_lib.lm.tokenizer import get_tokenizer

tokenizer = get_tokenizer()
base, assistant = load_base(), load_tuned()

# %% [markdown]
# **Predict before you run:** what will a model say that has only ever learned to continue texts?


# %%
def continued(model, text, **options):
    """What the model writes after a plain text."""
    ids = tokenizer.encode(f"<|endoftext|> {text}", add_special_tokens=False)
    return tokenizer.decode(continue_text(model, ids, stop_ids=stop_token_ids(tokenizer), **options)).strip()


scene = "The picture shows a small red car and a dog. We are at sea. The car is left of the dog."
for question in (f"{scene} what colour is the car?", "name three things of the group fruit."):
    print("instruction:", question)
    print("  base:     ", continued(base, question, max_new_tokens=25), "…")
    print("  assistant:", answer(assistant, tokenizer, [{"role": "user", "content": question}]))

# %% [markdown]
# The base model is not stupid: it goes on as a text of its world would. An instruction is for it one more sentence, after which
# another comes. The assistant answers, in the form that was asked for. (That its three fruits are all the same one is a lack of knowledge, which we
# measure below as `members`.) GPT-3 continued just so, which is why people had to disguise their questions as the beginnings of texts. **Following is a
# format, and it is learned from examples of it** (Ouyang et al., 2022, [arXiv 2203.02155](https://arxiv.org/abs/2203.02155)).
#
# Let us build both models, from nothing.

# %% [markdown]
# ## Build it: predict the next token
#
# A tokenizer cuts text into pieces from a fixed vocabulary. Ours has 1,536 of them, and nearly every word of the sticker world is one,
# together with the space before it (written Ġ).

# %% tags=["check"]
print(tokenizer.tokenize("There is a small red car, and a kangaroo."))
print(len(tokenizer), "tokens;", "special:", tokenizer.convert_ids_to_tokens(range(5)))

# %% [markdown]
# Even "kangaroo" is one token, though no training text ever says it: the tokenizer was given all 200 names. A word that it was not given
# falls to pieces. `<image>` is reserved: in Lesson 06 it will stand for a picture.
#
# The model reads tokens and gives, at every position, a score for each token that could come next (*logits*). What it should have said
# stands in the text itself, one position further:
#
# | position | 0 | 1 | 2 | 3 |
# |---|---|---|---|---|
# | reads | The | car | is | red |
# | must predict | car | is | red | . |
#
# <!-- exercise: lm.next_token_loss -->
#
# The mean cross-entropy over all positions whose *next* label is not -100, as a tensor without axes. (-100 marks what shall not be learned from. You will need it soon.)
# Once it passes, training and measuring use it, and so with all that you write here.


# %% tags=["check"]
@exercise("lm.next_token_loss")
def next_token_loss(logits, labels):
    """logits [B, T, V], labels [B, T]: the token ids, or -100 → mean loss, a scalar (0 if nothing is to be learned)"""
    ### BEGIN SOLUTION
    predicted = logits[:, :-1].reshape(-1, logits.shape[-1])  # [B·(T-1), V]
    following = labels[:, 1:].reshape(-1)  # [B·(T-1)]
    total = F.cross_entropy(predicted, following, ignore_index=-100, reduction="sum")
    return total / (following != -100).sum().clamp(min=1)
    ### END SOLUTION


# %% [markdown]
# All positions are predicted at once, so no position may look at what comes after it: it would read its own answer.
#
# <!-- exercise: lm.causal_mask -->
#
# Who may look at whom? Rows are readers, columns are what is read.


# %% tags=["check"]
@exercise("lm.causal_mask")
def causal_mask(length):
    """→ bool [T, T], True where the row's token may look at the column's"""
    ### BEGIN SOLUTION
    positions = torch.arange(length)
    return positions[:, None] >= positions[None, :]
    ### END SOLUTION


# %% [markdown]
# Does our model obey it? Change the *last* word of a text. If any earlier position's logits move, the future leaks.

# %% tags=["check"]
model = build_lm(seed=session.seed)
one, other = (torch.tensor([tokenizer.encode(f"The car is {colour}")]) for colour in ("red", "blue"))
with torch.no_grad():
    moved = (model(input_ids=one).logits - model(input_ids=other).logits).abs().amax(dim=-1)[0]
print("positions whose logits moved:", moved.gt(1e-5).int().tolist())
print("the last row of your mask:   ", causal_mask(one.shape[1])[:, -1].int().tolist())

# %% [markdown]
# The two lines are the same: only the last token has seen the last token.
#
# ### Pretrain it
#
# Plain documents now, and *your* loss. Before training the model gives all 1,536 tokens about the same chance, so the loss is about ln 1536 = 7.3. About
# three minutes on two cores; ■ stops it, and running the cell again goes on.

# %%
from course_lib.lm.data.batches import document

rng = random.Random(1)
for _ in range(3):
    print("•", document(rng)[:220], "…")

# %%
from dataclasses import replace

import numpy as np

from course_lib.session import quick

recipe = replace(train.LIVE_PLAIN, steps=4, batch_size=2) if quick() else train.LIVE_PLAIN
curve = show.LossCurve(chance=float(np.log(len(tokenizer))), chance_name="ln 1536")
run = train.pretrain(model, recipe, callbacks=[curve], state_file=session.paths().runs / "plain.safetensors")
curve.draw(run)

# %% [markdown]
# The first fall is quick: which words are frequent, and what usually follows what. The next thing to be learned is *looking up*: "the car is
# ..." what was it? Look above. Large models find out how by themselves, rather suddenly, after billions of words (*induction heads*: Olsson et
# al., 2022, [arXiv 2209.11895](https://arxiv.org/abs/2209.11895)). Ours reads a few million. So some of its heads are *born* looking up, in the
# form that trained ones have (the idea: Trockman and Kolter, 2023, [arXiv 2305.09828](https://arxiv.org/abs/2305.09828)), and learn on from
# there; `course_lib/lm/model.py` shows how.
#
# ## Build it: writing
#
# To write, take the logits of the last position, choose a token, append it, read on. Greedy takes the likeliest token every time. A
# *temperature* $\tau$ divides the logits first: below 1 the model becomes surer, above 1 more adventurous.
#
# <!-- exercise: lm.next_token_probabilities -->
#
# Temperature 0 means greedy.


# %% tags=["check"]
@exercise("lm.next_token_probabilities")
def next_token_probabilities(logits, temperature):
    """logits [B, V] → probabilities [B, V] of the next token"""
    ### BEGIN SOLUTION
    if temperature == 0:
        return F.one_hot(logits.argmax(dim=-1), logits.shape[-1]).to(logits.dtype)
    return (logits / temperature).softmax(dim=-1)
    ### END SOLUTION


# %%
for temperature in (0.0, 0.7, 1.5):
    generator = torch.Generator().manual_seed(session.seed)
    story = continued(
        base,
        "One day a fox met",
        temperature=temperature,
        generator=generator,
    )
    print(f"{temperature}: One day a fox met {story}\n")

# %% [markdown]
# ## Build it: conversations
#
# A conversation must become one text, in a fixed form, so that the model knows who speaks and where a turn ends. Every model has
# its own *chat template*; using another one's is among the commonest bugs there are. Ours:
#
# `<|im_start|>user what is this?<|im_end|><|im_start|>assistant a cat<|im_end|>`
#
# <!-- exercise: lm.render_chat -->
#
# With a *generation prompt* the text ends where the assistant begins to speak.


# %% tags=["check"]
@exercise("lm.render_chat")
def render_chat(messages, add_generation_prompt=False):
    """messages: a list of {"role": "user" or "assistant", "content": text} → one text"""
    ### BEGIN SOLUTION
    turns = [f"<|im_start|>{message['role']} {message['content']}<|im_end|>" for message in messages]
    return "".join(turns) + ("<|im_start|>assistant" if add_generation_prompt else "")
    ### END SOLUTION


# %% [markdown]
# transformers does the same with a template in the tokenizer. Equal?

# %% tags=["check"]
from course_lib.lm.data.batches import conversation

chat = conversation(random.Random(4))
print("equal to apply_chat_template:", render_chat(chat) == tokenizer.apply_chat_template(chat, tokenize=False))
print(render_chat(chat[:4]))

# %% [markdown]
# Now the most important line of instruction tuning. The loss would happily learn *everything* in that text, the user's questions too. But the
# model shall learn to answer, not to ask. So the labels of the user's turns, and of all markers, become -100. What remains: the
# assistant's words, and the `<|im_end|>` after them, without which it would never learn to stop.
#
# <!-- exercise: lm.mask_labels -->
#
# The conversation comes cut into segments: `(learned?, token ids)`.


# %% tags=["check"]
@exercise("lm.mask_labels")
def mask_labels(segments):
    """[(learned, ids), …] → (all ids, all labels), two lists of equal length"""
    ### BEGIN SOLUTION
    ids, labels = [], []
    for learned, tokens in segments:
        ids += tokens
        labels += tokens if learned else [-100] * len(tokens)
    return ids, labels
    ### END SOLUTION


# %% [markdown]
# **Always look at what is left to learn before you train.** Many a reported "loss is 0" or "loss is nan" was a template that did not fit its
# tokenizer, so that everything was masked.

# %% tags=["check"]
from course_lib.lm.chat import chat_segments

ids, labels = mask_labels(chat_segments(tokenizer, chat[:4]))
print(len(ids), "tokens, of which are learned:", [tokenizer.decode(i) for i in labels if i != -100])

# %% [markdown]
# ### Tune it
#
# The model that you pretrained, *your* mask, *your* loss; about a minute and a half.

# %%
exchanges = evaluate.test_exchanges(2 if quick() else 12)
before = evaluate.follows(model, exchanges, chat=False).mean()
recipe = replace(train.LIVE_CHAT, steps=4, batch_size=2) if quick() else train.LIVE_CHAT
curve = show.LossCurve(chance=float(np.log(len(tokenizer))), chance_name="ln 1536")
run = train.tune(
    model,
    recipe,
    callbacks=[curve],
    state_file=session.paths().runs / "chat.safetensors",
)
curve.draw(run)

# %%
after = evaluate.follows(model, exchanges).mean()
live = {"before tuning": float(before), "after tuning": float(after)}
words = ", ".join(f"{name} {100 * value:.0f} percent" for name, value in live.items())
show.bars(live, alt=f"Share of instructions that the live model follows: {words}.")

# %% [markdown]
# These are instructions in wordings that it never met, and a few hundred steps ago it followed none. The baked model read several times as much. What
# even that one fails is mostly what must be *known*, not read: see `members` and `plural` in the table under "Prove it".
#
# ### Try it
#
# Your model and the one that was trained longer. Change the instructions; ask something outside its world.

# %%
instructions = (
    "count from two to five.",
    "which of these is in the group fruit: hammer, apple, cat?",
    "There is a green book and a big owl. The book is above the owl. where is the owl, seen from the book?",
    "who are you?",
)
for text in instructions:
    turn = [{"role": "user", "content": text}]
    print(text)
    print("   yours:", answer(model, tokenizer, turn))
    print("   baked:", answer(assistant, tokenizer, turn))

# %% [markdown]
# The last answer is a guess from outside its world, said as confidently as the others. Remember it when we come to hallucination.
#
# ## Break it
#
# **Predict:** what does a model do that was tuned without the end of turn in its labels? And one that learned the user's turns as well?
# (`stand_in` lets training use another function in place of yours, for a while.)


# %%
from course_lib.exercise import stand_in


def without_end(segments):
    """Every label but the one that says: stop."""
    ids, labels = mask_labels(segments)
    return ids, [-100 if i == tokenizer.eos_token_id else label for i, label in zip(ids, labels, strict=True)]


def with_user(segments):
    """Learn every word, whoever says it."""
    return mask_labels([(True, tokens) for _, tokens in segments])


def nothing(segments):
    """Everything masked."""
    return mask_labels([(False, tokens) for _, tokens in segments])


short = train.LmRecipe(steps=2 if quick() else 40, batch_size=2 if quick() else 12, learning_rate=1e-3)
turn = [{"role": "user", "content": "what is the opposite of big?"}]
for name, mask in {"right": mask_labels, "no end": without_end, "user too": with_user, "nothing": nothing}.items():
    student = load_base()
    with stand_in("lm.mask_labels", mask):
        losses = train.tune(student, short).losses
    print(f"{name:9s} loss {losses[-1]:.2f}   says: {answer(student, tokenizer, turn, max_new_tokens=20)}")

# %% [markdown]
# Forty steps are too few for a good answer, yet enough to tell the masks apart. The right one may say nothing at all: it has learned to
# *stop* before it has learned what to say. Without its end of turn the model never stops. A loss of 0.00 is no success: nothing was
# asked. And with the user's words in it the loss is another quantity altogether, so compare answers, never losses of different masks.
#
# ## Build it: a model writes its own data
#
# People wrote the first instruction data, slowly. *Self-Instruct* (Wang et al., 2022,
# [arXiv 2212.10560](https://arxiv.org/abs/2212.10560)) let a model do it: 175 seed tasks by hand, then 52,000 by GPT-3, which its own words then tuned.
# In small: sixty seeds teach our base model to write pairs; we ask for many more, and filter.
#
# A new instruction is worth keeping only if it is unlike all others: ROUGE-L below 0.7, which compares words in order.
#
# <!-- exercise: lm.rouge_l -->
#
# `longest_common(a, b)` is given: the length of the longest common subsequence of two lists of words. Words are what stands between spaces;
# texts without a common word score 0. Whether `Two` and `two` are the same word is yours to decide (the course lowers both).

# %%
from course_lib.lm.data import self_instruct
from course_lib.lm.data.self_instruct import longest_common


# %% tags=["check"]
@exercise("lm.rouge_l")
def rouge_l(candidate, reference):
    """Two texts → how alike they are, 0–1: the F score of their common words in order"""
    ### BEGIN SOLUTION
    a, b = candidate.lower().split(), reference.lower().split()
    common = longest_common(a, b)
    if common == 0:
        return 0.0
    recall, precision = common / len(b), common / len(a)
    return 2 * recall * precision / (recall + precision)
    ### END SOLUTION


# %%
seeds = self_instruct.seed_pairs(60)
recipe = train.LmRecipe(steps=2 if quick() else 60, batch_size=2 if quick() else 8, learning_rate=1e-3)
writer = load_base()
train.tune_on(writer, [pair.as_written() for pair in seeds], recipe)
texts = self_instruct.write_pairs(writer, tokenizer, 4 if quick() else 200)
kept, rejected = self_instruct.keep(texts, seeds)
for reason in sorted({one.reason for one in rejected}):
    example = next(one.text for one in rejected if one.reason == reason)
    print(f"{reason}: {sum(one.reason == reason for one in rejected)}, such as: {example[:90]}")
print(f"kept: {len(kept)} of {len(texts)}, such as:")
for pair in kept[:5]:
    print("  ", pair.instruction, "→", pair.answer)

# %% [markdown]
# Read them: many instructions are garbled, and many answers are wrong; the filters look at form and newness only. (In the paper, people found 92 % of the instructions sensible, but little more than half of the pairs
# right in all fields.) Do they help all the same? Three students, tuned equally long: on the seeds alone, on the seeds with the kept pairs, and on as many
# pairs that people (our templates) wrote.

# %%
pool = self_instruct.seed_pairs(len(seeds) + len(kept), seed=1)
sets = {"60 seeds": seeds, "seeds and its own": [*seeds, *kept], "as many by hand": pool}
asked = [one for one in exchanges if one.task != "scene"]
scores = {}
for name, pairs in sets.items():
    student = load_base()
    train.tune_on(student, [pair.messages() for pair in pairs], recipe)
    scores[name] = float(evaluate.follows(student, asked).mean())
words = ", ".join(f"{name} {100 * value:.0f} percent" for name, value in scores.items())
show.bars(scores, alt=f"Instructions followed after tuning on three sets: {words}.")

# %% [markdown]
# Look at the middle bar with care. A pocket model's own pairs are mostly wrong, and learning them does not help, or even hurts. The paper's gain
# came from GPT-3, which had read half the web: a writer can only pass on what it has.
#
# ## Prove it
#
# The baked models, on instructions in unseen wordings. The control in the second row is a checker's check: how often would another
# instruction's answer pass?

# %%
from course_lib.figures import show as show_figures

if not quick():
    show_figures(evaluate.following(base, assistant))

# %% [markdown]
# Now the gate for what follows. If a model can't answer from a *perfect description*, no eye will help it. Scenes, wordings and descriptions here
# were never trained on; the control gives it the description of another scene. Five kinds are the gate: *exist*, *count*, *colour*, *relation* and
# *place*. Relations, and colours where several are named (`colour_apart`), were the hardest of these to teach: a word must be found, and not be
# confused with what belongs to its neighbour. **Look for the rows that fail.** A mean over all questions would hide them.

# %%
if not quick():
    show_figures(evaluate.text_qa(assistant))

# %% [markdown]
# *related* asks the same as *relation*, to be answered with yes or no, and is no better than the commonest answer. *read* fails although the
# text says what the sign says: a word such as EXIT falls into many tokens. (Lesson 07 comes back to reading.)
#
# And what does tuning forget? The loss on plain text, before and after. **Predict:** is the assistant still a good teller of stories?

# %%
show_figures(evaluate.forgetting(base, assistant))

# %% [markdown]
# On plain text it is now worse than a model that has read nothing (the column *chance*): only words of answers were learned from, and it is sure of the
# wrong ones. Tuning has a price, which InstructGPT lowered by mixing texts of pretraining into its last stage.
#
# How many conversations does it take? **Predict** the shape of the curve. Every point is the same base, tuned equally long.

# %%
sizes = (10, 100, 1000)
points_of_curve = [] if quick() else [f.value for f in evaluate.tuning_sizes(base, sizes, steps=60)]
if points_of_curve:
    show.curves(
        list(sizes),
        {"follows": points_of_curve},
        xlabel="conversations in the tuning set",
        ylabel="share followed",
        alt="Share of unseen instructions followed, by conversations in the tuning set: "
        + ", ".join(f"{size}: {100 * value:.0f} percent" for size, value in zip(sizes, points_of_curve, strict=True)),
    )

# %% [markdown]
# The points are low, since sixty steps are few; look at the shape. From ten to a hundred conversations it rises, then it is the *steps* that are missing.
# With twice the steps, and over 400 instructions, we measured 3, 18, 33 and 43 % for 10, 100, 1,000 and 10,000 conversations (`python -m course_lib evaluate lm --live`):
# every tenfold adds, the last one less. (That a small but varied set goes far was found at scale: "less is more for alignment", Zhou et al., 2023,
# [arXiv 2305.11206](https://arxiv.org/abs/2305.11206).)
#
# ## The real thing
#
# SmolLM2 has 135 million parameters and read two trillion tokens. In the full tier the same cell runs its base and its instruct model. In the
# pocket tier it is skipped, unless you have the offline package, 98 MB.

# %%
from course_lib.lm import full

for name, load in full.available(session.tier).items():
    loaded = load()
    print(name)
    for text in ("Name three fruits.", "What is the opposite of big?") if loaded else ():
        print("  ", text, "→", full.reply(*loaded, text))

# %% [markdown]
# The base model has no chat template: it gets the plain text, and continues it. What it continues with looks like an answer
# more often than our base's, since the web is full of questions with answers below them.
#
# ## Recap
#
# - A language model predicts the next token: shift the labels by one, and let nobody see the future.
# - A chat template turns a conversation into one text; training and use must share it to the letter.
# - Instruction tuning is the same loss with a mask: only the assistant's words count, with the end of the turn among them.
# - What is answered was learned in pretraining; *that* it is answered comes from tuning.
# - A model can write its own tuning data; filters decide what it is worth.
#
# <!-- words -->
#
# ## Quiz
#
# <!-- quiz -->
#
# 1. Your fine-tuning reports a loss of 0.0 from the first step. What do you look at first?
#    - [ ] At the learning rate. :: Before the first step it has not had any effect.
#    - [x] At the labels: decode what is not masked. :: Probably nothing is left, because the template did not match the tokens, or the answers were cut off at the maximum length.
#    - [ ] At nothing: the base had read these conversations before. :: Even a text that is known by heart costs a little.
# 2. After tuning, the model answers well and then goes on with "user what colour ...". What was forgotten?
#    - [x] The end-of-turn token in the labels. :: It was masked along with the markers, so stopping was never learned.
#    - [ ] A lower temperature. :: A high one makes odd words. Here the words are fine, and there are too many of them.
#    - [ ] The causal mask. :: Without it the model would copy the next word in training, and write nonsense from the first word on.
# 3. Why is it no use to compare the loss of a run that masks the user's turns with one that doesn't?
#    - [ ] The masked run has seen less data. :: It has read the same texts. It only learned from fewer of their words.
#    - [ ] The masked loss is always lower. :: Not always: that depends on which of the two is harder to predict, questions or answers.
#    - [x] They are means over different tokens. :: Users' questions are harder or easier to predict than answers, so the numbers have no common meaning.
# 4. Would a model tuned on 10,000 conversations about cats follow instructions about counting?
#    - [ ] Yes: following is one skill, and 10,000 is plenty. :: The form is one skill, and soon learned. The kinds of tasks are others.
#    - [x] Probably little: it has learned the form, and not the task. :: The form is soon learned, and the kinds of tasks decide the rest.
#    - [ ] It would follow less than its untuned base. :: The base follows nothing at all: it continues the text.
