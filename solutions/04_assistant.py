# ---
# title: "From language model to assistant"
# objectives:
#   - say why a language model continues an instruction instead of following it
#   - write the next-token loss with its shift, attention with its causal mask, a chat template and the label mask
#   - pretrain a small language model and tune it to follow instructions, on your own computer
#   - let a model write its own tuning data, and filter it, as Self-Instruct does
#   - measure what tuning gains, what it costs, and how much data it takes
#   - write the loss of preference tuning (DPO), and see where it falls short
# prerequisites:
#   - "[the welcome lesson](00_welcome.ipynb)"
#   - a first acquaintance with PyTorch, softmax, cross-entropy, gradient descent
# minutes: 90
# ---

# %% tags=["setup"]
from course_lib.exercise import exercise, hint, points, progress
from course_lib.session import begin

session = begin(lesson="04_assistant")

# %% [markdown]
# ## See it: a model that knows, and does not answer
#
# Somebody asks GPT-3, 175 billion parameters: *explain the moon landing to a 6 year old in a few sentences.* It writes more such requests: explain
# gravity, explain relativity, explain the big bang. InstructGPT, which began as GPT-3 and was then tuned to follow, tells of people who went to the
# moon and took pictures ([OpenAI, 2022](https://openai.com/index/instruction-following/)).
#
# In small: two language models of equal size. Both have read plain text about the sticker world: descriptions, little stories, what everybody knows
# about cats and cakes. Then one of them saw conversations. We ask both the same.

# %%
import random

import torch
from torch.nn import functional as F

from course_lib import show
from course_lib.lm import evaluate, full, train, ui
from course_lib.lm.generate import answer, continue_text, stop_token_ids
from course_lib.lm.pretrained import build_lm, load_base, load_tuned
from course_lib.lm.tokenizer import get_tokenizer

tokenizer = get_tokenizer()
base, assistant = load_base(), load_tuned()

# %% [markdown]
# **Predict before you run:** what will a model say if it has only ever learned to continue texts?


# %%
def continued(model, text, **options):
    """What the model writes after a plain text."""
    ids = tokenizer.encode(f"<|endoftext|> {text}", add_special_tokens=False)
    return tokenizer.decode(continue_text(model, ids, stop_ids=stop_token_ids(tokenizer), **options)).strip()


scene = "The picture shows a small red car and a dog. We are at sea. The car is left of the dog."
for question in (
    f"{scene} what colour is the car?",
    "what group is the moon in?",
    "write a caption for: moon, cat, at sea.",
):
    print("instruction:", question)
    print("  base:     ", continued(base, question, max_new_tokens=25), "…")
    print("  assistant:", answer(assistant, tokenizer, [{"role": "user", "content": question}]))

# %% [markdown]
# The base model isn't stupid: it continues as a text from its world would. It may even say which group the moon is in, and then it goes on and on. To
# it, an instruction is one more sentence, with another to follow. The assistant answers in the form that was asked for, and stops. **Following is a
# format, learned from examples of it** (Ouyang et al., 2022, [arXiv 2203.02155](https://arxiv.org/abs/2203.02155)).
#
# Now a small real assistant, SmolLM2-Instruct, gets GPT-3's question: once in its own conversation format, once as plain text. (This is recorded; you
# can run it below.)

# %%
recording = full.recorded()
print(recording["model"], "· recorded", recording["recorded"], "by:", recording["command"])
asked = recording["replies"][0]
print(f"\n{asked['instruction']}\n\nas a conversation: {asked['chat']}\n\nas plain text: {asked['plain']}")

# %% [markdown]
# It answers instead of continuing. Is what it says true? Hardly: form and knowledge are two things.
#
# ### The way there
#
# There are three stages. We build the first two, and try the third.

# %%
ui.stages_diagram()

# %% [markdown]
# Both our models begin as random numbers, with one exception. In three of their four layers we set the attention **by hand**, so that some heads can
# look things up from the start; training goes on from there. You will see these heads below.

# %% [markdown]
# ## Build it: predict the next token
#
# A tokenizer cuts text into pieces from a fixed vocabulary. Ours has 1,536 of them, and nearly every word of the sticker world is one, together with
# the space before it (written Ġ).

# %% tags=["check"]
print(tokenizer.tokenize("There is a small red car, and a kangaroo."))
print(len(tokenizer), "tokens;", "special:", tokenizer.convert_ids_to_tokens(range(5)))

# %% [markdown]
# Even "kangaroo" is one token, though no training text ever uses it: the tokenizer was given all 200 names. A word it wasn't given falls to pieces.
# `<image>` is reserved: in Lesson 06 it will stand for a picture.
#
# The model reads tokens and, at every position, gives a score to each token that could come next (*logits*). What it should have said is in the text
# itself, one position later:
#
# | position | 0 | 1 | 2 | 3 |
# |---|---|---|---|---|
# | reads | The | car | is | red |
# | must predict | car | is | red | . |

# %% [markdown]
# <!-- exercise: lm.next_token_loss -->
#
# The mean cross-entropy over all positions whose *next* label is not -100, as a tensor without axes. (-100 marks what must not be learned from. You
# will need it soon.) Once it passes, training and measuring use it, as they do everything you write here.


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
# ## Build it: attention
#
# How does position 3 know what was at position 1? It *attends* to it. Every token asks (*query*), offers (*key*) and hands on (*value*). Where query
# and key match, the value is read. Each layer has six *heads* that do this side by side, each with its own 32 numbers (D).

# %%
ui.attention_diagram()

# %% [markdown]
# All positions make their predictions at once, so none may look at what comes after it: it would read its own answer.
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
# Now the head itself. Scores are $QK^\top / \sqrt D$: without the root, they grow with D, and the softmax sees only one token. (Vaswani et al., 2017,
# [arXiv 1706.03762](https://arxiv.org/abs/1706.03762).)
#
# <!-- exercise: lm.attention -->
#
# Where the mask is False, the score becomes -1e9 or lower, but not $-\infty$: a row of padding that sees nothing at all would become nan. Return what
# is read, and the weights. `key.transpose(-2, -1)` swaps the last two axes.


# %% tags=["check"]
@exercise("lm.attention")
def attention(query, key, value, mask):
    """query, key, value [B, H, T, D], mask bool [T, T] or [B, 1, T, T] → (read [B, H, T, D], weights [B, H, T, T])"""
    ### BEGIN SOLUTION
    scores = query @ key.transpose(-2, -1) / query.shape[-1] ** 0.5
    scores = scores.masked_fill(~mask, -1e9)
    weights = scores.softmax(dim=-1)
    return weights @ value, weights
    ### END SOLUTION


# %% [markdown]
# From here on, the model attends with your two functions. Does it obey the mask? Change the *last* word of a text. If the logits at any earlier
# position move, the future leaks.

# %% tags=["check"]
from course_lib.lm.attention import MATMUL_ATTENTION

model = build_lm(seed=session.seed)
model.set_attn_implementation(MATMUL_ATTENTION)
one, other = (torch.tensor([tokenizer.encode(f"The car is {colour}")]) for colour in ("red", "blue"))
with torch.no_grad():
    moved = (model(input_ids=one).logits - model(input_ids=other).logits).abs().amax(dim=-1)[0]
print("positions whose logits moved:       ", moved.gt(1e-5).int().tolist())
print(
    "who may look at the last word:      ", causal_mask(one.shape[1])[:, -1].int().tolist(), "(the mask's last column)"
)

# %% [markdown]
# The two lines should be the same: only the last token has seen the last token.
#
# **Predict:** "The car is red. The book is blue. The car is …". Which earlier word must a head look at to write what comes next? Here are two of the
# base model's heads at work, through your function.

# %%
text = "The car is red. The book is blue. The car is"
ui.heads(base, tokenizer, text, {"what stood before me?": (0, 0), "what followed this before?": (1, 1)})

# %% [markdown]
# The left head always looks one token back. Thanks to it, every token knows what comes before it. The right one uses that: in the last row, "is" after
# "car" looks for what once followed "car is", and finds *red*. Its value is handed on, and the model writes "red". Such a pair is an *induction head*
# (Olsson et al., 2022, [arXiv 2209.11895](https://arxiv.org/abs/2209.11895)).
#
# ### Pretrain it
#
# Now plain documents, and *your* loss. Before training, the model gives all 1,536 tokens about the same chance, so the loss is about ln 1536 = 7.3.
# This takes about three minutes on two cores; ■ stops it, and running the cell again continues.

# %%
from course_lib.lm.data.batches import document

rng = random.Random(1)
for _ in range(3):
    print("•", document(rng)[:220], "…")

# %%
import numpy as np

curve = show.LossCurve(chance=float(np.log(len(tokenizer))), chance_name="ln 1536")
run = train.pretrain(model, train.LIVE_PLAIN, callbacks=[curve], state_file=session.paths().runs / "plain.safetensors")
curve.draw(run)

# %% [markdown]
# The first drop is quick: the model learns which words are frequent, and what usually follows what. Next comes *looking up*: "the car is ..." what was
# it? Large models find their induction heads by themselves, rather suddenly, after billions of words. Ours reads a few million. So its heads are *born*
# looking up, in the form that trained ones have (the idea: Trockman and Kolter, 2023, [arXiv 2305.09828](https://arxiv.org/abs/2305.09828)), and learn
# from there; `init_induction_heads` in `course_lib/lm/model.py` shows how. So this doesn't show how they are *found*.

# %% [markdown]
# ## Build it: writing
#
# To write, take the logits of the last position, choose a token, append it, and read on. *Greedy* takes the likeliest token every time. A *temperature*
# $\tau$ divides the logits first: below 1, the model becomes surer; above 1, more adventurous.
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
# A conversation must become one text in a fixed form, so that the model knows who is speaking and where a turn ends. Every model has its own *chat
# template*; using another model's is among the commonest bugs there are. Ours:
#
# `<|im_start|>user what is this?<|im_end|><|im_start|>assistant a cat<|im_end|>`
#
# <!-- exercise: lm.render_chat -->
#
# With a *generation prompt*, the text ends where the assistant begins to speak.


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
# Now the most important line of instruction tuning. The loss would happily learn *everything* in that text, including the user's questions. But the
# model should learn to answer, not to ask. So the labels of the user's turns, and of all markers, become -100. What remains is the assistant's words,
# and the `<|im_end|>` after them, without which it would never learn to stop.
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
# Is masking the prompt always better? That is contested. *Instruction Tuning With Loss Over Instructions* (Shi et al., 2024,
# [arXiv 2405.14394](https://arxiv.org/abs/2405.14394)) learns from the prompts too, and gains on many benchmarks, most where prompts are long, answers
# short and examples few. Chatterjee et al. (2025, [arXiv 2507.07817](https://arxiv.org/abs/2507.07817)) do best with a low weight between the two.
# LLaVA masks, and so do we.
#
# **Always look at what is left to learn before you train.** Many a reported "loss is 0" or "loss is nan" was a template that didn't fit its tokenizer,
# so that everything was masked.

# %% tags=["check"]
from course_lib.lm.chat import chat_segments

ids, labels = mask_labels(chat_segments(tokenizer, chat[:4]))
print(len(ids), "tokens, of which are learned:", [tokenizer.decode(i) for i in labels if i != -100])

# %% [markdown]
# ### Tune it
#
# The model you pretrained, *your* mask, *your* loss; it takes about a minute and a half.

# %%
exchanges = evaluate.test_exchanges(12)
before = evaluate.follows(model, exchanges, chat=False)
curve = show.LossCurve(chance=float(np.log(len(tokenizer))), chance_name="ln 1536")
run = train.tune(
    model,
    train.LIVE_CHAT,
    callbacks=[curve],
    state_file=session.paths().runs / "chat.safetensors",
)
curve.draw(run)

# %%
from course_lib.figures import share
from course_lib.figures import show as show_figures

after = evaluate.follows(model, exchanges)
show_figures([share("lm.live_follow.before", before), share("lm.live_follow.after", after)])

# %% [markdown]
# These instructions are in wordings that it never met, and a few hundred steps ago it followed none. The baked model read several times as much. What
# even that one gets wrong is mostly what must be *known*, not read: see `members` and `plural` in the table under "Prove it".
#
# ### Try it
#
# Here are your model and the one trained longer. Change the instructions; ask something outside their world.

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
# The last question lies outside its world: the answer is a guess, given as confidently as the others. Remember it when we come to hallucination.
#
# ## Break it
#
# **Predict:** what does a model do if it was tuned without the end of turn in its labels? If it learned the user's turns as well? If it learned
# nothing? (`stand_in` lets training use another function in place of yours for a while.) Four masks, tuned equally long; we read four answers and score
# the rest.


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


short = train.LmRecipe(steps=60, batch_size=12, learning_rate=1e-3)
prompts = (
    "what is the opposite of big?",
    "what group is the moon in?",
    "repeat: fox, cake",
    "count from one to three.",
)
measured = []
for name, mask in {"right": mask_labels, "no_end": without_end, "user_too": with_user, "nothing": nothing}.items():
    student = load_base()
    with stand_in("lm.mask_labels", mask):
        train.tune(student, short)
    print(name)
    for text in prompts:
        print("  ", text, "→", answer(student, tokenizer, [{"role": "user", "content": text}], max_new_tokens=15))
    measured += evaluate.tuned_with_mask(name, student, exchanges)

# %%
show_figures(measured)

# %% [markdown]
# Read the length first. Without its end of turn, a model doesn't stop: its replies are as long as we let them be. "Nothing" is just the base again: a
# loss of 0 is no success if nothing was asked. Between "right" and "user too", look at the intervals. Where they overlap, sixty steps with one seed say
# nothing about which is better, and the papers above disagree as well. The losses can't decide it either: they are means over different tokens.

# %% [markdown]
# ## Build it: a model writes its own data
#
# People wrote the first instruction data, slowly. *Self-Instruct* (Wang et al., 2022, [arXiv 2212.10560](https://arxiv.org/abs/2212.10560)) let a model
# do it: people wrote 175 seed tasks, then GPT-3 wrote 52,000 and was tuned on its own words. In small: sixty seeds teach our base model to write pairs;
# we ask for many more, and filter.
#
# A new instruction is worth keeping only if it is unlike all others: ROUGE-L, which compares words in order, must be below 0.7.

# %% [markdown]
# <!-- exercise: lm.rouge_l -->
#
# Lower-case both texts (`Two` and `two` are one word), and split them at spaces. You are given `longest_common(a, b)`: $\ell$, the length of the
# longest common subsequence of two lists of words. Precision $P$ is $\ell$ ÷ words in the candidate, recall $R$ is $\ell$ ÷ words in the reference, and
# the score is $F = 2PR/(P+R)$; 0 if they share no word.

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
recipe = train.LmRecipe(steps=60, batch_size=8, learning_rate=1e-3)
writer = load_base()
train.tune_on(writer, [pair.as_written() for pair in seeds], recipe)
texts = self_instruct.write_pairs(writer, tokenizer, 200)
kept, rejected = self_instruct.keep(texts, seeds)
for reason in sorted({one.reason for one in rejected}):
    example = next(one.text for one in rejected if one.reason == reason)
    print(f"{reason}: {sum(one.reason == reason for one in rejected)}, such as: {example[:90]}")
print(f"kept: {len(kept)} of {len(texts)}, such as:")
for pair in kept[:5]:
    print("  ", pair.instruction, "→", pair.answer)

# %% [markdown]
# Read them: many instructions are garbled, and many answers are wrong; the filters check only form and novelty. (In the paper, people found 92 % of the
# instructions sensible, but little more than half of the pairs right in all fields.) Do they help all the same? We tune three students equally long: on
# the seeds alone, on the seeds with the kept pairs, and on as many pairs written by people (our templates).

# %%
pool = self_instruct.seed_pairs(len(seeds) + len(kept), seed=1)
sets = {"seeds": seeds, "own": [*seeds, *kept], "by_hand": pool}
asked = [one for one in exchanges if one.task != "scene"]
measured = []
for name, pairs in sets.items():
    student = load_base()
    train.tune_on(student, [pair.messages() for pair in pairs], recipe)
    measured.append(share(f"lm.self_instruct.{name}", evaluate.follows(student, asked)))
show_figures(measured)

# %% [markdown]
# Look at the middle row with care. Many of a pocket model's own pairs are wrong: do the intervals leave room for any gain from them? The paper's gain
# came from GPT-3, which had read a large part of the web: a writer can only pass on what it has.
#
# ## Prove it
#
# Here are the baked models, on instructions in unseen wordings. The second row's control checks the checker: how often would another instruction's
# answer pass?

# %%
show_figures(evaluate.following(base, assistant))

# %% [markdown]
# Now the gate for what follows. If a model can't answer from a *perfect description*, no eye will help it. These scenes, wordings and descriptions were
# never trained on; the control gives it another scene's description. Five kinds of question are the gate: *exist*, *count*, *colour*, *relation* and
# *place*. Relations, and colours where several are named (`colour_apart`), were the hardest to teach: the model must find a word, and not confuse it
# with what belongs to its neighbour. **Look for the rows that fail.** A mean over all questions would hide them.

# %%
show_figures(evaluate.text_qa(assistant))

# %% [markdown]
# *related* asks the same as *relation*, but as a yes/no question, and does no better than the commonest answer. *read* fails although the text says
# what the sign says: a word such as EXIT breaks into many tokens. (Lesson 08 comes back to reading.)
#
# And what does tuning make it forget? Look at the loss on plain text, before and after. **Predict:** is the assistant still a good storyteller?

# %%
show_figures(evaluate.forgetting(base, assistant))

# %% [markdown]
# On plain text it is now worse than a model that has read nothing (the column *chance*): it learned only from the words of answers, and is sure of the
# wrong ones. Tuning has a price, which InstructGPT lowered by mixing pretraining texts into its last stage.
#
# How many conversations does it take? **Predict** the shape of the curve. The same base was tuned on 10, 100, 1,000 and 10,000, each time for 120
# steps. (Four runs are too long for now: `python -m course_lib evaluate lm --live` recorded them.)

# %%
from course_lib.figures import recorded

show_figures(recorded(*(f"lm.tuning_size.n{size}" for size in (10, 100, 1000, 10000))))

# %% [markdown]
# From ten to ten thousand, every tenfold increase helps, the last one least. The steps are few, so look at the shape, not the height. (At scale, a
# thousand well-chosen conversations went far: "less is more for alignment", Zhou et al., 2023, [arXiv 2305.11206](https://arxiv.org/abs/2305.11206).)

# %% [markdown]
# ## What comes after
#
# Instruction tuning (*SFT*) shows a model good answers. It never says that one answer is better than another. InstructGPT's next two stages do:
#
# 1. People compare two answers to the same instruction: *preference data*.
# 2. A *reward model* learns to score answers as they did, and reinforcement learning tunes the assistant for a high score, keeping it close to where it began.
#
# *Direct preference optimisation* (DPO; Rafailov et al., 2023, [arXiv 2305.18290](https://arxiv.org/abs/2305.18290)) needs neither reward model nor
# reinforcement learning: a loss on the pairs does it. SmolLM2-Instruct was made this way: SFT, then DPO
# ([its model card](https://huggingface.co/HuggingFaceTB/SmolLM2-135M-Instruct)).

# %% [markdown]
# <!-- exercise: lm.dpo_loss -->
#
# How much likelier is the chosen answer than under the reference, a frozen copy from before? $\log p - \log p^{ref}$. Do the same for the rejected one.
# The loss is $-\log\sigma(\beta\cdot(\text{chosen} - \text{rejected}))$, averaged over the pairs. `F.logsigmoid` is safe where the sigmoid is 0.


# %% tags=["check"]
@exercise("lm.dpo_loss")
def dpo_loss(chosen_logps, rejected_logps, ref_chosen_logps, ref_rejected_logps, beta):
    """four [B]: log probabilities of whole answers, of the model and of the reference → scalar"""
    ### BEGIN SOLUTION
    chosen = chosen_logps - ref_chosen_logps
    rejected = rejected_logps - ref_rejected_logps
    return -F.logsigmoid(beta * (chosen - rejected)).mean()
    ### END SOLUTION


# %% [markdown]
# Our assistant is bad at `members`: "name three things of the group fruit" often gets the same one twice. So it writes two answers to each of 400 such
# instructions. The world, which knows the groups, judges: we keep pairs with exactly one right.

# %%
from course_lib.lm.data.preferences import sample_preferences

pairs = sample_preferences(assistant, tokenizer, "members", 400)
print(len(pairs), "pairs, such as:")
for pair in pairs[:4]:
    print(f"   {pair.instruction}   chosen: {pair.chosen}   rejected: {pair.rejected}")

# %% [markdown]
# **Predict:** after forty steps of DPO, do the chosen answers become likelier? The rejected ones less likely? And are more of its lists right?

# %%
preferring = load_tuned()
train.dpo(preferring, pairs)
moved = (train.pair_logps(preferring, pairs) - train.pair_logps(assistant, pairs)).mean(dim=1)  # chosen, rejected
print(f"log probability of the chosen answers: {moved[0]:+.2f}, of the rejected ones: {moved[1]:+.2f}")
lists = [one for one in evaluate.test_exchanges(60) if one.task == "members"]
show_figures(
    share(f"lm.dpo.{name}", evaluate.follows(student, lists))
    for name, student in {"before": assistant, "after": preferring}.items()
)

# %% [markdown]
# The loss did what it says: the distance between the two grew. But it says nothing about where the probability of a rejected answer *goes*, and a
# distance can grow while both fall. In our trials, the chosen answers gained nothing, and fewer lists were right than before. Pal et al. (2024,
# [arXiv 2402.13228](https://arxiv.org/abs/2402.13228)) find that chosen answers can even become less likely, most of all where the two answers differ
# in few words, as ours do; they add a term against that. **Always measure answers, never the margin alone.** Lesson 12 returns to DPO, against
# hallucination.

# %% [markdown]
# ## The real thing
#
# SmolLM2 has 135 million parameters and read two trillion tokens. In the full tier, the cell runs its base and instruct models. In the pocket tier, it
# runs the instruct model if you have the offline package, 98 MB, and otherwise shows what was recorded. (The package has no base model, so there is no
# recording of one.)

# %%
loaders = full.available(session.tier)
for name, load in loaders.items():
    print(name)
    loaded = load()
    for one in full.replies(*loaded) if loaded else ():
        print(
            "  ", one["instruction"], "\n      as a conversation:", one["chat"], "\n      as plain text:", one["plain"]
        )
for one in recording["replies"] if not loaders else ():
    print(one["instruction"], "\n   as a conversation:", one["chat"], "\n   as plain text:", one["plain"])

# %% [markdown]
# Read what was recorded. In its own format, the model names fruits and knows the opposite of big; as plain text, it does neither. With the moon landing
# it is the other way round: the conversation sounds like an answer to a child, and is wrong. Learning a form is not knowledge.

# %% [markdown]
# ## Recap
#
# - A language model predicts the next token: shift the labels by one, and let nobody see the future.
# - Attention compares queries with keys, hides the future, and reads values. Induction heads copy what followed before; ours were set by hand to begin with.
# - A chat template turns a conversation into one text; training and use must share it to the letter.
# - Instruction tuning is the same loss with a mask: here only the assistant's words count, including the end of the turn. Without that end, replies don't stop.
# - A few hundred steps of tuning took our base from following nothing to following about half. Much of what it then answers, it had read before; how much is a matter of debate.
# - A model can write its own tuning data. Filters look at form; what the writer doesn't know, it can't teach.
# - Preference tuning learns from pairs. A growing margin doesn't prove better answers.
#
# <!-- words -->
#
# ## Quiz
#
# <!-- quiz -->
#
# 1. Your fine-tuning reports a loss of 0.0 from the first step. What do you look at first?
#    - [ ] The learning rate. :: Before the first step, it hasn't had any effect.
#    - [x] The labels: decode what isn't masked. :: Probably nothing is left, because the template didn't match the tokens, or the answers were cut off at the maximum length.
#    - [ ] Nothing: the base had read these conversations before. :: Even a text known by heart costs a little.
# 2. After tuning, the model answers well and then goes on with "user what colour ...". What was forgotten?
#    - [x] The end-of-turn token in the labels. :: It was masked along with the markers, so stopping was never learned.
#    - [ ] A lower temperature. :: A high one makes odd words. Here the words are fine, but there are too many of them.
#    - [ ] The causal mask. :: Without it, the model would copy the next word in training, and write nonsense from the first word on.
# 3. Why is it no use comparing the loss of a run that masks the user's turns with that of one that doesn't?
#    - [ ] The masked run has seen less data. :: It has read the same texts. It only learned from fewer of their words.
#    - [ ] The masked loss is always lower. :: Not always: that depends on which are harder to predict, questions or answers.
#    - [x] They are means over different tokens. :: Users' questions are harder or easier to predict than answers, so the numbers have no common meaning.
# 4. Would a model tuned on 10,000 conversations about cats follow instructions about counting?
#    - [ ] Yes: following is one skill, and 10,000 is plenty. :: The form is one skill, soon learned. Each kind of task is another.
#    - [x] Probably little: it has learned the form, not the task. :: The form is soon learned; the kinds of tasks decide the rest.
#    - [ ] It would follow less than its untuned base. :: The base follows nothing at all: it continues the text.
