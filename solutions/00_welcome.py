# ---
# title: "Welcome to the sticker world"
# objectives:
#   - find your way in the world that all lessons look at
#   - know what training may see, and what is kept back for honest tests
#   - know how an exercise feels, wrong and right, and how to get unstuck
# prerequisites:
#   - a little Python and NumPy
# minutes: 10
# ---

# %% [markdown]
# **How to use this page.** It is a *notebook*: text, and code in grey cells. Click the first grey cell (it is folded up, and the same in all lessons) and press
# **Shift+Enter**: the cell runs, and the next one is chosen. Go on like this to the end. A number in the brackets at the left says that a cell has run, a `*` that it is
# still running. Change any code you like, and run it again; *Kernel → Restart Kernel…* forgets everything but what you wrote. [Without a mouse](../docs/KEYBOARD.md) works, too.

# %% tags=["setup"]
from course_lib.exercise import exercise, hint, points, progress
from course_lib.session import begin

session = begin(lesson="00_welcome")

# %% [markdown]
# Multimodal models look at pictures and speak about them. To learn how they are built we need pictures whose *every* fact is known: what
# is there, where, in which colour, left of what. So all lessons share one small world, made of real, open emoji artwork.

# %%
from course_lib import show
from course_lib.world.language import captions
from course_lib.world.render import render
from course_lib.world.scenes import SceneSpec, make_scene

scenes = [make_scene(index, SceneSpec(placement="plausible")) for index in range(12)]
show.pictures(
    [render(scene, size=128).image for scene in scenes],
    titles=[captions(scene)[0] for scene in scenes],
    columns=4,
    alt="Twelve scenes of the sticker world, each with its caption: "
    + "; ".join(captions(scene)[0] for scene in scenes),
)

# %% [markdown]
# A scene is made from its number and a seed: nothing is downloaded, and your scene 7 is the same as everybody's. Behind the pixels
# stands the full description, so every claim that a model makes can be checked.

# %% tags=["check"]
scene = scenes[8]
for thing in scene.things:
    print(f"{thing.name}: {thing.size}, {thing.colour or 'as drawn'}, at x {thing.x:.2f}, y {thing.y:.2f}")

# %%
picture = render(scene, size=192)
names = [thing.name for thing in scene.things]
show.annotated(
    picture.image,
    picture.boxes,
    picture.instances,
    names,
    alt=f"Scene 8 with boxes around {', '.join(names)}; beside it the mask of each thing.",
)

# %% [markdown]
# ## What is in it
#
# 200 things in five drawing styles, ten shapes in eight colours, signs to read, ten backdrops. Here is one thing in all five styles:

# %%
from course_lib.world.stickers import COLOURS, STYLES, classes

guitars = [
    make_scene(3, SceneSpec(stream="test", names=("guitar",), styles=(style,), colour=None, backdrop="plain"))
    for style in STYLES
]
show.pictures(
    [render(guitar, size=128).image for guitar in guitars],
    titles=list(STYLES),
    columns=5,
    alt="A guitar in five drawing styles.",
)

# %% [markdown]
# **Predict:** a model trains on the first two styles. Which of the other three will be hardest for it? (Lesson 02 measures it.)
#
# ## What training may see
#
# A test is only honest on what training never saw. Some things are therefore kept back, once and for all: three styles, 40 of
# the 200 classes, one colour of everything that can be painted, some pairs of things in some relations, some wordings. One
# function decides, and a training scene that would need something else can't even be asked for:

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
# In every lesson you write the few functions that *are* the system. A function is checked as soon as you run its cell, on random inputs.
# When it is not right, the course says which mistake it recognises, and goes on with the reference: you are
# never blocked. Run this one, which is wrong on purpose:

# %% tags=["check"]
import numpy as np


@exercise("world.box_from_mask")
def box_from_mask(mask):
    """mask: bool [H, W] → (x0, y0, x1, y1), the smallest box around its True pixels, ends excluded"""
    rows = np.flatnonzero(mask.any(axis=1))
    columns = np.flatnonzero(mask.any(axis=0))
    return int(columns[0]), int(rows[0]), int(columns[-1]), int(rows[-1])


# %% [markdown]
# Now it is your turn: put your own lines in place of the `...` below, and run the cell. A tick says that it is solved; try as often as you like.
#
# <!-- exercise: world.box_from_mask -->
#
# Write it so that `mask[y0:y1, x0:x1]` is the part of the mask that holds the thing. Once it passes, the course itself draws with it:
# what you hand in takes the place of its own function, in every lesson.


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
# With it, the boxes of a whole scene:

# %% tags=["check"]
for number, name in enumerate(names, start=1):
    print(name, box_from_mask(picture.instances == number))

# %% [markdown]
# <!-- exercise: world.overlap -->
#
# Detectors and segmenters are judged by *intersection over union*: the area that two boxes share, divided by the area that they cover together.


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
# ## When you are stuck
#
# | what | how |
# |---|---|
# | a nudge, then the formula, then a skeleton | `hint("world.overlap")` in a cell of your own (the toolbar's **+** makes one), again for the next one |
# | what you have solved so far | `progress()` here, or `python -m course_lib check` |
# | something about the set-up is wrong | `python -m course_lib doctor` |
# | an error message you don't know | [docs/TROUBLESHOOTING.md](../docs/TROUBLESHOOTING.md), sorted by message |
#
# ## Two sizes, one path
#
# `pocket` is the default: everything on the CPU, offline, in minutes. `full` (set the environment variable `COURSE_TIER=full` before you
# start) loads pretrained models, best on a GPU such as Colab's T4. The same notebook and the same functions serve both.

# %% tags=["check"]
print(session.tier, "tier on", session.device)

# %% [markdown]
# ## Recap
#
# - Every scene comes from a number and a seed, and carries its whole truth.
# - What is held out is held out everywhere, by one function.
# - Exercises are checked at once, know the common mistakes, and never block you.
#
# <!-- words -->
#
# ## Quiz
#
# <!-- quiz -->
#
# 1. Why is a whole *style* kept back, and not just some pictures of each style?
#    - [ ] Otherwise there would be too few pictures to train on. :: Scenes are made from a seed: there are as many as one likes.
#    - [x] A new style tests whether the model knows the thing, or the hand that drew it. :: New pictures in a known style test memory and a little more.
#    - [ ] Hard styles would spoil the training. :: They would do it good. They are kept back so that the test stays honest.
# 2. Your function is wrong and you move on. What does the rest of the notebook run with?
#    - [ ] With your function, and with wrong results. :: Then one mistake would spoil a whole lesson. The card says what steps in.
#    - [ ] With nothing: the next cell fails. :: Unsolved work never blocks you.
#    - [x] With the reference. :: That is the course's own implementation; the card says so. Solve it later and run the notebook again to use yours.
# 3. Two boxes lie apart, left-right *and* up-down. What is wrong with the *shared area* without `max(0, …)`?
#    - [x] It is positive. :: Two negative lengths multiply to a positive area. Divided by the union it may then give anything, even less than 0.
#    - [ ] It is negative. :: It would be if they were apart in one direction only. Here both lengths are negative.
#    - [ ] Nothing: it is zero. :: It is zero only if they touch at an edge.
