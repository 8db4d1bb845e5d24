# ---
# title: "From specialists to generalists: can I print my documents here?"
# objectives:
#   - say what computer vision could do before 2012, and watch it see people who aren't there
#   - write IoU, non-maximum suppression and average precision, and read a detector's precision, recall and calibration
#   - wire a detector and a letter reader together with rules, and find out what the wiring can't do
#   - compare wired specialists fairly with one model, on tasks revealed after the rules were written
#   - count what one more task costs in labels, rules and minutes, compared with words typed
# prerequisites:
#   - "[Lesson 00](00_welcome.ipynb): the sticker world, and how exercises work"
# minutes: 55
# ---

# %% tags=["setup"]
from course_lib.exercise import exercise, hint, points, progress
from course_lib.session import begin

session = begin(lesson="01_specialists")

# %% [markdown]
# ## See it: can I print my documents here?
#
# The talk's first slide shows a hotel lobby and a guest's question: *Can I print my documents here?* You see a sign, BUSINESS CENTER, and say: probably, yes.
#
# Last decade's machine is a team of specialists: a detector for things, a reader for letters, and rules that somebody wrote to join them. Let's hire
# one and ask.
#
# **Predict:** what will it say?

# %%
import numpy as np
import torch

from course_lib import figures, show
from course_lib.specialists import before, costs, rules, tools
from course_lib.world.render import render
from course_lib.world.scenes import SceneSpec, make_scene

lobby = make_scene(1268, SceneSpec("val", (3, 3), kinds=(0.6, 0, 0.4), backdrop="room"), seed=5)
image = render(lobby).image
found = tools.find(image)
show.boxed(
    [image],
    [[(f"{one['name']} {one['score']:.2f}", one["box"]) for one in found]],
    columns=1,
    alt="A room with three things and boxes around what was found: " + ", ".join(one["name"] for one in found) + ".",
)
print("The detector finds:", ", ".join(one["name"] for one in found))
print("The letter reader reads:", tools.read(image))
question = "Can I print my documents here?"
print("The rules say:", rules.answer(question, rules.look(image), rules.KNOWN))
print("One model says:", tools.ask(image, question))

# %% [markdown]
# The parts work. The team is *silent*: no rule mentions printing, and no label is "printer". (COCO, the data set on which detectors everywhere are
# trained, has 80 labels. "Printer" isn't one.)
#
# The one model speaks. Is it any use? Ours is tiny, has never heard of documents, and just says something. **An answer is not yet a right answer.** So
# this lesson counts both: how often each one answers, and how often it is right.

# %% [markdown]
# ### 2006 to 2012: very few systems worked
#
# Three that did, on real pictures. *Faces*: sums over light and dark rectangles (Haar features) and a cascade of tests (Viola and Jones, 2001).
# *People*: histograms of edge directions and a linear classifier (HOG; Dalal and Triggs, 2005). *Digits*: a support vector machine.
#
# **Predict:** where will the people detector see a person: an astronaut, a cat, a cup of coffee, a rocket on its pad?

# %%
import skimage.data

record = before.recorded()  # with OpenCV 4; "command" in it says how
for name, of in record["photographs"].items():
    print(f"{name:10}", ", ".join(f"{kind}: {len(of[kind])}" for kind in ("face", "cat face", "person")))
old = {name: record["photographs"][name] for name in ("astronaut", "rocket")}
show.pictures(
    [before.boxed(getattr(skimage.data, name)(), of["face"] + of["person"])[::2, ::2] for name, of in old.items()],
    titles=[f"{name}: faces {len(of['face'])}, people {len(of['person'])}" for name, of in old.items()],
    columns=2,
    alt="Two photographs with yellow boxes. The astronaut's face is found, and a “person” in the helmet beside her; in the other one, the rocket on its pad is a person.",
)
accuracy, number = before.digits_accuracy()
print(f"digits, 8 × 8 pixels, live: {100 * accuracy:.1f} % of {number:,} are right")

# %% [markdown]
# The face is right. The "person" in the helmet is wrong, and the other one is the rocket: being upright, with an outline on both sides, is enough. The
# detector made for cat faces says that the cat has no face.
#
# ### 2019: eighty names
#
# *CenterNet* (Zhou et al., 2019) learned from COCO. This small one, on MobileNetV3, knows "cat" and "cup", but neither "rocket" nor "printer".
#
# **Predict:** what does it say of the cat, and of the rocket? It looks twice: at the true shape, as in its training, then squashed into
# a square.

# %%
views = {"objects": "", "squashed": ", squashed"}
show.pictures(
    [
        before.named(getattr(skimage.data, name)(), of[view], squash=view == "squashed")
        for view in views
        for name, of in record["photographs"].items()
    ],
    titles=[name + words for words in views.values() for name in record["photographs"]],
    columns=4,
    alt="Four photographs, then squashed, with boxes. "
    + " ".join(
        f"{name}{words}: {before.in_words(of[view])}."
        for view, words in views.items()
        for name, of in record["photographs"].items()
    ),
)

# %% [markdown]
# Squashing makes the cat a dog, and the top of a tower a clock. (The astronaut's photograph is square already.) A closed vocabulary fails in two
# ways: **silence, or a wrong word**. A threshold on the score chooses which.
#
# And the talk's sign?

# %%
sign = record["sign"]
show.pictures([before.office_sign()], columns=1, alt="A blue sign in capital letters: BUSINESS CENTER.")
print(f"CenterNet finds, from {record['min_score']} on:", before.in_words(sign["objects"]))
print("Its surest guess below that:", before.in_words([sign["surest"]]))
print("RapidOCR reads:", [(line["text"], line["score"]) for line in sign["text"]])
print('"printer" among the', len(record["labels"]), "labels:", "printer" in record["labels"])

# %% [markdown]
# The detector can't even say "no printer": it has no such name. The talk's slide fine-tunes its detector to names of indoor things first. The reader
# knows the letters and their place, but not what they *mean*. Somebody has to connect "BUSINESSCENTER" with "print". The plan of this lesson:

# %%
Box = show.Box
diagram = {
    "picture": Box(0, 1, "picture", "[64, 64, 3]"),
    "detector": Box(1, 2, "detector", "boxes [K, 4], names", "learned"),
    "reader": Box(1, 1.2, "letter reader", "a word", "learned"),
    "rules": Box(2, 1.6, "your rules", "one for each task"),
    "answer": Box(3, 1.6, "an answer,\nor silence", kind="result"),
    "model": Box(1.5, 0.2, "one model (LLaVA)", "64 tokens + question", "learned"),
    "text": Box(3, 0.2, "an answer,\nalways", kind="result"),
}
chains = ("picture > detector > rules > answer", "picture > reader > rules", "picture > model > text")
arrows = [pair for chain in chains for pair in zip(chain.split(" > "), chain.split(" > ")[1:], strict=False)]
show.diagram(
    diagram,
    arrows,
    alt="A picture goes to a detector and to a letter reader, whose findings go through rules to an answer or to silence. "
    "It also goes to one model, LLaVA, which always answers.",
)

# %% [markdown]
# To be fair, all see through the *same eyes*: detector, reader and LLaVA share CLIP's frozen layers (Lesson 02). The detector is Lesson 10's, trained
# further, from 12 names to all 168 that training may see. All three build on the same frozen
# layers; detector and reader add trained layers of their own.
#
# ## Build it: boxes
#
# A detector says *where* with a box: left, top, right, bottom, as fractions of the picture's side. When is a box right? When it overlaps the true one
# enough: when their *intersection over union*, IoU, is at least one half.
#
# <!-- exercise: specialists.box_iou -->


# %% tags=["check"]
@exercise("specialists.box_iou")
def box_iou(a, b):
    """Boxes a [K, 4] and b [L, 4], x0 y0 x1 y1 → IoU of every one in a with every one in b [K, L]"""
    ### BEGIN SOLUTION
    low, high = torch.maximum(a[:, None, :2], b[None, :, :2]), torch.minimum(a[:, None, 2:], b[None, :, 2:])
    shared = (high - low).clamp(min=0).prod(dim=-1)  # [K, L]
    area_a, area_b = ((boxes[:, 2:] - boxes[:, :2]).prod(dim=-1) for boxes in (a, b))
    return shared / (area_a[:, None] + area_b[None] - shared)
    ### END SOLUTION


# %% [markdown]
# Our detector asks each cell of a 16 × 16 grid: are you the middle of something? Of what? How far away are its four sides? Neighbouring cells see the
# same thing, so each thing gets many boxes:

# %%
from course_lib.clip.data.images import to_tensor
from course_lib.gligen.detector import boxes_from_sides
from course_lib.seem.data.queries import class_names

with torch.no_grad():
    logits, sides = tools.detector()(to_tensor(image[None]))
scores, classes = logits.sigmoid()[0].flatten(1).max(dim=0)  # [168, 16, 16] → [256]
all_boxes = boxes_from_sides(sides).clamp(0, 1)[0].flatten(1).T  # [4, 16, 16] → [256, 4]
sure = scores > tools.MIN_SCORE
print(int(sure.sum()), "boxes for", len(lobby.things), "things")

# %% [markdown]
# *Non-maximum suppression* keeps the surest box of each heap. Take the surest box, drop all those that overlap it too much, and repeat with what is
# left.
#
# <!-- exercise: specialists.nms -->


# %% tags=["check"]
@exercise("specialists.nms")
def non_maximum_suppression(boxes, scores, threshold):
    """boxes [K, 4], scores [K] → numbers of those that stay, the surest first"""
    ### BEGIN SOLUTION
    overlaps, keep = box_iou(boxes, boxes), []
    for i in scores.argsort(descending=True).tolist():
        if all(overlaps[i, j] <= threshold for j in keep):
            keep.append(i)
    return keep
    ### END SOLUTION


# %%
keep = non_maximum_suppression(all_boxes[sure], scores[sure], 0.5)
heaps = [(class_names()[c], box) for c, box in zip(classes[sure].tolist(), all_boxes[sure].tolist(), strict=True)]
show.boxed(
    [image, image],
    [[("", box) for _, box in heaps], [heaps[i] for i in keep]],
    titles=[f"before: {len(heaps)}", f"after: {len(keep)}"],
    columns=2,
    alt=f"The same room twice: with {len(heaps)} boxes in heaps, and with the {len(keep)} that suppression keeps.",
)

# %% [markdown]
# ### How good is a detector?
#
# It also says how sure it is. If you take only the surest detections, nearly all are right (*precision*), but many things are missed (*recall*). If you
# take them all, it is the other way round. *Average precision*, AP, is the mean precision over all recalls. COCO averages over 101 recalls, taking at
# each the best precision at that recall or a higher one.
#
# <!-- exercise: specialists.average_precision -->


# %% tags=["check"]
@exercise("specialists.average_precision")
def average_precision(scores, matched, num_truths):
    """Detections of one class in all pictures: scores [K] and whether each is a hit, bool [K]; `num_truths` things are there → AP"""
    ### BEGIN SOLUTION
    order = np.argsort(-np.asarray(scores), kind="stable")
    hits = np.asarray(matched, bool)[order].cumsum()
    precision = hits / np.arange(1, len(hits) + 1)
    precision = np.maximum.accumulate(precision[::-1])[::-1]  # the best that a higher recall still has
    reached = np.searchsorted(hits / num_truths, np.linspace(0, 1, 101), side="left")
    return float(np.append(precision, 0.0)[reached].mean())
    ### END SOLUTION


# %% [markdown]
# One of this course's tests compares it with COCO's own program: the number is the same. Now the measurement, on scenes that nobody trained on.
# **Predict:** which has the better boxes, the detector or SEEM (Lesson 11), which makes masks for anything? And LLaVA?

# %%
figures.show(figures.recorded("specialists.ap50", "specialists.ms.detector"))

# %% [markdown]
# AP at IoU ≥ ½ is 97.5 %<!-- figure: specialists.ap50 -->; boxes around SEEM's masks come to 84 %<!-- figure: specialists.ap50 baseline -->. LLaVA
# has no figure at all: it has words for places ("left"), but none for a box. **Here the specialist wins**, and it is quick.
#
# ### From which score on do we believe it?
#
# Rules need a yes or a no. The threshold is chosen on the stream "val", never on the test:

# %%
from course_lib.session import few
from course_lib.specialists.evaluate import boxes

rows = boxes.threshold_sweep(few(100, 20))
show.history(
    [row.threshold for row in rows],
    {name: [getattr(row, name) for row in rows] for name in ("precision", "recall", "f1")},
    xlabel="least score",
    ylabel="share",
    alt="Over the threshold, precision rises from under a half to nearly 1, recall falls slowly from 0.93 to 0.7; their harmonic mean is flat between 0.35 and 0.6.",
)
print(f"chosen once and for all: {tools.MIN_SCORE}")

# %% [markdown]
# Is a score of 0.7 a probability of 70 %? **Predict**, then look: a detector is *calibrated* if 70 % of its detections with a mean score of 0.7 are
# right. (The dark line across a bar's end is its 95 % interval.)

# %%
counted = {f"score {row[0]:.2f} ({row[2]} of them)": row[1:] for row in boxes.calibration(few(100, 20))}
bars = {name: hits for name, (hits, _) in counted.items()}
show.bars(
    bars,
    intervals={name: figures.wilson(hits, number) for name, (hits, number) in counted.items()},
    alt="Share of hits by score: " + "; ".join(f"{name}: {100 * hit:.0f} percent" for name, hit in bars.items()) + ".",
)

# %% [markdown]
# It isn't calibrated: low scores are almost never right, high ones almost always. A threshold needs only the order of
# the scores. A rule that multiplies two of them, as if they were probabilities, would be misled.

# %% [markdown]
# ## Build it: the wiring
#
# First **the questions**. They were fixed and committed before any rule was written, with their true answers, which come from the world's own code. Six
# tasks were known:

# %%
from course_lib.specialists.data.bank import KNOWN, REVEALED

for task in KNOWN:
    one = task.examples(1, "val")[0].question
    print(f"{task.id:9} {one.text}  →  {one.answer}")

# %% [markdown]
# Now a rule. *Where is the dog, seen from the cat?* The detector gives names, boxes and scores; the answer is one of four words. Compare the centres of
# the surest `name` and the surest `other`. If either was not found, say nothing: `None`.
#
# <!-- exercise: specialists.relation_rule -->

# %% tags=["check"]
from course_lib.specialists.rules import surest


@exercise("specialists.relation_rule")
def relation_rule(things, name, other):
    """things: a list of Found(name, box, score) → "left", "right", "above" or "below" by the longer way, or None"""
    ### BEGIN SOLUTION
    a, b = surest(things, name), surest(things, other)
    if a is None or b is None:
        return None
    dx = (a.box[0] + a.box[2]) / 2 - (b.box[0] + b.box[2]) / 2
    dy = (a.box[1] + a.box[3]) / 2 - (b.box[1] + b.box[3]) / 2
    if abs(dx) >= abs(dy):
        return "left" if dx < 0 else "right"
    return "above" if dy < 0 else "below"
    ### END SOLUTION


# %% [markdown]
# Your rule is now in the table with five others. A rule wakes up when one of its keywords is in the question:

# %%
for rule in rules.KNOWN:
    print(f"{rule.task:9} wakes at: {', '.join(rule.keywords)}")
one = KNOWN[2].examples(1, "val")[0]
print("\n" + one.question.text, "→", rules.answer(one.question.text, rules.look(render(one.scene).image), rules.KNOWN))

# %% [markdown]
# ## At home: the known six
#
# **Predict:** who is better at the tasks the specialists were wired for? Look at some answers first. ∅ means silence.


# %%
def put(task, count, stream="val"):
    """The first questions of a task, with the answers of the wiring and of the one model"""
    for one in task.examples(count, stream):
        picture, text = render(one.scene).image, one.question.text
        wired, model = rules.answer(text, rules.look(picture), rules.KNOWN), tools.ask(picture, text, task.brief)
        marks = [
            "✓" if said and said.lower().strip(" .") == one.question.answer.lower() else "✗" for said in (wired, model)
        ]
        print(
            f"{text[:62]:62} truth {one.question.answer:10} rules {marks[0]} {wired or '∅':10} model {marks[1]} {model[:24]}"
        )


for task in KNOWN:
    put(task, few(3, 1))


# %%
def show_tasks(tasks, whose, about):
    """Bars of recorded shares with their intervals, for each task and each of `whose` (name → part of a figure's id)"""
    shares = {
        f"{task.id}: {who}": figures.recorded(f"specialists.{key}.{task.id}")[0]
        for task in tasks
        for who, key in whose.items()
    }
    values = {name: share.value for name, share in shares.items()}
    words = "; ".join(f"{name} {100 * value:.0f} percent" for name, value in values.items())
    intervals = {name: (share.low, share.high) for name, share in shares.items()}
    show.bars(values, intervals=intervals, alt=f"{about}: {words}.")


figures.show(figures.recorded("specialists.wired.known", "specialists.coverage.wired.known", "specialists.model.known"))
show_tasks(KNOWN, {"rules": "wired", "one model": "model"}, "Right answers on the known tasks")

# %% [markdown]
# The specialists win at home: 88.2 %<!-- figure: specialists.wired.known --> against 79.0 %<!-- figure: specialists.model.known -->. When they answer,
# they are nearly always right; when they fail, they mostly stay silent. They read signs better (84 %<!-- figure: specialists.wired.read --> against
# 68 %<!-- figure: specialists.model.read -->). At "is the dog left of the cat?" the one model is hardly better than guessing:
# 58 %<!-- figure: specialists.model.related -->.
#
# ## Break it: somebody asks something else
#
# Six tasks were **revealed** after the rules had been written. **Predict** for each: will a rule wake up? Will the one model be right?

# %%
for task in REVEALED:
    one = task.examples(1, "val")[0].question
    print(f"{task.id:11} {one.text}  →  {one.answer}")

# %%
for task in REVEALED:
    put(task, few(3, 1))

# %% [markdown]
# Three kinds of failure. *No label*: the detector has no name "animals", so the counting rule is silent. *No rule*: nothing wakes at "swim". And
# *luck*: "say" wakes the reader, which doesn't care what the sign is beside.

# %%
figures.show(
    figures.recorded("specialists.wired.revealed", "specialists.coverage.wired.revealed", "specialists.model.revealed")
)
show_tasks(REVEALED, {"rules": "wired", "one model": "model"}, "Right answers on the revealed tasks")

# %% [markdown]
# 12.7 %<!-- figure: specialists.wired.revealed --> against 61.3 %<!-- figure: specialists.model.revealed -->: nearly five times as many. But look
# closely. Half of that comes from *place* and *colour*, and LLaVA's training contained questions of that kind: nobody told *us*, but somebody told
# *it*. It was never asked about signs like this, and is right every other time. For each task: was there something like it in its training? And how far does the
# best answer *without* the picture get?

# %%
revealed = [figures.recorded(f"specialists.model.{task.id}")[0] for task in REVEALED]
for task in REVEALED:
    print(f"{task.id:11}", "asked in its training, too" if task.trained else "new to it")
figures.show(revealed)

# %% [markdown]
# *How many animals?* 38 %<!-- figure: specialists.model.group -->, and without the picture 38 %<!-- figure: specialists.model.group baseline -->. *Safe
# to swim?* 45 %<!-- figure: specialists.model.swim -->; a coin gets 50. It mostly says "one" and "yes", whatever it is shown. *What can I use?* was
# asked in its training, in other words, yet it hardly beats a guess. **A generalist is as general as its training.** It never says that it doesn't
# know; the wiring does.

# %% [markdown]
# ## What does one more task cost?
#
# So we pay: new rules, new lists, a classifier of places with 1,500 labelled pictures. Add up the minutes.
#
# <!-- exercise: specialists.marginal_costs -->


# %% tags=["check"]
@exercise("specialists.marginal_costs")
def marginal_costs(costs, seconds_per_label=3.0, minutes_per_line=2.0):
    """costs: a list of Cost(task, labels, lines, minutes) → the minutes spent after each of them, added up"""
    ### BEGIN SOLUTION
    total, result = 0.0, []
    for one in costs:
        total += one.labels * seconds_per_label / 60 + one.lines * minutes_per_line + one.minutes
        result.append(total)
    return result
    ### END SOLUTION


# %%
bill = costs.paid()
print("task         labels  lines of rules  training   minutes so far   with one model")
for one, total, task in zip(bill, marginal_costs(bill), REVEALED, strict=True):
    print(
        f"{one.task:11} {one.labels:7,} {one.lines:12} {one.minutes:10.1f} min {total:13.0f}     {len(task.examples(1)[0].question.text.split())} words"
    )
nouns = costs.nouns()
print(
    f"\nBefore that, {nouns.task}: {nouns.labels:,} boxes drawn by our renderer, {nouns.minutes:.0f} minutes of training."
)

# %% [markdown]
# The seconds per label and the minutes per line are guesses; change them. What they buy is measured:

# %%
figures.show(figures.recorded("specialists.paid.revealed", "specialists.coverage.paid.revealed"))
show_tasks(REVEALED, {"new rules": "paid", "one model": "model"}, "Right answers once rules were added")

# %% [markdown]
# **Paid for, the specialists win again**: 86.2 %<!-- figure: specialists.paid.revealed -->. With a rule, a list and the
# classifier of places that we had already paid for, "safe to swim?" goes from silence to 95 %<!-- figure: specialists.paid.swim -->. The price is that somebody must know the task, write the rule, and do the same again
# tomorrow. That is the talk's argument: not that one model is better at each thing, but that its *next* task costs a sentence.

# %% [markdown]
# ## Prove it
#
# Are the rules themselves bad? Give them the truth instead of what the specialists found:

# %%
figures.show(figures.recorded("specialists.rules_on_truth", "specialists.ms.wired", "specialists.ms.model"))

# %% [markdown]
# 99.0 %<!-- figure: specialists.rules_on_truth -->: once written, the rules are not the bottleneck. What the wired team lacked
# (12.7 %<!-- figure: specialists.wired.revealed -->) was vocabulary and glue. What the paid team still loses
# (86.2 %<!-- figure: specialists.paid.revealed -->) is sight: things missed, misnamed or misread. On time they win, too, one picture each:
# 9.2<!-- figure: specialists.ms.wired --> ms a question against 19.7<!-- figure: specialists.ms.model --> ms.
#
# Two things lean. Four of the revealed tasks are worded as LLaVA took them best on validation scenes: that favours the model. And the lists that decide what is true of *group* and *swim* are those that the paid rules use: that favours the specialists.
#
# And does the one model *look*? Show it another scene's picture. **Predict:** on the revealed six, it should fall to what is possible without any
# picture, or below.

# %%
both = figures.recorded("specialists.model.known", "specialists.model.revealed")
show.bars(
    {f"{one.id.rsplit('.', 1)[1]}: {name}": getattr(one, field) for one in both for name, field in (("its picture", "value"), ("another picture", "control"), ("no picture", "baseline"))},
    alt="Right answers of the one model on known and revealed tasks, with its picture, with another scene's, and the best without any.",
)  # fmt: skip

# %% [markdown]
# Measure a task yourself, on validation scenes that no figure is based on:

# %%
from course_lib.specialists.evaluate.tasks import measure

result = measure(REVEALED[5], few(24, 4), "val")
for who in ("wired", "paid", "model", "shuffled", "ceiling"):
    print(f"{who:9} answers {100 * result.answered[who].mean():3.0f} %, right {100 * result.right[who].mean():3.0f} %")

# %% [markdown]
# ### Try it
#
# Ask the team and the model about the room at the top. Add a rule for your own question: can you write one for *Can I print my documents here?* What
# would it have to know?

# %%
own = rules.Rule(
    "electric",
    ("plug",),
    lambda question, seen: "yes" if any(x.name in ("laptop", "television") for x in seen.things) else "no",
)
for question in ("is there a sign here?", "what does the sign say?", "can I plug something in?"):
    print(
        question,
        "→",
        rules.answer(question, rules.look(image), (own, *rules.KNOWN)),
        "| one model:",
        tools.ask(image, question),
    )

# %% [markdown]
# ## The real thing
#
# - LLaVA-1.5's famous scores on TextVQA, 58.2 and 61.3, were measured **with a text reader's words in the prompt**: a specialist helps the generalist.
# - LLaVA-Plus combines the two: a language model that *chooses* among specialists. With a detector at hand, it rises from 47.1 to 88.6 on grounding (LLaVA-Bench Tools). Its tools are ours:
#   `tools.TOOLS`, each with a name, a description and a JSON schema. Lesson 13 hands them to a language model.
# - The talk's thesis, *adapt pretrained foundation models with minimal supervision*, with two real towers: [Lesson 02](02_clip.ipynb) ends with that lab. Frozen towers, trained on photographs and on sentences, meet on stickers alone.
#
# ## Recap
#
# - IoU says when a box is right; suppression keeps one box per thing; AP sums up precision over recall.
# - Choose thresholds on validation data. A score isn't a probability until you have checked.
# - Wired specialists: precise, quick, silent where nobody wrote a rule. One model: always answers, even when it should not.
# - Fair tests: questions before rules, the same eyes, the rules on the truth, another scene's picture, the best answer without one.
# - Specialists win task by task; the generalist wins on the price of the next task, as far as its training reaches.
#
# <!-- words -->
#
# ## Quiz
#
# <!-- quiz -->
#
# 1. Why were the questions committed before the rules?
#    - [x] So that the rules couldn't be fitted to them. :: Rules tuned on the test would only measure patience.
#    - [ ] Because the detector is trained on questions. :: It never saw a question.
#    - [ ] To make the one model look worse. :: The order has no effect on it.
# 2. The one model answers all questions of a task and gets half of them right; yes and no are equally frequent. What do you conclude?
#    - [ ] It has half understood the task. :: A coin does as well.
#    - [x] Nothing, until you show it another scene's picture. :: If that changes nothing, it doesn't look.
#    - [ ] It beats a team that answers 10 %. :: In answers, yes. In knowledge, not at all.
# 3. The detector's AP is 97 %. Why are fewer of the answers right?
#    - [x] An answer often needs several things at once, all above the threshold. :: AP also counts finds far below it; a rule sees only those above, and one missing name makes it silent.
#    - [ ] The scores are not calibrated. :: The rules only use a threshold.
#    - [ ] Its boxes are too small. :: AP counts boxes, and they are good.
# 4. You drop every box that overlaps *any* surer one, kept or not. What goes wrong?
#    - [ ] Nothing: it is the same. :: Think of three boxes in a row.
#    - [x] A thing beside a dropped box is lost. :: Dropped boxes must not drop others in turn.
#    - [ ] Too many boxes stay. :: Too few.
