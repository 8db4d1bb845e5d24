# ---
# title: "GPT-assisted visual instruction data"
# objectives:
#   - explain how a teacher that never saw a picture can write instruction data about it
#   - "write the pipeline's parts: from captions and boxes to a prompt, and from a reply to training turns"
#   - let a teacher work for you without losing a paid reply or exceeding a budget
#   - recognise the defects of such data, and filter them, with measured precision and recall
#   - write a filtered instruction set like the one LLaVA's second stage is trained on
# prerequisites:
#   - "[the welcome lesson](00_welcome.ipynb)"
#   - "[Lesson 04](04_assistant.ipynb), for what instruction tuning is"
# minutes: 75
# ---

# %% tags=["setup"]
from course_lib.exercise import exercise, hint, points, progress
from course_lib.session import begin

session = begin(lesson="05_instruction_data")

# %% [markdown]
# ## Why: nobody had written it
#
# Lesson 04 made an assistant out of a language model with *conversations*. An assistant that sees needs conversations about pictures. In early 2023, the web was full of captioned
# pictures, but nobody talked about them at length. And GPT-4, the best writer available, could be given only text.
#
# LLaVA's authors (Liu et al., 2023, [arXiv 2304.08485](https://arxiv.org/abs/2304.08485), section 3) made it their **teacher model** all the same: a writer hired to describe pictures
# over the telephone. It was told a picture's captions and boxes, and asked to write *as if it saw the picture*. The result was **visual instruction data**, 158,000 replies, and a model
# that talks about what it sees.
#
# The talk shows one photograph, its captions and boxes, and three kinds of reply. Let us do the same (photograph: Rachel Michetti, CC0, from scikit-image):

# %%
from skimage import data

from course_lib import show
from course_lib.instruct import prompts
from course_lib.instruct.resources import photographs
from course_lib.instruct.ui import pipeline_diagram, show_in_words

in_words = photographs()
show_in_words(data.coffee(), in_words["coffee"])

# %% [markdown]
# **Predict:** the teacher reads only the right half. What can it safely ask? What will it never know?

# %%
from course_lib.instruct.teachers.grammar import GrammarTeacher

teacher = GrammarTeacher()
for kind in ("conversation", "detail", "complex"):
    print(f"──── {kind}\n{teacher.ask(prompts.teacher_messages(in_words['coffee'], kind)).text}\n")

# %% [markdown]
# A *conversation*, a *detailed description*, *complex reasoning*. Compare each sentence with the photograph. This teacher is a set of rules that comes with the course; its style is
# plain. The same words could go to GPT-4, as LLaVA's did, or to a small open model, as you will see at the end.
#
# Here is the way from a picture to training data. You write the orange parts yourself:

# %%
pipeline_diagram()

# %% [markdown]
# ## See it: a picture without pixels
#
# Photographs with captions and boxes are rare on a laptop. The sticker world makes as many scenes as we like. You see this:

# %%
from course_lib.world.render import render
from course_lib.world.scenes import SceneSpec, make_scene

SIZE = 128
scene = make_scene(25, SceneSpec(count=(3, 3)))
picture = render(scene, SIZE)
show.pictures(
    [picture.image], columns=1, alt="A beach: an elephant on the left, a frog on the right, a small shoe below them."
)

# %% [markdown]
# And this is all that the teacher will know, as COCO stores it:

# %% tags=["check"]
from course_lib.world.coco import to_coco, to_coco_captions

instances, coco_captions = to_coco([scene], SIZE), to_coco_captions([scene], SIZE)
names = {category["id"]: category["name"] for category in instances["categories"]}
captions = [annotation["caption"] for annotation in coco_captions["annotations"]]
boxes = [(names[box["category_id"]], tuple(box["bbox"])) for box in instances["annotations"]]
print("\n".join(captions))
print(boxes)

# %% [markdown]
# **Predict:** which of these can be answered with certainty from that text? Is there a frog? What colour is the shoe? Does the elephant look at the frog? Is the shoe left of the frog?
# How many clouds are in the sky?
#
# <details><summary>Answer</summary>The first and the fourth. No caption mentions a colour, a gaze or the clouds: anyone who answers those is guessing. Such a guess is a
# **hallucination**, and this lesson hunts them.</details>

# %% [markdown]
# ## Build it: the picture in words
#
# A text-only teacher needs the annotations *serialised*: written down as text. COCO's boxes are in pixels: left edge, top edge, width, height (`xywh`). To a reader, 42 means little if
# the size is unknown. So LLaVA writes *normalised* corners (`xyxy`): left, top, right, bottom, as fractions of the picture's width and height.
#
# <!-- exercise: instruct.serialise -->
#
# Captions first, one per line. If there are boxes: an empty line, then `name: [left, top, right, bottom]` for each, with three decimals.


# %% tags=["check"]
@exercise("instruct.serialise")
def serialise(captions, boxes, width, height):
    """captions: texts; boxes: [(name, (x, y, w, h) in pixels), …], maybe none; the picture's size in pixels → text"""
    ### BEGIN SOLUTION
    lines = list(captions)
    if boxes:
        lines.append("")
    for name, (x, y, w, h) in boxes:
        edges = (x / width, y / height, (x + w) / width, (y + h) / height)
        lines.append(f"{name}: [{', '.join(f'{edge:.3f}' for edge in edges)}]")
    return "\n".join(lines)
    ### END SOLUTION


# %% tags=["check"]
text = serialise(captions, boxes, SIZE, SIZE)
print(text)

# %% [markdown]
# Never trust numbers you haven't drawn. Back from the text to the picture:

# %%
import numpy as np

drawn = [line.rsplit(": ", 1) for line in text.split("\n\n")[1].splitlines()]
edges = np.array([[float(edge) for edge in numbers.strip("[]").split(", ")] for _, numbers in drawn])
show.annotated(
    picture.image,
    edges * SIZE,
    picture.instances,
    [name for name, _ in drawn],
    alt="The beach again: the boxes, read back from the text, sit tightly around elephant, frog and shoe. Beside it, the three masks.",
)

# %% [markdown]
# ## Build it: the prompt
#
# What is the teacher told? First a **system message** with rules; then **few-shot examples**, each a text and the reply it should get; and last, the text of our picture. LLaVA asks for
# three kinds of reply: a **conversation**, a **detailed description**, or **complex reasoning**. The rules, in our words:

# %%
print(prompts.system_message("complex"))

# %% [markdown]
# Every line is there for a reason. *As if you saw*: a model with eyes will be trained on the answer, and "the captions say" would teach it to talk about captions it has never seen. *Only
# what is certain*: the teacher is blind. *Must not give the picture away*: otherwise the question answers itself, and the model learns to do without the picture.
#
# <!-- exercise: instruct.build_messages -->
#
# Few-shot examples go in as earlier turns of the conversation. All texts come with boxes, but LLaVA's conversations were written from captions *alone* (asked by a user, confirmed by the
# author: LLaVA#87). So without `boxes`, cut every text off at the empty line.


# %% tags=["check"]
@exercise("instruct.build_messages")
def build_messages(system, examples, text, boxes):
    """The system message, [(text, reply), …], the new text, are boxes shown? → [{"role": …, "content": …}, …]"""

    ### BEGIN SOLUTION
    def visible(context):
        return context if boxes else context.split("\n\n")[0]

    messages = [{"role": "system", "content": system}]
    for context, reply in examples:
        messages.append({"role": "user", "content": visible(context)})
        messages.append({"role": "assistant", "content": reply})
    return [*messages, {"role": "user", "content": visible(text)}]
    ### END SOLUTION


# %% tags=["check"]
from course_lib.instruct.formats import serialise_context
from course_lib.instruct.resources import examples as course_examples


def examples_of(kind):
    """The course's own examples, in words."""
    return [(serialise_context(context, boxes=True), reply) for context, reply in course_examples()[kind]]


messages = build_messages(prompts.system_message("complex"), examples_of("complex"), text, boxes=True)
for message in messages:
    print(f"{message['role']:9s}", message["content"][:70].replace("\n", " ⏎ "), "…")

# %% [markdown]
# One of the examples, in full. (They are our own. LLaVA shows two for conversations, three for the others.)

# %%
print(messages[1]["content"], "\n\n→\n\n" + messages[2]["content"])

# %% [markdown]
# ## A teacher that is always there
#
# Any chat model can be the teacher. The course's own is a **grammar**: rules and templates that read captions and boxes, *and nothing else*, and write sentences. It isn't a language
# model. But it costs nothing, works offline, says the same tomorrow, and you can look up why it said what it said. To the pipeline, all teachers look alike: `ask(messages)` → a text, and
# how many tokens it took.
#
# Your prompt goes to it now:

# %%
for kind in ("conversation", "detail", "complex"):
    messages = build_messages(prompts.system_message(kind), examples_of(kind), text, boxes=kind != "conversation")
    print(f"──── {kind}\n{teacher.ask(messages).text}\n")

# %% [markdown]
# Compare this with the picture: everything is true, though the writer never saw it. And much is missing: nobody mentions the clouds.
#
# Now the second photograph. **Predict:** a caption says that this cat *looks past the camera*. What will the teacher make of it?

# %%
show_in_words(data.chelsea(), in_words["chelsea"])
for kind in ("conversation", "detail", "complex"):
    print(teacher.ask(prompts.teacher_messages(in_words["chelsea"], kind)).text, "\n")

# %% [markdown]
# Where its conversation mentions a *camera*, it has read the word and taken it for a thing in the picture. The sentence is grammatical, and the caption vouches for it. With only words, no teacher can
# know better. (*There is two eyes*: rules slip, too.)
#
# ## Build it: from a reply to turns
#
# Teachers are asked for an output format, and mostly keep to it (some servers enforce a JSON schema; like LLaVA, we ask for plain text and parse it). A malformed reply must be *refused*,
# not repaired by guesswork: half a conversation in the training data is worse than one less, since nobody will ever look for it again.
#
# <!-- exercise: instruct.parse_reply -->
#
# Each part ends with a line that is `===` (optional after the last). Parts begin with `Question:` and `Answer:` in turn, and are never empty. For anything else, return `None`.


# %% tags=["check"]
import re


@exercise("instruct.parse_reply")
def parse_reply(text):
    """→ [(question, answer), …], without heads and outer white space; None if anything about the form is wrong"""
    ### BEGIN SOLUTION
    parts = [part.strip() for part in re.split(r"^===$", text, flags=re.MULTILINE)]
    if not parts[-1]:
        parts.pop()
    if not parts or len(parts) % 2:
        return None
    pairs = []
    for question, answer in zip(parts[::2], parts[1::2], strict=True):
        if not (question.startswith("Question:") and answer.startswith("Answer:")):
            return None
        pairs.append((question.removeprefix("Question:").strip(), answer.removeprefix("Answer:").strip()))
    return pairs if all(question and answer for question, answer in pairs) else None
    ### END SOLUTION


# %% [markdown]
# That is the whole pipeline, and it is all yours:


# %%
def write_about(scene, kind):
    """Picture in words → messages → reply → turns."""
    instances, coco_captions = to_coco([scene], SIZE), to_coco_captions([scene], SIZE)
    captions = [annotation["caption"] for annotation in coco_captions["annotations"]]
    boxes = [(names[box["category_id"]], box["bbox"]) for box in instances["annotations"]]
    text = serialise(captions, boxes, SIZE, SIZE)
    messages = build_messages(prompts.system_message(kind), examples_of(kind), text, boxes=kind != "conversation")
    return parse_reply(teacher.ask(messages).text)


for index in (28, 37):
    other = make_scene(index, SceneSpec(count=(3, 3)))
    for question, answer in write_about(other, "conversation"):
        print(f"{index}: {question} → {answer}")

# %% [markdown]
# ## Build it: mix the three types
#
# LLaVA-Instruct holds 58,000 conversations, 23,000 descriptions and 77,000 reasoning questions. Asking for one type after the other, or for 158 at a time, would do if no run ever stopped
# halfway. So mix them so that *every beginning* of the list is as near to 58 : 23 : 77 as it can be. Then 100 replies are a good data set, and also the first 100 of the next 1,000.
#
# <!-- exercise: instruct.mix -->
#
# Place $p = 1, 2, \ldots$ goes to the type furthest behind what it is due among $p$ replies (counting this one): its share · $p$ / the sum of the shares, minus what it has; a tie goes to
# the first. Compare whole numbers: division rounds, so ties would no longer be ties.

# %%
from course_lib.instruct.run.plan import SHARES


# %% tags=["check"]
@exercise("instruct.mix")
def mix(count, shares=SHARES):
    """How many replies, and a dict of type → share (integers of any sum) → the type of each, a list"""
    ### BEGIN SOLUTION
    types, counts = [], dict.fromkeys(shares, 0)
    for place in range(1, count + 1):
        behind = {type: share * place - sum(shares.values()) * counts[type] for type, share in shares.items()}
        furthest = max(behind, key=behind.get)
        counts[furthest] += 1
        types.append(furthest)
    return types
    ### END SOLUTION


# %% tags=["check"]
from collections import Counter

print(mix(8))
for count in (10, 158):
    print(count, dict(Counter(mix(count))))

# %% [markdown]
# Does the mixture matter? The paper's own ablation (LLaVA's Table 4), on 90 questions: 30 COCO pictures, three kinds of question each. GPT-4 reads captions and boxes instead of the
# picture, writes an answer of its own, and judges both; 100 means as good as its own.
#
# | training data | score |
# |---|---|
# | all three kinds, 158,000 | 85.1 |
# | descriptions and reasoning, no conversations | 81.9 |
# | conversations, 5 % of the descriptions, 10 % of the reasoning | 80.5 |
# | conversations alone, 58,000 | 73.8 |
# | no instruction tuning | 21.5 |
#
# Beware: the rows differ in the *amount* of data, too, so they can't tell whether variety or quantity helps.

# %% [markdown]
# ## The instruction set
#
# All this together makes an instruction set: training scenes, mixed types, filtered. Whatever a filter throws out is replaced by a reply of the same type about a later scene, so number
# and mixture stay as they should be. It comes from a seed, so it needs no download.

# %%
import json

from course_lib.instruct.filters import across_samples
from course_lib.instruct.formats import check_llava_format
from course_lib.instruct.run import dataset
from course_lib.instruct.run.instruction_set import instruction_set
from course_lib.session import few

data = instruction_set(few(600, 60))
answers = across_samples.yes_no_answers(data.samples)
print(f"{len(data.samples)} samples; filtered out: {dict(data.dropped)}")
print(f"{len(answers)} answers are yes or no, and {100 * sum(answers) / len(answers):.0f} % of these are yes")

# %% [markdown]
# Yes and no should be about equally frequent. Data that asks only about what is there gave many early models a **yes-bias**: they say *yes* to anything. And some questions end with "One
# word is enough": a model tuned only on long answers gives long ones even when a test wants one word, until told which form is wanted (LLaVA-1.5 did that with one sentence).
#
# **Predict:** how small could such a set be? Lesson 07's LLaVA, with its second stage cut to 120 steps, was tuned on sets about 10, 100 and 1,000 pictures. (Ten pictures are soon learned
# by heart. `python -m course_lib llava set-size --sizes 10 100 1000 --steps 120` measures it again.)

# %%
from course_lib.figures import recorded
from course_lib.figures import show as show_figures

show_figures(recorded(*(f"llava.set_size.n{size}" for size in (10, 100, 1000))))

# %% [markdown]
# This is LLaVA's format. `<image>` marks where the picture will be: once, on its own line, in the first human turn.

# %%
out = session.paths().runs / "instruct.json"
card = dataset.write_dataset(
    data.samples, out, {"teacher": teacher.name, "pictures": "sticker scenes, stream train, seed 0"}
)
records = json.loads(out.read_text(encoding="utf-8"))
print(json.dumps(records[0], indent=1))
print(card.read_text(encoding="utf-8"))

# %% tags=["check"]
print("breaches of the format:", check_llava_format(records))
records[0]["conversations"][1]["value"] += " <image>"
records[1]["conversations"].reverse()
for breach in check_llava_format(records):
    print(breach)

# %% [markdown]
# ## Break it: what goes wrong in such data
#
# Our grammar makes no mistakes. Language models do, and the issue lists of models trained on their data show which: **hallucinated objects**, wrong counts and relations, *leakage* of the
# prompt ("the caption says"), refusals, swapped roles, repetition, **near-duplicates**, and **separators**, which tell turns apart in a chat template. (LLaVA's trainer finds where to
# mask by cutting the text at ` ASSISTANT: ` and `</s>`. An answer that contains one of these is cut in the wrong place, and the whole sample is masked: nothing is learned from it.)

# %% [markdown]
# Let us plant each defect in a clean sample and see whether the filters notice. (Two samples are near-duplicates if the **Jaccard index** of their *shingles*, runs of three words, is
# high: shared ÷ all. At web scale, MinHash estimates it; ours are few enough to compute it.)

# %%
import random

from course_lib.instruct import filters
from course_lib.instruct.evaluate import filter_scores
from course_lib.instruct.evaluate.clean_samples import teacher_samples
from course_lib.instruct.evaluate.defects import PLANTERS
from course_lib.instruct.formats import from_scene
from course_lib.instruct.resources import defect_wordings

rng = random.Random(3)
clean = teacher_samples(teacher, [from_scene(make_scene(index)) for index in range(few(60, 20))])
spoilt = {}
for name in PLANTERS:
    ((planted, context),) = filter_scores.plant_many(clean, name, 1, defect_wordings("dev"), rng)
    spoilt[name] = (planted, context)
    record = planted.record or planted.sample.to_llava()
    defects = filters.check_sample(planted.sample, context) + filters.check_record(record, {context.id: context})
    turn = planted.sample.turns[planted.turn or 0]
    print(f"{name}\n   {turn.question} → {turn.answer[:150]}")
    print("   ✗", "; ".join(defect.message for defect in defects) or "nothing: seen only beside its twin")

# %% [markdown]
# Most of these were reported in real data: hallucinated objects (MiniGPT-4#61), refusals and empty replies (SVIT#5), swapped roles (LLaVA-NeXT#89), only positive questions
# (LRV-Instruction#23).
#
# ### Build a filter
#
# The most harmful is **object hallucination**: an answer names a thing that neither captions nor boxes support. A model trained on such answers learns that *making things up is part of
# the job*. Your filter goes through an answer word by word. You are given `known`, which says what a word may mean ("boat": a sailboat or a ship), and `supported`, the names that
# captions and boxes vouch for.
#
# <!-- exercise: instruct.unsupported_nouns -->
#
# Return the words that name something unsupported, in lower case and in order, each as often as it occurs. What follows "no", "not" or "without", up to the end of the sentence, is
# denied, so no claim.


# %% tags=["check"]
@exercise("instruct.unsupported_nouns")
def unsupported_nouns(answer, known, supported):
    """An answer, {word: all names it may mean}, the supported names → the made-up words, a list"""
    ### BEGIN SOLUTION
    unsupported, denied = [], False
    for token in re.findall(r"[a-z]+|[.!?]", answer.lower()):
        if token in ".!?":
            denied = False
        elif token in ("no", "not", "without"):
            denied = True
        elif token in known and not denied and not set(known[token]) & set(supported):
            unsupported.append(token)
    return unsupported
    ### END SOLUTION


# %% [markdown]
# How good is it? **Recall**: how many of the planted hallucinations does it find? **Precision**: how many of its alarms are right? **Predict** both.

# %%
from course_lib.instruct.filters.mentions import noun_meanings, supported_names

planted = filter_scores.plant_many(clean, "unsupported_noun", 100, defect_wordings("dev"), random.Random(0))


def alarms(turn, context):
    """What your filter says about an answer."""
    return unsupported_nouns(turn.answer, noun_meanings(), supported_names(context))


hits = [bool(alarms(p.sample.turns[p.turn], context)) for p, context in planted]
missed = [p.sample.turns[p.turn] for (p, _), hit in zip(planted, hits, strict=True) if not hit]
false_alarms = [(turn, alarms(turn, c)) for sample, c in clean for turn in sample.turns if alarms(turn, c)]
print(f"found {sum(hits)} of {len(hits)} hallucinations; {len(false_alarms)} false alarms in clean samples")
for turn in missed[:10]:
    print("missed:", turn.question, "→", turn.answer[-60:])
for turn, words in false_alarms[:5]:
    print("false alarm:", words, "in:", turn.answer[-60:])

# %% [markdown]
# Look at what it misses: hallucinations that hide in the *question* ("Where is the unicorn?"), plurals, a "not" that denies nothing ("not only that"). And at its false alarms: orange the
# colour, the cherry of a cherry blossom, watch the verb. The course's own filter handles these, in some 500 lines (`course_lib/instruct/filters/`); yours is the baseline it is measured
# against.
#
# Both know a list of nouns, and nothing beyond it is a noun to them. The world has no sofa. With the world's own names, a made-up sofa would pass, so `data/instruct/outside_nouns.json`
# adds COCO's names and other household words. A list is never complete. **Predict:** which of these two answers does it catch?

# %% tags=["check"]
for answer in ("There is a sofa and a mug on the beach.", "There is a samovar and a marimba on the beach."):
    print(answer, unsupported_nouns(answer, noun_meanings(), supported_names(from_scene(scene, SIZE))))

# %% [markdown]
# ### A bug that no filter sees
#
# Filters compare a reply with captions and boxes. **Predict:** somebody forgets the sums in the serialisation (`xywh` where `xyxy` should be), so width and height are where right and
# bottom should be. In how many replies will a filter fire?


# %%
from dataclasses import replace

from course_lib.figures import wilson
from course_lib.instruct.formats import Box
from course_lib.instruct.teachers.grammar.detail import corner
from course_lib.instruct.teachers.grammar.facts import read_facts


def xywh(context):
    """The same picture, its boxes written down wrongly."""
    wrong = tuple(Box(box.name, box.x0, box.y0, box.x1 - box.x0, box.y1 - box.y0) for box in context.boxes)
    return replace(context, boxes=wrong)


def places(context):
    """Where the teacher would say that each thing is, by name."""
    return sorted((thing.name, corner(thing)) for thing in read_facts(serialise_context(context, boxes=True)).things)


contexts = [from_scene(make_scene(index)) for index in range(few(150, 20))]
misplaced = [right != wrong for c in contexts for right, wrong in zip(places(c), places(xywh(c)), strict=True)]
fired = [bool(filters.defect_names(sample, c)) for sample, c in teacher_samples(teacher, map(xywh, contexts))]
counted = {"things told at a wrong place": misplaced, "replies in which a filter fires": fired}
shares = {name: float(np.mean(hits)) for name, hits in counted.items()}
intervals = {name: wilson(shares[name], len(hits)) for name, hits in counted.items()}
words = " and ".join(f"{100 * share:.0f} percent of {name}" for name, share in shares.items())
show.bars(shares, intervals=intervals, alt=f"With boxes as x, y, width, height: {words}.")
for name, context in {"right": contexts[11], "xywh": xywh(contexts[11])}.items():
    print(f"{name}: {teacher.ask(prompts.teacher_messages(context, 'detail')).text}")

# %% [markdown]
# The filters hardly stir, though much of what is said is wrong. They check nouns, counts and relations, and *left of* happens to survive this bug. Above all, the filter gets the same
# wrong boxes: **a check that shares your mistake will agree with you.** So draw your boxes, as above, and test the serialisation by itself.

# %% [markdown]
# ## Prove it
#
# We plant defects in clean samples about test scenes, 300 of each, in wordings that the filters' author had set apart beforehand; the clean ones are the world's own answers, hand-written
# ones, and the grammar's. All go into *one pool*, and every filter judges all of it. Precision depends on that pool: only
# 6 %<!-- figure: instruct.filter_precision.unsupported_noun chance --> of it has the fault that a filter looks for (its *prevalence*, which is also the chance level). If faults were
# rarer, more of the same filter's alarms would be wrong. The baseline is the filter that you wrote, on the same samples.

# %%
from course_lib.instruct import evaluate

clean_samples = evaluate.all_clean_samples(num_scenes=few(300, 6))
measured = list(evaluate.filter_figures(clean_samples, num_planted=few(300, 3)))
show_figures(measured)

# %% [markdown]
# Find your own filter, the squares in the first two rows: it is the simplest one, and what it lacks is most of the work. In the last rows, some hand-written clean answers are thrown
# away. A filter that errs on the side of caution costs a little data; one that errs on the other side costs truth.

# %% [markdown]
# ### Which teacher?
#
# The grammar against a parrot that repeats the first caption whatever it is asked for. **Predict:** which figure tells them apart?

# %%
from course_lib.instruct.evaluate.teachers import Parrot, blind_count_figures, make_contexts, teacher_figures

pictures = make_contexts(few(150, 20))
show_figures([*teacher_figures(teacher, pictures), *teacher_figures(Parrot(), pictures)])

# %% [markdown]
# Both are *valid*, and neither makes anything up: if you only repeat, you can't be wrong. But the parrot asks a single question. A data set needs both truth and variety, so never look at
# one figure. The control judges each reply against another picture: there, almost nothing is valid, so the check does depend on the picture.
#
# ### What no teacher can know
#
# A blind teacher knows only what it was told. The captions of the next pictures say "some" of a thing, never how many; the boxes would tell.

# %%
from course_lib.instruct.evaluate import teachers

example = teachers.counted_contexts("val", 1)[0]
print(f"there are {example.number}; first caption: {example.context.captions[0]}")
for boxes_for_all in (False, True):
    reply = teacher.ask(prompts.teacher_messages(example.context, "conversation", boxes_for_all)).text
    print(f"──── boxes shown: {boxes_for_all}\n{reply}")
show_figures(blind_count_figures())

# %% [markdown]
# Without boxes, even the best guesser, which always says the most frequent number, is hardly better than chance. So the only right answer is silence, and ours keeps silent. A language
# model would rather name a number (LLaVA#991), and a model trained on its replies learns to name numbers, too. That is why the rule says: *ask nothing that has no definite answer*.
#
# ### Look for yourself
#
# Clean samples and spoilt ones: the picture, what the teacher saw, what it wrote, and which filters fired. Two are shown as a picture; leaf through the others below.

# %%
from course_lib.instruct.ui import show_samples, viewer

samples = [*clean[:6], *((planted.sample, context) for planted, context in spoilt.values())]
images = {f"train_0_{index:08d}.png": render(make_scene(index), 64).image for index in range(60)}
planted, context = spoilt["unsupported_noun"]
show_samples([clean[0], (planted.sample, context)], images)
viewer(samples, images)

# %% [markdown]
# ## The real thing
#
# A small language model can run right here: SmolLM2, with 135 million parameters, or, in the full tier, Qwen2.5 with 500 million (GPT-3 had 175 billion). It gets *your* prompt, and its
# reply goes through *your* parser and *your* filter. **Predict:** will it keep to the form? And to the truth?

# %%
from course_lib.instruct.evaluate.recorded import recorded_teacher
from course_lib.instruct.teachers.local import local_teacher

local = local_teacher(session.tier)
if small := local or recorded_teacher():
    for kind in ("conversation", "complex"):
        words = serialise_context(in_words["coffee"], boxes=True)
        messages = build_messages(prompts.system_message(kind), examples_of(kind), words, boxes=kind != "conversation")
        reply = small.ask(messages).text
        print(f"──── {kind}\n{reply}\n")
        for question, answer in parse_reply(reply) or [("out of form:", "refused")]:
            made_up = unsupported_nouns(answer, noun_meanings(), supported_names(in_words["coffee"]))
            print("✗" if made_up else "✓", question, "→", answer, made_up)

# %% [markdown]
# How good is it over several pictures?

# %%
if local:
    show_figures(teacher_figures(local, make_contexts(few(6, 1))))

# %% [markdown]
# In its recorded reply, SmolLM2 asks the same thing twice, and says that "the cup is a spoon". No filter for made-up things fires: both are there. **Filters find what contradicts
# captions and boxes. They can't tell sense from nonsense**, so always read some of what you train on. Over 24 scenes, measured beforehand:

# %%
ids = ("valid", "hallucinated", "distinct_questions")
teachers_compared = ("grammar", "local_SmolLM2-135M-Instruct")
show_figures(recorded(*(f"instruct.{id}.{name}" for id in ids for name in teachers_compared)))

# %% [markdown]
# It keeps to the form in most replies, since the examples show it. But then it asks the same question again, or borrows a thing from an example, and filters fire. (Mind *n*: asking more
# questions means repeating more, so the last two rows can't be compared.)
#
# ### A stronger one
#
# Any server that speaks OpenAI's protocol can be the teacher: OpenAI itself, vLLM, Ollama, llama.cpp, `transformers serve`. Put its address into `OPENAI_BASE_URL` and a key, if it needs
# one, into `OPENAI_API_KEY`, *before* you start Jupyter (never into a notebook, which gets shared); the model's name goes here. Its replies stay in the journal, and can be replayed
# without a network or a bill (`ReplayTeacher`, or `--teacher replay --journal FILE`).

# %% [markdown]
# In a terminal: `python -m course_lib instruct write --teacher endpoint --model NAME --count 100 --out data.json`; for a server on a slow computer, add `--parallel 1 --timeout 300`. A
# reasoning model's thinking aloud (`<think>…</think>`) is cut off.

# %%
import os

from course_lib.instruct.run.budget import Budget
from course_lib.instruct.run.generate import generate
from course_lib.instruct.run.journal import Journal
from course_lib.instruct.run.plan import scene_jobs
from course_lib.instruct.teachers.endpoint import EndpointTeacher

MODEL = ""  # what the server calls it

jobs = scene_jobs(6, boxes_for_all=True)
if not MODEL or not (os.environ.get("OPENAI_BASE_URL") or os.environ.get("OPENAI_API_KEY")):
    print("Skipped: this needs OPENAI_BASE_URL or OPENAI_API_KEY in the environment, and the name of a MODEL above.")
else:
    with Journal(session.paths().runs / "endpoint.journal.jsonl") as journal:
        real = EndpointTeacher(MODEL)
        summary = generate(jobs, real, journal, Budget(max_tokens=30_000))
        print(f"{summary.num_missing} of {len(jobs)} missing; {sum(summary.failures.values())} attempts failed")
        for sample, context in dataset.collect_samples(jobs, journal, real.name):
            print(sample.turns[0].question, "→", sample.turns[0].answer[:200])
            print("   filters:", filters.defect_names(sample, context) or "✓")

# %% [markdown]
# ## Appendix: 158,000 replies
#
# The rest is plumbing. Skip it, and come back when replies cost money.

# %% [markdown]
# ### Never lose a paid reply
#
# 158,000 replies take days, and money. Three things make that bearable:
#
# - A **journal**: each reply is one line, appended and forced to disk before anything else happens to it. A restart asks only for what is missing.
# - A **budget** that stops *before* it is exceeded: a question may start only if its most expensive outcome still fits.
# - An **estimate** before the first question.
#
# **Predict:** the budget below is too small for twenty replies. What will the second run ask for?

# %%
from course_lib.instruct.run.budget import estimate

jobs = scene_jobs(20)
prompt_tokens, max_completion_tokens = estimate(job.messages() for job in jobs)
print(f"beforehand: about {prompt_tokens:,} tokens to read, at most {max_completion_tokens:,} to write")

file = session.paths().runs / "replies.journal.jsonl"
file.unlink(missing_ok=True)
with Journal(file) as journal:
    first = generate(jobs, teacher, journal, Budget(max_tokens=12_000), num_threads=1)
    print(f"asked for {first.num_requested}, {first.num_missing} missing in the end: {first.stop_reason}")
with Journal(file) as journal:
    second = generate(jobs, teacher, journal)
    print(f"asked for {second.num_requested}, {second.num_missing} missing in the end")

# %% [markdown]
# Real servers fail: too many requests, overload, silence, answers cut in half. Here is a real OpenAI-compatible server on your own computer, with our teacher behind it, that does all
# this on purpose; each fault hits one request in twenty.

# %%
from unittest import mock

from course_lib.instruct.evaluate.faults import FaultyServer

file.unlink(missing_ok=True)
jobs = scene_jobs(40)
with (
    FaultyServer(teacher, slow=2.5) as server,
    mock.patch.dict(os.environ, OPENAI_BASE_URL=server.url, OPENAI_API_KEY="sk-my-secret"),
    Journal(file) as journal,
):
    endpoint = EndpointTeacher("grammar", timeout=2.0)
    summary = generate(jobs, endpoint, journal, first_wait=0.05)
for reason, times in summary.failures.items():
    print(f"{times} × {reason}")
print(f"missing in the end: {summary.num_missing}; the key is in the journal: {'sk-my-secret' in file.read_text()}")

# %% [markdown]
# After a failure it waits, longer each time and with some randomness, so that clients don't all return at once. A teacher that is merely slow is asked fewer questions at once, with more
# time for each. One that fails a dozen times in a row is given up before it costs more. The key goes to the server and nowhere else.
#
# And if the process dies? We start the same work in another process and kill it at random moments, between any two instructions.

# %% tags=["check"]
from course_lib.instruct.evaluate.faults import kill_again_and_again

report = kill_again_and_again(few(4, 1))
print("asked again though already answered:", len(report.repeated))
print("replies that got lost:", len(report.lost))
print("same data set as without a kill, byte by byte:", report.same_file)

# %% [markdown]
# (`python -m course_lib evaluate instruct` kills it twenty times.)

# %% [markdown]
# ### At LLaVA's scale
#
# A real teacher, at one second per reply and eight at a time, needs five and a half hours for 158,000 (`python -m course_lib instruct write` says beforehand what it will cost). Nearly
# all tokens are *read*, since rules and examples come with every question; many providers give a discount on a repeated beginning.
#
# With several processes or machines, each takes a **shard**: a hash of the picture's id says whose it is, so none needs to talk to another. Afterwards the journals are merged, and gaps
# and duplicates are found. In a terminal:
#
# ```
# python -m course_lib instruct write --count 158000 --shard 2/8 --out part2.json    # and so on, then: instruct merge
# ```
#
# None of this is tied to our scenes. Any data set in COCO's format will do (`--coco INSTANCES CAPTIONS`), say COCO's own val2017 or your own annotations. With `--images FOLDER`, our
# pictures are drawn, too, so that LLaVA's own trainer, or `python -m course_lib llava scale`, can begin.

# %% [markdown]
# ## Recap
#
# - A text-only teacher model can write about pictures if somebody puts them into words: captions say what matters, boxes say where and how many.
# - The system message carries the rules: as if you saw, only what is certain, a question that doesn't give itself away. Few-shot examples are earlier turns.
# - What is out of form is refused. What is paid for is written down first. A budget stops before it is exceeded.
# - Most of the work is in the filters, for hallucinated objects, leakage, near-duplicates, yes-bias and more. They have precision and recall of their own, measured on wordings they weren't made with.
# - What the teacher wasn't told, it can only guess; it had better stay silent.
#
# <!-- words -->

# %% [markdown]
# ## Quiz
#
# <!-- quiz -->
#
# 1. A teacher's conversations contain "in the caption it says …". If it's true, what is the harm?
#    - [ ] None, as long as it is true. :: It is true of the caption, which nobody will have when the model is used.
#    - [x] The model learns to refer to something that it doesn't have. :: It sees no caption, only the picture, and will still mention one to users.
#    - [ ] The samples get longer, and training costs more. :: By a few tokens. The harm lies in what they teach.
# 2. All yes/no questions in a data set are answered yes, and every answer is right. What will the model do?
#    - [ ] Look, since every answer is right. :: An answer that never changes needs no looking, so looking isn't learned.
#    - [ ] Refuse where a no is due. :: It has never seen anyone do that, either.
#    - [x] Say yes. :: The answer needs no looking, so looking isn't learned. Just as many questions should get a truthful no.
# 3. You measure a filter on sentences that you looked at while writing it, and get 99 % recall. What is that worth?
#    - [x] Little: it says that you fixed what you saw. :: Measure on sentences set apart beforehand, worded by somebody who wasn't thinking of your rules.
#    - [ ] A lot, if there are thousands of them. :: Their number makes the interval narrow, around a figure that means little.
#    - [ ] A point or two less than 99 %. :: Nobody knows how much less: the wordings you didn't think of aren't among them.
# 4. Your boxes are wrong because of a bug. The teacher writes fluent sentences, and no filter fires. Who would have noticed?
#    - [ ] A stronger teacher. :: It is told the same wrong boxes, and believes them.
#    - [ ] A stricter filter. :: Filters check the sentences against the same wrong boxes.
#    - [x] Somebody who draws what was written down. :: Or a test of the serialisation alone.
