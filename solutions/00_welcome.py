# ---
# title: "Welcome to the sticker world"
# objectives:
#   - see what you will build, and the way there
#   - find your way around the world that all lessons share
#   - know what training may see, and what is kept back for honest tests
#   - see what an exercise looks like, wrong and right, and how to get unstuck
#   - "read a figure: interval, chance, control, baseline, ceiling, bar"
# prerequisites:
#   - a little Python and NumPy
# minutes: 15
# ---

# %% [markdown]
# **How to use this page.** It is a *notebook*: text, and code in grey cells. Click the first grey cell (it is folded up, and the same in every lesson)
# and press **Shift+Enter**: the cell runs, and the next one is selected. Carry on like this to the end. A number in the brackets on the left means that
# a cell has run, a `*` that it is still running. Change any code you like and run it again; *Kernel → Restart Kernel…* forgets everything except what
# you wrote. It also works [without a mouse](../docs/KEYBOARD.md).

# %% tags=["setup"]
from course_lib.exercise import exercise, hint, points, progress
from course_lib.session import begin

session = begin(lesson="00_welcome")

# %% [markdown]
# ## What you will own at the end
#
# You are standing in a hotel lobby with a memory stick, and you ask your phone's camera: *can I print my documents here?* A detector finds no printer.
# A text reader finds "BUSINESS CENTER" but doesn't know what one is for. A classifier says "lobby". Each of these **specialists** is right, and none
# can answer. You need a model that understands the picture *and* the question.
#
# In this course you build such models yourself, small enough for your computer. Here are four of them, finished. The picture is new to them all:

# %%
import numpy as np

from course_lib import finished, show
from course_lib.llava.chat_format import in_one_word
from course_lib.world.render import render
from course_lib.world.scenes import SceneSpec, make_scene

picture = render(
    make_scene(6, SceneSpec(stream="test", names=("lion", "sunflower"), placement="plausible")), size=64
).image
captions = ["a lion in a meadow", "a bus on the road", "a frog in a meadow", "a lion at night"]
best, probability = finished.clip(picture, captions)[0]
question = "how many lions are there?"
answer = finished.llava(picture, in_one_word(question))  # without this wish it answers in a sentence, and less surely
drawing = finished.gligen(
    "a sunflower left of a lion", {"a sunflower": (0.05, 0.3, 0.45, 0.7), "a lion": (0.55, 0.3, 0.95, 0.75)}
)
lion = finished.seem(picture, "the lion")
cut_out = np.where(lion[:, :, None], picture, picture // 4)

titles = [f"CLIP, of four captions: {best} ({100 * probability:.0f} %)", f"LLaVA: {question} {answer}"]
titles += ["GLIGEN draws what we ask for where we ask for it", "SEEM cuts out: the lion"]
show.pictures([picture, picture, drawing, cut_out], columns=4, titles=titles, alt="Four pictures. " + ". ".join(titles))

# %% [markdown]
# Change a caption, the question or a box, and run the cell again. (Some words will fail: these models know only about two hundred things.)
#
# And this is the way to these four. You build and train what is orange. An arrow shows what one lesson hands to the next:

# %%
show.diagram(
    {
        "world": show.Box(0, 1.5, "00 sticker world", "pictures, facts"),
        "clip": show.Box(1.4, 0.5, "02 CLIP", "picture ↔ words", "learned"),
        "lm": show.Box(1.4, 1.5, "04 assistant", "text → text", "learned"),
        "data": show.Box(1.4, 2.5, "05 instructions", "facts → dialogues"),
        "gligen": show.Box(3.15, 0, "10 GLIGEN", "words, boxes → picture", "learned", 1.15),
        "seem": show.Box(3.15, 1, "11 SEEM", "click, words → mask", "learned", 1.15),
        "llava": show.Box(3.15, 2, "06, 07 LLaVA", "picture, question → answer", "learned", 1.35),
    },
    [
        ("world", "clip"),
        ("world", "lm"),
        ("world", "data"),
        ("clip", "gligen", "text tower"),
        ("clip", "seem", "text tower"),
        ("clip", "llava", "vision tower"),
        ("lm", "llava", "language model"),
        ("data", "llava", "training data"),
    ],
    alt="The course as a map. The sticker world feeds CLIP, the assistant and the instruction data. CLIP's text tower goes into GLIGEN "
    "and SEEM. CLIP's vision tower, the assistant's language model and the instruction data make LLaVA.",
)

# %% [markdown]
# ## One small world
#
# To learn how such models are built, we need pictures about which *every* fact is known: what is there, where, in which colour, left of what. So all
# lessons share one small world, made of real, open emoji artwork.

# %%
from course_lib.world.language import captions as captions_of

scenes = [make_scene(index, SceneSpec(placement="plausible")) for index in range(12)]
show.pictures(
    [render(scene, size=192).image for scene in scenes],
    titles=[captions_of(scene)[0] for scene in scenes],
    columns=4,
    alt="Twelve scenes of the sticker world, each with its caption: "
    + "; ".join(captions_of(scene)[0] for scene in scenes),
)

# %% [markdown]
# A scene is made from its number and a seed: nothing is downloaded, and your scene 8 is the same as everyone else's. Behind the pixels is a full
# description, so every claim a model makes can be checked.

# %% tags=["check"]
scene = scenes[8]
for thing in scene.things:
    print(f"{thing.name}: {thing.size}, {thing.colour or 'as drawn'}, at x {thing.x:.2f}, y {thing.y:.2f}")

# %% [markdown]
# A *box* is the smallest rectangle around a thing; a *mask* says which pixels belong to it:

# %%
scene_8 = render(scene, size=192)
names = [thing.name for thing in scene.things]
show.annotated(
    scene_8.image,
    scene_8.boxes,
    scene_8.instances,
    names,
    alt=f"Scene 8 with boxes around {', '.join(names)}; beside it the mask of each thing in a colour of its own.",
)

# %% [markdown]
# The models see less than you do. They get 64 pixels a side, so that they can learn in minutes:

# %%
show.pictures(
    [render(scene, size=size).image for size in (192, 64)],
    titles=["192 pixels, for you", "64 pixels, for the models"],
    columns=2,
    alt="Scene 8 twice: smooth, and in coarse pixels.",
)

# %% [markdown]
# ## What is in it
#
# 200 things in five drawing styles, ten shapes in eight colours, signs to read, and ten backdrops.
#
# **Predict before you run:** the finished CLIP was trained on the first two styles only. Here it chooses among 160 names. In which styles will it still
# recognise a bicycle? And a pizza?

# %%
from course_lib.world.stickers import COLOURS, STYLES, classes

known = [one.name for one in classes() if one.split == "base"]
drawings, titles = [], []
for thing in ("bicycle", "pizza"):
    for style in STYLES:
        scene = make_scene(3, SceneSpec(stream="test", names=(thing,), styles=(style,), colour=None, backdrop="plain"))
        guess, probability = finished.clip(render(scene, 64).image, known)[0]
        drawings.append(render(scene, 192).image)
        titles.append(f"{style}: {guess}, {100 * probability:.0f} %")
show.pictures(
    drawings,
    columns=5,
    titles=titles,
    alt="A bicycle, then a pizza, in five styles, and what CLIP says: " + "; ".join(titles),
)

# %% [markdown]
# Two drawings prove nothing, of course. Lesson 02 measures 1,600 pictures per style.

# %% [markdown]
# ## What training may see
#
# A test is honest only on what training never saw. So some things are kept back for good: three styles, 40 of the 200 classes, one colour of everything
# that can be painted, some pairs of things in some relations, some wordings. One function decides, and you can't even ask for a training scene that
# would need any of these:

# %% tags=["check"]
from course_lib.world.splits import held_out_colour, training_may_see

print("classes that training may see:", sum(c.split == "base" for c in classes()), "of", len(classes()))
leaks = sum(not training_may_see(make_scene(i)) for i in range(1000))
print("training scenes that hold something held out:", leaks, "of 1,000")
try:
    make_scene(0, SceneSpec(stream="train", styles=("line",)))
except ValueError as error:
    print(error)
print("the colour that training paints no fox in:", [c for c in COLOURS if held_out_colour("fox", c)])

# %% [markdown]
# ## How an exercise feels
#
# In every lesson you write the few functions that *are* the system. Each function is checked on random inputs as soon as you run its cell. When it is
# wrong, the course names the mistake if it recognises it and carries on with the reference, so you are never blocked. Run this one, which is wrong on
# purpose:


# %% tags=["check"]
@exercise("world.box_from_mask")
def box_from_mask(mask):
    """mask: bool [H, W] → (x0, y0, x1, y1), the smallest box around its True pixels, ends excluded"""
    height, width = mask.shape
    return 0, 0, width, height


# %% [markdown]
# Now it's your turn: replace the `...` below with your own lines, and run the cell. A tick means that it is solved; try as often as you like.
#
# <!-- exercise: world.box_from_mask -->
#
# Write it so that `mask[y0:y1, x0:x1]` is the part of the mask that holds the thing. Once it passes, the course itself draws with it: in every lesson,
# what you hand in replaces the course's own function.


# %% tags=["check"]
@exercise("world.box_from_mask")
def box_from_mask(mask):
    """mask: bool [H, W] → (x0, y0, x1, y1), the smallest box around its True pixels, ends excluded"""
    ### BEGIN SOLUTION
    rows = np.flatnonzero(mask.any(axis=1))
    columns = np.flatnonzero(mask.any(axis=0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
    ### END SOLUTION


# %% [markdown]
# It gives the boxes of a whole scene:

# %% tags=["check"]
for number, name in enumerate(names, start=1):
    print(name, box_from_mask(scene_8.instances == number))

# %% [markdown]
# <!-- exercise: world.overlap -->
#
# Detectors and segmenters are judged by *intersection over union*: the area two boxes share, divided by the area they cover together.


# %% tags=["check"]
@exercise("world.overlap")
def overlap(a, b):
    """a, b: boxes (x0, y0, x1, y1), the ends excluded → their intersection over union, 0 to 1"""
    ### BEGIN SOLUTION
    width = max(0, min(a[2], b[2]) - max(a[0], b[0]))
    height = max(0, min(a[3], b[3]) - max(a[1], b[1]))
    together = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])
    return width * height / (together - width * height)
    ### END SOLUTION


# %% tags=["check"]
print(f"{overlap((0, 0, 10, 10), (5, 0, 15, 10)):.3f}")

# %% [markdown]
# ## How to read a figure
#
# Every lesson ends by measuring what you built. A number alone says little, so each one comes with what it must be compared with:
#
# | mark | word | what it is |
# |---|---|---|
# | ● | measured | on scenes that training never saw; the pale line is its *95 % interval*: how far the random choice of scenes may have moved it |
# | ◆ | chance | what guessing gets |
# | × | control | the same measure where the system **must** fail, say with a blank picture; if a control does well, the measure is broken |
# | □ | baseline | the best score without the lesson's idea: the usual method, or an answer that ignores the picture |
# | △ | ceiling | the truth itself, put through the same measure; left out where it is 100 % |
# | ❘ | bar | the target the course had set itself; where it was missed, the name says so |
# | | paper | in the table only: what a paper reports for its own, far larger model on other data; don't compare the numbers |

# %% [markdown]
# **Predict:** here are five figures for the course's own models: CLIP twice, LLaVA, GLIGEN, SEEM. Which one is *worse than guessing*? How can that be?

# %%
from course_lib.figures import recorded
from course_lib.figures import show as show_figures

show_figures(
    recorded(
        "clip.zero_shot_top1.trained", "clip.winoground.text", "llava.vqa.mean", "gligen.ap50.grounded", "seem.iou.box"
    )
)

# %% [markdown]
# <details><summary>Answer</summary>The second. There, CLIP gets two pictures, and two captions with the same words in a different order. It must choose
# right for <i>both</i> pictures. Guessing manages that a quarter of the time; preferring one caption whatever the picture never does. A figure below
# chance points to such a fixed preference.</details>

# %% [markdown]
# ## When you are stuck
#
# | what | how |
# |---|---|
# | a nudge, then the formula, then a skeleton | `hint("world.overlap")` in a cell of your own (the toolbar's **+** makes one); run it again for the next one |
# | what you have solved so far | `progress()` here, or `python -m course_lib check` |
# | to find out what is wrong with the set-up | `python -m course_lib doctor` |
# | an error message you don't recognise | [docs/TROUBLESHOOTING.md](../docs/TROUBLESHOOTING.md), sorted by message |

# %% [markdown]
# ## Two sizes, one path
#
# `pocket` is the default: everything on the CPU, offline, in minutes. `full` (set the environment variable `COURSE_TIER=full` before you start) loads
# pretrained models, and is best run on a GPU such as Colab's T4. Both use the same notebook and the same functions.

# %% tags=["check"]
print(session.tier, "tier on", session.device)

# %% [markdown]
# ## Recap
#
# - Each specialist answers one kind of question. The course builds models that take pictures and words together.
# - Every scene comes from a number and a seed, and every fact about it is known.
# - One function decides what is held out, and it is held out everywhere.
# - A figure is worth only as much as what stands beside it: chance, a control that must fail, a baseline, a ceiling.
# - Exercises are checked at once, know the common mistakes, and never block you.
#
# <!-- words -->

# %% [markdown]
# ## Quiz
#
# <!-- quiz -->
#
# 1. Why keep back a whole *style*, and not just some pictures of each style?
#    - [ ] Otherwise there would be too few pictures to train on. :: Scenes are made from a seed: there are as many as you like.
#    - [x] A new style tests whether the model knows the thing, or the hand that drew it. :: New pictures in a known style test memory and little more.
#    - [ ] Hard styles would spoil the training. :: They would help it. They are kept back so that the test stays honest.
# 2. Your function is wrong and you move on. What does the rest of the notebook use?
#    - [ ] Your function, with wrong results. :: Then one mistake would spoil a whole lesson. The card says what replaces it.
#    - [ ] Nothing: the next cell fails. :: Unsolved work never blocks you.
#    - [x] The reference. :: That is the course's own implementation; the card says so. Solve it later and run the notebook again to use yours.
# 3. Two boxes are apart, both left-right *and* up-down. What is wrong with the *shared area* without `max(0, …)`?
#    - [x] It is positive. :: Two negative lengths multiply to a positive area. Divided by the union, it may then give anything, even a value below 0.
#    - [ ] It is negative. :: It would be if they were apart in one direction only. Here both lengths are negative.
#    - [ ] Nothing: it is zero. :: It is zero only if they touch at an edge.
