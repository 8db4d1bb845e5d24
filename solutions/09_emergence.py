# ---
# title: "Emergence: languages and tasks that were never trained together"
# objectives:
#   - say what must be known separately before a model can answer about a picture in a language that no picture came with
#   - continue a tokenizer on new languages, and count what a word costs in eleven of them
#   - teach a model that sees in English to answer in French, with texts alone
#   - prove by a permuted dictionary where an answer's words come from, and judge content and language apart
#   - say when two abilities only add up, and when one needs the other
# prerequisites:
#   - "[language model and assistant](04_assistant.ipynb)"
#   - "[visual instruction tuning](07_llava_tuned.ipynb)"
# minutes: 65
# gpu: A T4 runs a published LLaVA in 4 bits at the end, asked in seven languages; nothing else needs one.
# ---

# %% tags=["setup"]
from course_lib.exercise import exercise, hint, points, progress
from course_lib.session import begin

session = begin(lesson="09_emergence")

# %% [markdown]
# ## See it: one picture, three languages
#
# The talk shows a street in New Orleans' French Quarter, and LLaVA being asked about it in a language other than English.
# It answers in that language. Yet every picture that LLaVA was tuned on came with *English* questions and answers. The slide calls this an *emerging
# property*.
#
# Is it one? "Emergent" often means no more than "we did not expect it". So in this lesson you take the ability apart. Our small model knows three
# languages:
#
# - **English**, in texts and beside pictures: the model began as Lesson 07's assistant;
# - **French**, in texts alone;
# - the **cipher**, in texts alone. We invented it: Greek letters, words made from hashes, a grammar of its own. It shares no piece of a word with
#   English, and nobody has ever written in it. What a model knows of it, it learned here.
#
# Here is a picture that the model has never seen. **Predict:** asked in each of the three, will it answer, and in which language?

# %%
import random
from dataclasses import replace

import numpy as np

from course_lib import figures, show
from course_lib.emergence import train
from course_lib.emergence.arms import ALL
from course_lib.emergence.evaluate import asking
from course_lib.emergence.languages import CODES, KINDS, get_language, permuted
from course_lib.emergence.texts import scene_questions, text_conversation
from course_lib.emergence.tokenizer import NUM_NEW, continue_bpe, load_tokenizer
from course_lib.emergence.train import saved
from course_lib.llava.data.testsets import VqaExample
from course_lib.lm.data.instructions import clean
from course_lib.session import few
from course_lib.world.render import render
from course_lib.world.scenes import SceneSpec, make_scene

languages = {code: get_language(code) for code in CODES}
scene = make_scene(8, SceneSpec(stream="val", count=(2, 3)))
by_kind = {one.kind: one for one in scene_questions(scene, random.Random(1), KINDS)}
asked = [VqaExample(scene, one) for one in by_kind.values()]
english = languages["en"].describe(scene, random.Random(0))
show.pictures(
    [render(scene, 256).image, render(scene).image],
    titles=["as drawn", "as the model sees it"],
    columns=2,
    alt=f"A validation scene, at 256 and at 64 pixels: {english}",
)

# %%
model = saved.load()
for code, language in languages.items():
    replies = asking.picture_replies(model, asked, language)
    for question, reply, one in zip(asking.asked_in(language, asked), replies, asked, strict=True):
        print(f"{code}  {question}\n    → {reply}   (right: {language.answer(one.question)})")

# %% [markdown]
# Don't believe it yet. There are three dull explanations. We test each:
#
# 1. **It leaked.** French stood beside pictures after all.
# 2. **The words look alike.** *Orange* is *orange*, *table* is *table*. The cipher excludes this one by design.
# 3. **The question gives it away.** Half of all yes-or-no questions have the answer yes. So we also ask about a blank picture.
#
# The fourth isn't dull: picture and French question meet inside the model. Here is the plan. All parts come from Lesson 07's assistant; two stages
# train them further:

# %%
Box = show.Box
boxes = {
    "texts": Box(0, 0, "texts: en, fr, cipher\n(about no picture)", "ids [18, 256]"),
    "picture": Box(0, 1.5, "picture", "[B, 3, 64, 64]"),
    "question": Box(0, 3, "question in English\nbeside the picture", "ids [B, T]"),
    "tower": Box(1, 1.5, "vision tower", "[B, 64, 160]", "frozen"),
    "connector": Box(2, 1.5, "connector:\nin stage 2", "[B, 64, 192]", "learned"),
    "embeddings": Box(2, 0, f"embeddings, +{NUM_NEW:,}:\nin stage 1", "[18, 256, 192]", "learned"),
    "lm": Box(3, 1.5, "language model:\nin stage 1", "[B, 64 + T, 192]", "learned"),
    "answer": Box(4, 0.75, "asked in English:\ntrained", "", "result"),
    "french": Box(4, 2.25, "asked in French:\nnever trained", "", "result"),
}
arrows = [
    ("texts", "embeddings", "stage 1"), ("embeddings", "lm"), ("picture", "tower"), ("tower", "connector"),
    ("connector", "lm", "stage 2"), ("question", "lm"), ("lm", "answer"), ("lm", "french"),
]  # fmt: skip
show.diagram(
    boxes,
    arrows,
    legend={"learned": "learned, in the stage named", "frozen": "never learned here"},
    alt="Stage 1: texts in three languages train the language model, whose embeddings have new rows. Stage 2: pictures go through the "
    "frozen vision tower and the connector, which learns now, into the same language model, frozen now, beside questions in English "
    "alone. In the end it is asked in French, a path that no training example took.",
)

# %% [markdown]
# ## Build it: "cat" in eleven scripts
#
# Before a model can learn a language, its tokenizer must be able to spell it. Lesson 04's learned English only. It won't fail on other scripts: it
# falls back on bytes. **Predict** how many pieces a cat costs in Chinese, in Russian, in Hindi.

# %%
from course_lib.lm.tokenizer import get_tokenizer
from course_lib.world.stickers import class_named, classes

tokenizers = {"English only": get_tokenizer(), f"{NUM_NEW:,} pieces more": load_tokenizer()}


def num_pieces(tokenizer, word):
    """How many tokens a word costs, within a sentence"""
    return len(tokenizer(f" {word}", add_special_tokens=False)["input_ids"])


for code, word in class_named("cat").names.items():
    print(f"{code}  {word}:", ", ".join(f"{num_pieces(one, word)} ({name})" for name, one in tokenizers.items()))

# %% [markdown]
# A Chinese or Hindi character takes three bytes, and Hindi's vowel signs count extra. So the same message costs more money, time and context, only
# because of its language; in large tokenizers up to fifteen times as much
# (Petrov et al., 2023, [arXiv 2305.15425](https://arxiv.org/abs/2305.15425)).
#
# Here is the mean over all 200 names of our world, and over the cipher's.

# %%
codes = list(class_named("cat").names)
words = {code: [one.names[code] for one in classes()] for code in codes}
words["cipher"] = [noun.word for noun in languages["ci"].names.values()]
costs = np.array(
    [[np.mean([num_pieces(one, word) for word in column]) for column in words.values()] for one in tokenizers.values()]
)
labels = list(tokenizers), list(words)
show.matrix(costs, *labels, alt=f"Mean number of tokens of a name. {show.written(costs, *labels)}")

# %% [markdown]
# The longer tokenizer has what Lesson 04's has, and a thousand pieces more. The old pieces keep *their numbers*, and English is spelled almost as
# before. So the assistant keeps what it knows; only the new rows of its embedding table start from noise. Chinese-LLaMA was made this way
# ([arXiv 2304.08177](https://arxiv.org/abs/2304.08177), section 2.1).
#
# The pieces are found by *byte pair encoding* (BPE): take the commonest pair of neighbouring pieces, join it everywhere, repeat.
#
# <!-- exercise: emergence.merge -->
#
# Join the pair wherever it stands, from left to right. Careful: a piece can belong to one pair only. In `["a", "a", "a"]`, the pair `("a", "a")`
# stands once.


# %% tags=["check"]
@exercise("emergence.merge")
def merge(parts, pair):
    """["c", "h", "a", "t"], ("c", "h") → ["ch", "a", "t"]"""
    ### BEGIN SOLUTION
    merged, at = [], 0
    while at < len(parts):
        joined = tuple(parts[at : at + 2]) == tuple(pair)
        merged.append("".join(parts[at : at + 2]) if joined else parts[at])
        at += 2 if joined else 1
    return merged
    ### END SOLUTION


# %% [markdown]
# Your function goes on learning, on a few hundred texts: these are the first pieces it would add, in order. (A □ or � is half a letter: in UTF-8, a
# Greek letter is two bytes.)

# %%
from tokenizers.decoders import ByteLevel

rng = random.Random(0)
texts = [turn["content"] for _ in range(few(400, 20)) for turn in text_conversation(ALL, rng)]
more = few(30, 3)
found = list(continue_bpe(texts, more)["model"]["vocab"])[-more:]
print(" · ".join(ByteLevel().decode([piece]) for piece in found))

# %% [markdown]
# ### How often does each language come?
#
# The web has far more English than Swahili. Sample texts as they come, and small languages are never learned; sample languages equally, and their few
# texts are read a hundred times. In between lies a *temperature*: each language is drawn in proportion to its number of texts to the power of $1/T$.
# XLM-R used an exponent of 0.3 ([arXiv 1911.02116](https://arxiv.org/abs/1911.02116)).
#
# <!-- exercise: emergence.sampling -->
#
# $T = 1$: as they come. $T \to \infty$: all alike. A language without text has the share 0.


# %% tags=["check"]
@exercise("emergence.sampling")
def sampling_probabilities(counts, temperature):
    """{language: number of texts}, 1 ≤ temperature ≤ inf → {language: how often it is drawn}, summing to 1"""
    ### BEGIN SOLUTION
    weights = {code: count ** (1 / temperature) if count else 0.0 for code, count in counts.items()}
    return {code: weight / sum(weights.values()) for code, weight in weights.items()}
    ### END SOLUTION


# %%
counts = {"large": 1000, "middling": 100, "small": 10}  # made up
for temperature in (1, 2, 5, float("inf")):
    drawn = sampling_probabilities(counts, temperature)
    print(f"T = {temperature}:", ", ".join(f"{name} {share:.0%}" for name, share in drawn.items()))

# %% [markdown]
# ## Build it: the texts
#
# A scene of the sticker world is told in one language, and questions about it are asked in that or *another* one. Nobody draws it. Two thirds of the
# conversations ask in French or in the cipher. Many scenes are told in key words: what a picture gives a language model is no sentence either.
# Many conversations ask only *is there …?*: that two words mean the same is hard to find out. So is counting: half of the sentences say *a cat,
# a cat*. Some scenes have signs; they say random letters or digits, spelled.
#
# Read three of them. **Predict:** what could a model learn from the mixed ones that it can't learn from the others?

# %%
rng = random.Random(774)
for _ in range(3):
    for turn in text_conversation(ALL, rng)[:4]:
        print(f"{turn['role']:9s} {turn['content']}")
    print()

# %% [markdown]
# In the second, *verte* must be found in a sentence that says *green*, and said as a feminine *trottinette* asks for it: what is said must be kept
# apart from the language in which it is said.
#
# ### What may stand beside a picture
#
# The first dull explanation was a leak. Against it there is no better way than a rule that is code, through which all data must pass. Every question comes as
# a record: a *tag* that says in which language it will be asked, its kind, and its English wording.
#
# <!-- exercise: emergence.tag -->
#
# Let through, in their order, the records whose language is one of `picture_languages`, whose kind is one of `KINDS` (is it there, how many, which
# colour, where), and which quote no sign: a sign's text stands in double quotes. What has no tag (`None`) is in an unknown language.


# %% tags=["check"]
@exercise("emergence.tag")
def picture_questions(records, picture_languages):
    """[Record(language, kind, english), …], codes of languages → the records that may stand beside a picture"""
    ### BEGIN SOLUTION
    return [
        one for one in records if one.language in picture_languages and one.kind in KINDS and '"' not in one.english
    ]
    ### END SOLUTION


# %%
from course_lib.emergence.mixing import Record

records = [
    Record("en", "colour", "what colour is the cat?"),
    Record("fr", "colour", "what colour is the cat?"),
    Record("en", "read", "what does the sign say?"),
    Record("en", "exist", 'is there a sign that says "STOP"?'),
    Record(None, "count", "how many dogs are there?"),
]
for one in records:
    print("beside a picture" if one in picture_questions(records, ALL.picture_languages) else "not", "·", *one)

# %% [markdown]
# The last two rules are for the experiment on reading. Every batch of pictures passes this filter.
#
# ### Two stages
#
# Every model of this lesson begins as Lesson 07's assistant was before the MLP, with its mixture of words, without its letter head and with the longer tokenizer. (Four at the end begin
# earlier; see there.) Then:
#
# | stage | learns | frozen | from |
# |---|---|---|---|
# | 1 | language model; the new rows of its embeddings 16 times faster | vision tower, connector | texts in three languages; no picture |
# | 2 | connector | vision tower, language model | pictures with English questions: is it there, how many, which colour, where are we? |
#
# The new rows begin as noise and have far to go; at their pace everything else would be overwritten. In stage 2
# the language model is *frozen*: it can't forget, and no picture can teach it French. LLaVA-1.5 tunes it there, with texts mixed in. What
# comes of that, and of no stage 2 at all, see below.

# %%
for name, recipe in (("1: texts", train.TEXTS), ("2: pictures", train.PICTURES)):
    print(f"stage {name}: {recipe.steps:,} steps of {recipe.batch_size}, learning rate {recipe.learning_rate}")

# %% [markdown]
# ### The gate
#
# One thing must be known between the stages: does the language model understand its languages? So it is told in words what a picture would show, and
# asked in the same language, in questions worded as training never worded them. If this fails, whatever comes later says nothing about vision. (Our
# bar, set before: 95 %.)

# %%
figures.show(figures.recorded("emergence.gate."))

# %% [markdown]
# All three pass. (Another seed's cipher didn't; it stays in the mean.)
#
# ## Build it: judge two things apart
#
# Asked in French about a red car, a model says "red". Is that right? It knows the *colour*; it doesn't know the *language*. A single score would hide
# which of the two is missing. So we keep two: is the **content** right, in whichever language it is said? And is the reply in the **language** of the
# question?
#
# <!-- exercise: emergence.judge -->
#
# The whole reply must be one of the answers; capitals and a full stop at the end don't count (`clean`). A reply is said in a language that has *all* of its words; in none, if it is
# empty or a mixture. It may be said in two: *orange* is French as well.


# %% tags=["check"]
@exercise("emergence.judge")
def judge(reply, answers, vocabularies):
    """reply, the right answers in whichever languages, {code: its words} → (is the content right?, [codes of its languages])"""
    ### BEGIN SOLUTION
    said = clean(reply)
    words = said.split()
    languages = [code for code, known in vocabularies.items() if words and all(word in known for word in words)]
    return said in {clean(answer) for answer in answers}, languages
    ### END SOLUTION


# %%
vocabularies = {code: language.vocabulary() for code, language in languages.items()}
red = ("red", "rouge", languages["ci"].colours["red"][0])  # three right answers
for reply in ("Rouge.", "red", "bleu", "orange", languages["ci"].colours["red"][0], "rouge car", ""):
    right, said_in = judge(reply, red, vocabularies)
    print(f"{reply!r:10} content {'right' if right else 'wrong'}, said in: {', '.join(said_in) or 'no language'}")

# %% [markdown]
# ## Train it: three minutes of reading
#
# Now the experiment, live. You start from Lesson 07's assistant, to which the new pieces are noise. It reads for 350 steps: 18 rows of 256 tokens each,
# texts like those above. **No picture is shown; only the language model learns.** This is stage 1, shortened; there is no stage 2.
#
# **Predict** two things: how many questions about *pictures*, asked in French, will it get right before, and how many after? And will it still see
# when asked in English?
#
# We ask about validation scenes, 40 questions of each kind, in wordings that training never used.


# %%
def asked_about_pictures(model, count=40):
    """Language → share of replies with the right content, and share in the language of the question"""
    asked = [one for kind in KINDS for one in asking.examples(kind, few(count, 2), "val")]
    scores = {}
    for code, language in languages.items():
        replies = asking.picture_replies(model, asked, language)
        right = asking.is_right(replies, asked, list(languages.values()))
        scores[code] = right.mean(), asking.is_in(replies, language).mean()
    return scores


student = train.build_model(ALL)  # Lesson 07's assistant, with new pieces that have learned nothing
before = asked_about_pictures(student)
recipe = replace(train.TEXTS, steps=few(350))
curve = show.LossCurve(chance=float(np.log(len(student.tokenizer))), chance_name=f"ln {len(student.tokenizer):,}")
state_file = session.paths().runs / "emergence.safetensors"
run = train.learn_texts(student, ALL, recipe, callbacks=[curve], state_file=state_file)
curve.draw(run)

# %%
after, baked = asked_about_pictures(student), asked_about_pictures(model)
rows = {"Lesson 07's assistant": before, f"{recipe.steps} steps of texts": after, "shipped: both stages": baked}
columns = [f"{code}: {what}" for code in CODES for what in ("content", "language")]
table = np.array([[value for code in CODES for value in scores[code]] for scores in rows.values()])
what = "Questions about validation pictures, shares right in content and in the language of the question."
show.matrix(table, list(rows), columns, alt=f"{what} {show.written(table, rows, columns)}")

# %% [markdown]
# Read the columns in pairs. Before, a French question gets nothing: the assistant doesn't even guess. After, what was gained came from
# texts, since nothing else was shown. And English is still understood: language model and connector still fit. The last row read 1,500 steps
# of texts, and went through stage 2.
#
# Look at replies before you trust a mean: eight French questions, and your model's.

# %%
some = [one for kind in KINDS for one in asking.examples(kind, few(2, 1), "val")]
replies = asking.picture_replies(student, some, languages["fr"])
titles = [
    f"{question} {reply}" for question, reply in zip(asking.asked_in(languages["fr"], some), replies, strict=True)
]
show.pictures(
    [render(one.scene, 128).image for one in some],
    titles=titles,
    columns=4,
    alt="Validation scenes, each with a French question and your model's reply: "
    + "; ".join(
        f"{title} (right: {languages['fr'].answer(one.question)})" for title, one in zip(titles, some, strict=True)
    ),
)

# %% [markdown]
# ## Prove it
#
# From here on, the recorded *arms*: models that differ in what they were given. Each went through both stages unless we say otherwise, and was asked about
# *test* scenes. The figures have three companions:
#
# - **control**: the same questions about a grey picture. What is right here was never seen. (It answers, too: nobody taught it "I see nothing".)
# - **baseline**: arm *none*, the same two stages, but all texts are English.
# - **ceiling**: pictures with questions in all three languages, so nothing needs to emerge.
#
# All arms but the first were trained once, and another seed moved the cipher by 9 points: less than that means nothing.

# %%
# As `python -m course_lib evaluate emergence` recorded them; tools/emergence_arms.py trains the arms.
figures.show(figures.recorded("emergence.seeds.", "emergence.picture.", "emergence.language.", "emergence.blank."))

# %% [markdown]
# Asked in French about a picture, it is right in 78 %<!-- figure: emergence.picture.fr --> (in English: 89.2 %<!-- figure: emergence.picture.en -->), although no picture ever came with
# French; in the cipher, in 77.5 %<!-- figure: emergence.picture.ci -->. It answers in the language of the question in 98.5 %<!-- figure: emergence.language.fr --> and
# 99 %<!-- figure: emergence.language.ci -->. Blank pictures give 23.5 %<!-- figure: emergence.blank.fr -->, so it looks. (Weak spots: the notes.)
# Three seeds' mean, ours the best: 75.8 %<!-- figure: emergence.seeds.fr --> in French; in the cipher 73.9 %<!-- figure: emergence.seeds.ci -->, from
# 68.5 %<!-- figure: emergence.seeds.ci low --> to 77.5 %<!-- figure: emergence.seeds.ci high -->: our bar of 75 % is just missed there. Pictures with questions in all languages bring
# 82 %<!-- figure: emergence.ceiling.fr -->.
#
# ## Break it: take away the texts
#
# Every claim of emergence needs this ablation: remove what is said to cause it. Arm *none* goes through both stages with English texts alone; its row
# is recorded. Live, ask what these arms began with, the untouched assistant. (Printed: the questions in English.) **Predict** its words.

# %%
untouched = train.build_model(ALL)
for code in ("fr", "ci"):
    for one, reply in zip(some, asking.picture_replies(untouched, some, languages[code]), strict=True):
        print(f"{code}  {one.question.text:45s} → {reply!r}")

figures.show(figures.recorded("emergence.none."))  # and the baseline

# %% [markdown]
# The assistant tells in English what it sees: that it was asked anything, it can't know. It sees; what it lacks is the question.
#
# Without their texts, French falls to 11.5 %<!-- figure: emergence.none.fr -->, the cipher to 3 %<!-- figure: emergence.none.ci --> (what is left: mostly *yes* or *no*,
# in English).
#
# ## Break it: permute the dictionary
#
# Removing texts shows that they are *needed*. Do they also decide *what is said*? If the French texts say *jaune* of what is red, what will the model
# say of a red car in a **picture**?
#
# So one arm read texts in which every noun, colour, number and place has changed places with another of its kind; the grammar is intact, and no text
# contradicts any other. (*Yes*, *no* and the French *un* stay. We judge colours, numbers and places.) Nothing else differs: same pictures, same English.

# %%
wrong = {code: permuted(languages[code]) for code in ("fr", "ci")}
for code, language in wrong.items():
    for name, colour in (("cat", "red"), ("car", "blue"), ("dog", None)):
        print(f"{code}  {name:4s} {languages[code].phrase(name, colour):20s} → {language.phrase(name, colour)}")

# %% [markdown]
# <!-- exercise: emergence.follows -->
#
# Which replies can tell the two dictionaries apart? Those that exactly *one* of them accepts: *oui* is right in both, nonsense in neither. Of these, count
# those that the permuted one accepts, and all. Capitals and full stops don't count (`clean`).


# %% tags=["check"]
@exercise("emergence.follows")
def count_following(replies, true, turned):
    """replies [N], and for each the answers that the true dictionary accepts, and the permuted one → (follow the permuted, can tell)"""
    ### BEGIN SOLUTION
    judged = [(clean(reply) in a, clean(reply) in b) for reply, a, b in zip(replies, true, turned, strict=True)]
    follows = [by_turned for by_true, by_turned in judged if by_true != by_turned]
    return sum(follows), len(follows)
    ### END SOLUTION


# %%
true, turned = [["oui"], ["vert", "verte"], ["deux"]], [["oui"], ["rose"], ["trois"]]
for replies in (["oui", "rose", "trois"], ["oui", "verte", "trois"], ["oui", "green", ""]):
    print(replies, "→ (follow, can tell):", count_following(replies, true, turned))

# %%
figures.show(figures.recorded("emergence.permuted."))

# %% [markdown]
# Of the answers that tell the two dictionaries apart, 96.3 %<!-- figure: emergence.permuted.fr --> follow the permuted one, in both languages.
#
# This is the lesson's strongest evidence: we don't remove the cause, we *change* it, and the answers change as predicted. French from
# elsewhere, or a likeness of words, would give the *usual* word; a guess, either one.
#
# ## Break it: how much text does it take?
#
# In LLaVA-1.5's mixture, text-only conversations are 40,000 of 665,000, and only some of these are not in English. So how little is enough? Arms differ in
# the share of text-only conversations that ask in a new language; both new languages share it. **Predict the curve:** a straight line, a step, or
# flat from 1 % on?

# %%
shares = {0: "none", 1: "share_1", 5: "share_5", 15: "share_15", 67: "picture"}
of_share = {
    code: [figures.recorded(f"emergence.{arm}.{code}")[0].value for arm in shares.values()] for code in ("fr", "ci")
}
show.history(
    list(shares),
    {"French": of_share["fr"], "cipher": of_share["ci"]},
    xlabel="% of the texts that ask in a new language",
    ylabel="content right",
    alt="Right answers about pictures by share of the texts in new languages. "
    + "; ".join(
        f"{share} %: French {100 * fr:.0f}, cipher {100 * ci:.0f}"
        for share, fr, ci in zip(shares, of_share["fr"], of_share["ci"], strict=True)
    ),
)

# %% [markdown]
# One per cent gives 31.2 %<!-- figure: emergence.share_1.fr --> in French, as guessing does: the questions aren't understood. Five give 66.8 %<!-- figure: emergence.share_5.fr -->, fifteen
# 74 %<!-- figure: emergence.share_15.fr -->: steep, then flat.
#
# ## Break it: the second stage
#
# Three arms read the same texts as the shipped model and differ in stage 2. One has none: its connector is Lesson 07's as it was. *Tuned* trains the
# language model as well, by LoRA, on English pictures alone; *tuned, and texts* has one of the texts beside 30 % of the pictures, as LLaVA-1.5 mixes in
# ShareGPT. **Predict**: what does each do to English, and to French?

# %%
figures.show(
    figures.recorded("emergence.picture.", "emergence.no_pictures.", "emergence.tuned.", "emergence.tuned_texts.")
)

# %% [markdown]
# Without a stage 2, French is right in 69.8 %<!-- figure: emergence.no_pictures.fr -->, English in 78.2 %<!-- figure: emergence.no_pictures.en -->: most of it is there after the texts,
# since Lesson 07 taught it to see. Tuned on English pictures alone: English 90.8 %<!-- figure: emergence.tuned.en -->, French 81.2 %<!-- figure: emergence.tuned.fr -->, cipher
# 73.5 %<!-- figure: emergence.tuned.ci -->: what is lost is
# within a seed's noise; texts beside the pictures make it no better.
#
# ## Break it: which texts?
#
# The same share of conversations ends in French, in three forms:
#
# - **crossed**: half of the conversations, later four fifths, describe in one language and ask in another. This is what you trained on.
# - **alone**: description and question always in the same language, so French never meets English.
# - **translations**: alone, but 30 % of the conversations are a phrase and its translation: `en → fr : a red car`, *une voiture rouge*.
#
# **Predict:** which of them can talk about pictures in French?

# %%
figures.show(figures.recorded("emergence.picture.fr", "emergence.alone.fr", "emergence.translations.fr"))

# %% [markdown]
# Translations give 47.8 %<!-- figure: emergence.translations.fr -->, alone 38.2 %<!-- figure: emergence.alone.fr -->: yet *alone*, too, understands French told in
# words (the note). In it only counting crosses over; translations add colours, and name no places. Large models align languages without
# such meetings ([arXiv 1911.01464](https://arxiv.org/abs/1911.01464)).
#
# ## A second emergence: tasks
#
# Languages are one thing that can be combined; tasks are another. First a small one: an arm whose cipher texts never ask **how many**. Number words
# occur in the cipher's descriptions, and *how many* is asked in English and French. But the cipher's words that ask it are never met. **Predict:** can
# it count in the cipher, about pictures? (Baseline: no cipher text at all.)

# %%
figures.show(figures.recorded("emergence.no_count.ci"))

# %% [markdown]
# No: it is right in 12 %<!-- figure: emergence.no_count.ci -->, less than by always guessing the same number. The gate says why: told in words, too, it never says the
# cipher's number (the note), but *yes*, *no* or a French one. It knows the numbers and can count in English, but little ties the cipher's
# *how many* to either. Combining isn't automatic.
#
# Now a larger one. LLaVA-1.5's authors report the same of *tasks*: since ShareGPT's texts joined, the model answers longer about pictures, too
# (section 5.3 calls it *compositional*). We take reading. Two ingredients can be given or withheld:
#
# - **text**: texts ask what a sign says. *"…a green sign that says "Q F X". what does the sign say?"* → *Q F X*. The letters (or digits) are random, so there is
#   nothing to guess: it teaches to copy letters.
# - **letters**: the vision tower has the letter head of Lesson 07. It knows which letter stands where.
#
# No picture's question ever asks what a sign says, in any arm. But Lesson 07's assistant *was* taught to read signs. So these four begin earlier: with
# Lesson 04's language model as it was when it had only read plain text, and with Lesson 06's word mixture as the connector. They read texts in English,
# and have **no stage 2**: this language model has never met a picture. Its connector looks words and letters up in the embeddings, as in a dictionary.
#
# A picture shows each letter in several patches. So in these texts key words come again and again, letters too: `sign H H H D D D sign green`.
#
# A sign is read as a whole or not at all, and such scores hide what is learned halfway (see below). So we count *letters*: which of a sign's different
# letters stand in the reply? **Predict** the four cells. Do the two ingredients *add up*, or does each need the other?

# %%
cells = [["neither", "letters"], ["text", "text_letters"]]
reading = np.array([[figures.recorded(f"emergence.read.{one}")[0].value for one in row] for row in cells])
labels = ["no text asks", "texts ask"], ["without letter head", "with it"]
show.matrix(reading, *labels, alt=f"Letters of signs read from test pictures. {show.written(reading, *labels)}")

# %% [markdown]
# If each ingredient added its own part, both together would bring the sum. What is left over is their **interaction**: what one adds *with*
# the other, minus what it adds *without*.
#
# <!-- exercise: emergence.interaction -->
#
# The interval is the normal one: 1.96 standard errors to each side. We treat the four shares as independent (our arms answer the same questions, so
# this is approximate): the variances $p(1-p)/n$ of all four add up, even of those subtracted.


# %% tags=["check"]
@exercise("emergence.interaction")
def interaction(right, asked):
    """arrays [2, 2] of counts, [first factor?, second factor?] → (interaction, low, high) of the shares"""
    ### BEGIN SOLUTION
    shares = right / asked
    difference = (shares[1, 1] - shares[1, 0]) - (shares[0, 1] - shares[0, 0])
    half = 1.96 * np.sqrt((shares * (1 - shares) / asked).sum())
    return difference, difference - half, difference + half
    ### END SOLUTION


# %%
# First made-up counts, of 100 questions each: in the first table both ingredients merely add up. Then the measured ones.
for right in ([[0, 20], [30, 50]], [[0, 0], [0, 50]], [[0, 3], [2, 9]]):
    value, low, high = interaction(np.array(right), np.full((2, 2), 100))
    print(f"{right} → {100 * value:.0f} points, {100 * low:.0f} to {100 * high:.0f}")
figures.show(figures.recorded("emergence.read."))

# %% [markdown]
# With both, 31.9 %<!-- figure: emergence.read.text_letters --> of the letters are read; in the other cells none, since these never spell: they say *yes* or
# *no*. So the interaction is all of it: 31.9<!-- figure: emergence.read.interaction --> points
# (28<!-- figure: emergence.read.interaction low --> to 35.9<!-- figure: emergence.read.interaction high -->). One letter in three is read; two
# cells, never taught to spell, had to give 0. (Stage 2, with its questions about other things, lost most of it again in a pilot.)
#
# ## What the papers claim, and what speaks against it
#
# **LLaVA-1.5** (Liu et al., 2024, [arXiv 2310.03744](https://arxiv.org/abs/2310.03744), section 4.3) was asked in Chinese, on MMBench-CN: 63.6 for
# the 13B model, whose visual tuning had Chinese only in ShareGPT's texts. Qwen-VL-Chat, trained on Chinese pictures and texts, has 56.7. (The paper
# prints "+7.3 %"; the two numbers differ by 6.9.) The authors say where it partly comes from: ShareGPT's conversations in many languages. What they don't do is take
# them out and look again.
#
# **What supports it**: the first LLaVA, tuned without such texts, hardly ever answered in Chinese, says a user; 1.5 does, says its author
# ([LLaVA#238](https://github.com/haotian-liu/LLaVA/issues/238)). But much else changed as well.
#
# **What complicates it**: the language model matters. On Vicuna 1.3 (LLaMA), tuned on the same conversations as 1.5 (Llama 2), MMBench-CN is far
# worse; so it is on Llama-2-Chat, tuned mostly in English (section 4.4). Part of what emerges was there before.
#
# **What speaks against it**: *Parrot* (Sun et al., 2024, [arXiv 2406.02539](https://arxiv.org/abs/2406.02539)) finds that visual tuning which is mostly
# English *erodes* the other languages: replies fall back into English. (Our *tuned* replies in French: 97.5 %<!-- figure: emergence.tuned.language.fr -->.)
#
# **And the word itself**: Wei et al. (2022, [arXiv 2206.07682](https://arxiv.org/abs/2206.07682)) call an ability emergent if small models lack it and
# large ones have it. Schaeffer et al. (2023, [arXiv 2304.15004](https://arxiv.org/abs/2304.15004)) show that such jumps often come from the *measure*:
# all-or-nothing scores turn a smooth improvement into a step. Your share curve above is drawn with one, too.
#
# | claim | weak evidence | strong evidence |
# |---|---|---|
# | it answers in French | an example | content and language, apart, with a blank picture |
# | from texts alone | "we had no French pictures" | a filter that all data pass, and the arm without texts |
# | the texts decide the words | it works | a permuted dictionary, and answers that follow |
# | it is a combination | both ingredients are there | the 2×2, with the interaction's interval |
#
# ## The real thing
#
# `llava-hf/llava-v1.6-vicuna-7b-hf` is LLaVA-NeXT on Vicuna. Of the family's Chinese its authors say that it is
# zero-shot: only English beside pictures. In the
# full tier (`COURSE_TIER=full`, a T4; 4 bits take some 4.5 GB) the next cell asks it in, and for, seven languages to name stickers, and looks for the name in
# that language (Unicode's, as in the table of cats) and in English. **Predict:** in which languages will it say the right thing in the wrong language?

# %%
from course_lib.emergence import full

published = full.load() if session.tier == "full" else None
if session.tier != "full":
    print(f"Skipped: {full.HUB[0]} needs the full tier (COURSE_TIER=full).")
if published:
    named = full.name_stickers(*published, ("cat", "dog", "house", "banana", "car", "tree", "fish", "book"))
    labels = list(full.QUESTIONS), ["named in it", "named in English"]
    show.matrix(named, *labels, alt=f"Stickers named by a published LLaVA. {show.written(named, *labels)}")

# %% [markdown]
# The judge takes Unicode's keywords, too, even within words: *animal* is a cat, *carotte* a car. So read the replies.
#
# ## Recap
#
# - To answer about a picture in a language that no picture came with takes two abilities that can be learned apart: seeing, and the language. Whether
#   they also combine is a measurement, not a matter of course.
# - Content and language of an answer are two things. Judge them apart, and beside a blank picture.
# - A tokenizer decides what a language costs. New pieces go behind the old ones, so that English keeps its numbers.
# - Take the supposed cause away (ablation), then change it (permutation). The first shows that it is needed, the second that it decides.
# - Two ingredients interact if both together bring something else than the sum of what each brings alone.
#
# <!-- words -->
#
# ## Quiz
#
# <!-- quiz -->
#
# 1. A model tuned on English pictures answers a Chinese question about a photo in Chinese. What is the first control to ask for?
#    - [ ] A larger test set, with more photos and more questions. :: It makes the number exact, not meaningful.
#    - [x] The same training without the Chinese texts. :: Only that says whether the texts are what does it.
#    - [ ] A model that was tuned on Chinese pictures, as a comparison. :: That is the ceiling: useful, but it says nothing about the cause.
# 2. Asked in French for the car's colour, a model says "red", and it is red. What do you write down?
#    - [ ] Wrong: it isn't French. :: It saw the colour. You would report blindness where only the language fails.
#    - [ ] Right: everybody understands it. :: You would report a skill in French that isn't there.
#    - [x] Content right, language wrong. :: Two scores tell you which part is missing.
# 3. In the texts, *jaune* is said of what is red. Shown a red car and asked in French for its colour, the model says "jaune". What does this prove?
#    - [x] The French words for what it sees come from the texts. :: You changed them, and the answer followed.
#    - [ ] The permutation confused the model, and it no longer sees red. :: It named red, by the only French word for it that it ever met.
#    - [ ] French stood beside the pictures somewhere. :: True French beside pictures would have said "rouge".
# 4. Why does the lesson invent a language, when it has French?
#    - [ ] To have a language with a simpler grammar, which a small model can learn faster. :: It has a different grammar, and speed is not the point.
#    - [ ] To keep the training data small enough for two cores. :: It costs as many texts as French does.
#    - [x] It shares no pieces of words with English. :: So likeness of words, such as "orange" and "orange", can't be the reason.
# 5. Texts alone give 2 % of signs read, letters alone 3 %, both 40 %, neither 1 %. How large is the interaction?
#    - [ ] 35 points: 40 − 2 − 3. :: "Neither" is subtracted once too often: each ingredient brings what it adds to 1 %.
#    - [x] 36 points: (40 − 3) − (2 − 1). :: What text adds with letters, minus what it adds without.
#    - [ ] 39 points: 40 − 1. :: That is what both bring together, not what is left over after adding up.
# 6. Only yes-or-no questions, in French: 56 % are right on pictures, and 54 % on blank ones. What do you conclude?
#    - [ ] Slightly better than chance: emergence has begun. :: Chance is what the words alone give, and the blank picture measures it.
#    - [x] Nothing shows that it used the picture. :: What is right without a picture was not read from one. Two points need an interval, too.
#    - [ ] It can't see, so the vision tower must be retrained. :: Ask in English first: perhaps it sees, and only doesn't understand the question.
