# ---
# title: "ImageBind: sound, depth and words meet through pictures"
# objectives:
#   - turn a sound into a mel spectrogram, and say what each of its axes means
#   - train a tower that hears, on your own computer, from picture–sound pairs alone
#   - name sounds with words that no sound was ever paired with, and prove that this is no accident
#   - segment what you hear and draw what you hear, with models that have never heard anything
#   - break the emergent alignment in four ways, and say why each breaks it
# prerequisites:
#   - "[Lesson 02](02_clip.ipynb): CLIP, the contrastive loss, zero-shot classification"
# minutes: 60
# gpu: ImageBind itself, at the end, wants a T4.
# ---

# %% tags=["setup"]
from course_lib.exercise import exercise, hint, points, progress
from course_lib.session import begin

session = begin(lesson="03_imagebind")

# %% [markdown]
# ## See it: modalities that never met
#
# The talk's slide says: *ImageBind aligns multiple modalities. Emergent alignment.* Pictures with sounds are plentiful: every video is one. So are
# pictures with texts. But who writes down "a dog" for every bark? ImageBind's claim (Girdhar et al., 2023,
# [arXiv 2305.05665](https://arxiv.org/abs/2305.05665)): nobody needs to. Align sound with pictures, and pictures with words, and **sound meets words
# without a single pair of the two.**
#
# The authors released their model, but not its training. Here you train it.
#
# In our world every noun has a voice. **Predict before you listen:** which of these is the dog, which the trumpet, which the bee?

# %%
import numpy as np
import torch
from IPython.display import display
from torch.nn import functional as F

from course_lib import figures, show
from course_lib.imagebind import train, ui
from course_lib.imagebind.data import voices
from course_lib.imagebind.data.mel import hertz_to_mel, log_mel, mel_to_hertz
from course_lib.imagebind.data.pairs import make_pairs

order = ("bee", "dog", "trumpet")
sounds = {name: voices.utter(name, voices.speaker(7)) for name in order}
for sound in sounds.values():
    display(ui.player(sound))
print("In this order:", ", ".join(order))

# %% [markdown]
# A trick question: these voices are made of numbers (a pitch, two vowels, a rhythm, some breath), and nobody could know them without seeing who makes
# them. That is what the tower must learn.
#
# Nor can anyone learn a voice from a single recording. So many *speakers* utter each noun: higher and lower, larger and smaller, faster and slower,
# with more noise or less. Test speakers lie **outside** the ranges that training hears.

# %%
shown = [
    (noun, stream, number)
    for noun in ("dog", "trumpet")
    for stream, number in (("train", 1), ("train", 2), ("test", 3))
]
mels = [log_mel(voices.utter(noun, voices.speaker(number, stream))) for noun, stream, number in shown]


def as_picture(map):
    """A spectrogram or a disparity [H, W] as grey uint8 [H, W, 3], low bands at the bottom"""
    grey = 255 * (map - map.min()) / (np.ptp(map) + 1e-9)
    return np.repeat(grey[..., None].astype(np.uint8), 3, axis=2)


show.pictures(
    [as_picture(mel[::-1]) for mel in mels],
    titles=[f"{noun}, a speaker of {stream}" for noun, stream, _ in shown],
    columns=3,
    alt="Mel spectrograms of a dog and a trumpet by three speakers each. A noun keeps its rhythm and its bands; speakers move and stretch them.",
)

# %% [markdown]
# This is a *mel spectrogram*, a picture of a sound: time runs to the right, pitch goes up, and bright means loud. You see notes, the bands of the
# vowels, and glides.
#
# And this is what training gets: a scene in which one thing makes a sound. Training isn't told which. The third modality is *disparity*, one over the
# distance, as a stereo camera measures it.

# %%
few = make_pairs(6)
rows = [*few.images, *(as_picture(mel[::-1]) for mel in few.mels), *map(as_picture, few.depths)]
show.pictures(
    rows,
    titles=[*(f"scene {n}" for n in range(6)), *("its sound" for _ in range(6)), *("its disparity" for _ in range(6))],
    columns=6,
    alt="Six scenes of one to three things; below each the spectrogram of one thing in it, and the disparity of the whole scene: near things bright.",
)

# %% [markdown]
# Here is the plan, with shapes. Lesson 02's two towers stay as they are (**frozen**). Two small towers learn, each from its own pairs with *pictures*.
# No loss joins sounds and words, so this lesson asks: what will their cosine say?

# %%
Box = show.Box
boxes = {
    "sound": Box(0, 2, "sound\nas a mel spectrogram", "[B, 64, 49]"),
    "audio tower": Box(1, 2, "audio tower\n+ linear head", "[B, 128]", "learned"),
    "picture": Box(0, 1, "picture", "[B, 3, 64, 64]"),
    "image tower": Box(1, 1, "CLIP's image tower\n(frozen)", "[B, 128]"),
    "disparity": Box(0, 0, "disparity", "[B, 64, 64]"),
    "depth tower": Box(1, 0, "depth tower\n+ linear head", "[B, 128]", "learned"),
    "words": Box(0, 3, "words", "[60, 48]"),
    "text tower": Box(1, 3, "CLIP's text tower\n(frozen)", "[60, 128]"),
    "loss": Box(2, 1.5, "InfoNCE", "[B, B]", "result"),
    "loss 2": Box(2, 0.5, "InfoNCE ", "[B, B]", "result"),
    "emergent": Box(2, 2.5, "sound → word?\nno pair, no loss", "[B, 60]", "result"),
}
chains = (
    "sound > audio tower > loss",
    "picture > image tower > loss",
    "image tower > loss 2",
    "disparity > depth tower > loss 2",
    "words > text tower > emergent",
    "audio tower > emergent",
)
arrows = [pair for chain in chains for pair in zip(chain.split(" > "), chain.split(" > ")[1:], strict=False)]
show.diagram(
    boxes,
    arrows,
    alt="Sounds and disparities go through towers that learn, pictures and words through CLIP's frozen towers. One loss joins sounds "
    "with pictures, another disparities with pictures. Between sounds and words there is no loss; their cosine is the question.",
)

# %% [markdown]
# ## Build it: from a sound to a picture of it
#
# A second of sound is 16,000 numbers. Cut it into windows of 25 ms, one every 20 ms, and take the spectrum of each: how much of every frequency it
# contains. Ears hear ratios, so the 257 frequencies are collected into 64 bands, narrow below and wide above, evenly spaced on the *mel* scale. Last,
# take the logarithm, since loudness is heard in ratios, too.
#
# <!-- exercise: imagebind.mel_filter_bank -->
#
# Each band is a triangle: 0 at its left neighbour's centre, 1 at its own, 0 at its right neighbour's. The `bands + 2` corners run from 0 to `rate / 2`,
# evenly spaced in mel.


# %% tags=["check"]
@exercise("imagebind.mel_filter_bank")
def mel_filter_bank(bands=64, fft=512, rate=16_000):
    """How much each of fft // 2 + 1 frequencies counts in each band → [fft // 2 + 1, bands]"""
    ### BEGIN SOLUTION
    corners = mel_to_hertz(np.linspace(0, hertz_to_mel(rate / 2), bands + 2))
    frequencies = np.linspace(0, rate / 2, fft // 2 + 1)[:, None]
    rising = (frequencies - corners[:-2]) / (corners[1:-1] - corners[:-2])
    falling = (corners[2:] - frequencies) / (corners[2:] - corners[1:-1])
    return np.maximum(0, np.minimum(rising, falling))
    ### END SOLUTION


# %%
bank = mel_filter_bank(bands=12)
hertz = np.linspace(0, 8000, len(bank))
show.history(
    list(hertz),
    {f"band {band + 1}": list(bank[:, band]) for band in (0, 3, 6, 9, 11)},
    xlabel="frequency in Hz",
    ylabel="weight",
    alt="Five of twelve mel bands as triangles over the frequency: narrow at low frequencies, ever wider towards 8,000 Hz.",
)

# %% [markdown]
# ## Build it: a loss with pictures in the middle
#
# The loss is Lesson 02's with a sound instead of the text, and two differences. The picture features come from a *frozen* tower, so they are computed
# once, before training. And the temperature $\tau$ is fixed, not learned: in the paper, the best fixed one beats a learned one (its table 5).
#
# Which picture is right? Row $i$ belongs to picture $i$, **its own scene's**. Two scenes in a batch may hold a dog; the other dog's picture still
# counts as wrong, a *false negative*. To pair by noun we would need the nouns, and those are what should *emerge*.
#
# <!-- exercise: imagebind.info_nce -->


# %% tags=["check"]
@exercise("imagebind.info_nce")
def info_nce(embeddings, image_features, temperature=0.07):
    """embeddings [B, D] of sounds, image_features [B, D] of their scenes, both L2-normalised → scalar loss"""
    ### BEGIN SOLUTION
    logits = embeddings @ image_features.T / temperature  # [B, B]
    targets = torch.arange(len(logits))  # its own scene
    return (F.cross_entropy(logits, targets) + F.cross_entropy(logits.T, targets)) / 2
    ### END SOLUTION


# %% [markdown]
# ## Train it, here and now
#
# First the frozen part: 3,000 scenes, their sounds, and CLIP's features of their pictures, once. Then 400 steps of 128 pairs, with *your* loss.
#
# **Predict:** how far can the loss fall? Guessing costs ln 128 = 4.85. But a scene has up to three things, and the thing that sounds may be in half a
# dozen scenes of the batch.

# %%
from course_lib.clip.data.testsets import image_features
from course_lib.clip.pretrained import load_clip

clip, recipe = load_clip(), train.live_recipe()
pairs = make_pairs(recipe.scenes)
seen = image_features(clip, pairs.images)  # [N, 128], frozen
heard = torch.from_numpy(pairs.mels)  # [N, 64, 49]
tower = train.build_tower("audio", heard)
curve = show.LossCurve(chance=float(np.log(recipe.batch_size)), chance_name=f"ln {recipe.batch_size}")
shown_in = train.sound_batches(heard, seen, recipe)  # step → sounds and the features of their scenes
run = train.train_tower(
    tower, shown_in, recipe, callbacks=[curve], state_file=session.paths().runs / "audio.safetensors"
)
curve.draw(run)

# %% [markdown]
# This tower has never been near a word. Now ask it for words.
#
# <!-- exercise: imagebind.classify_sounds -->
#
# Zero-shot classification, as with pictures: cosines with all names, divided by the temperature, softmax over the names.


# %% tags=["check"]
@exercise("imagebind.classify_sounds")
def classify_sounds(sounds, names, temperature=0.07):
    """sounds [B, D], text features of names [C, D], neither normalised → probabilities [B, C]"""
    ### BEGIN SOLUTION
    cosines = F.normalize(sounds, dim=-1) @ F.normalize(names, dim=-1).T
    return (cosines / temperature).softmax(dim=-1)
    ### END SOLUTION


# %%
from course_lib.imagebind.evaluate import alignment

model = train.load_bind()  # one we made earlier: the same towers, on more scenes
names = alignment.name_embeddings(model, voices.SOUNDING)
asked = ("dog", "trumpet", "bee", "bus", "house", "fire")
probe = np.stack([log_mel(voices.utter(noun, voices.speaker(50 + i, "test"))) for i, noun in enumerate(asked)])
columns = [voices.SOUNDING.index(noun) for noun in asked]
live, baked = (classify_sounds(alignment.embed(one, probe), names)[:, columns].numpy() for one in (tower, model.audio))
show.matrix(
    baked,
    [f"sound of {noun}" for noun in asked],
    list(asked),
    alt="Probabilities of six of the sixty names for six sounds by held-out speakers. "
    + show.highest(baked, asked, list(asked)),
)

# %% [markdown]
# The diagonal is dark: sounds by speakers never heard in training find words that no sound was ever paired with. Six are an anecdote; here are 600, for
# your minutes of training and the longer run.

# %%
right = {
    "your tower": alignment.names_correct(alignment.embed(tower, alignment.sounds_of()), names).mean(),
    "trained longer": alignment.names_correct(alignment.embed(model.audio, alignment.sounds_of()), names).mean(),
    "before training": alignment.names_correct(
        alignment.embed(train.build_tower("audio", heard), alignment.sounds_of()), names
    ).mean(),
}
words = ", ".join(f"{name} {100 * value:.0f} percent" for name, value in right.items())
show.bars(right, chance=1 / 60, alt=f"Sounds that find their word among 60: {words}.")

# %% [markdown]
# Look at twenty examples before you believe a mean. What does it confuse?

# %%
answers = alignment.embed(model.audio, alignment.sounds_of()) @ names.T
for row in range(0, 600, 31):
    truth, said = voices.SOUNDING[row // 10], voices.SOUNDING[int(answers[row].argmax())]
    print(f"{'✓' if truth == said else '✗'} {truth:12} → {said}")

# %% [markdown]
# ## See it all: every pair of modalities
#
# Four modalities make six pairs. Only three of them were ever trained: picture–text in Lesson 02, picture–sound and picture–disparity here. Take one
# scene per noun, for 60 nouns, in all four modalities: how often is the partner the nearest of the 60? **Predict** the three that never met:
# sound–text, disparity–text, sound–disparity.

# %%
single = make_pairs(60, "test", things=(1, 1))
texts = names[[voices.SOUNDING.index(noun) for noun in single.nouns]]
of = {
    "picture": image_features(clip, single.images),
    "text": texts,
    "sound": alignment.embed(model.audio, single.mels),
    "disparity": alignment.embed(model.depth, single.depths),
}
same = torch.tensor([[a == b for b in single.nouns] for a in single.nouns])


def finds(first, second):
    """The share of rows whose nearest in the other modality shows the same noun"""
    return float(same[torch.arange(60), (first @ second.T).argmax(dim=1)].float().mean())


table = np.array([[finds(a, b) for b in of.values()] for a in of.values()])
labels = list(of)
emergent = [
    f"{a} → {b} {100 * finds(of[a], of[b]):.0f} %"
    for a, b in (("sound", "text"), ("disparity", "text"), ("sound", "disparity"))
]
never_met = [(1, 2), (1, 3), (2, 1), (2, 3), (3, 1), (3, 2)]  # framed
show.matrix(
    table,
    labels,
    labels,
    framed=never_met,
    alt="How often the nearest of 60 shows the same noun, for all pairs. Never trained, and framed: "
    + "; ".join(emergent)
    + ".",
)
print("Never trained together:", "; ".join(emergent))

# %% [markdown]
# Now use it. Type a word, and hear the nearest of 600 sounds by held-out speakers:

# %%
word = "a trumpet"
query = train.text_embedding(model, word)
for row in (query @ alignment.embed(model.audio, alignment.sounds_of()).T)[0].topk(2).indices.tolist():
    noun = voices.SOUNDING[row // 10]
    print(f"{word} → a sound of: {noun}")
    display(ui.player(voices.utter(noun, voices.speaker(row, "test"))))

# %% [markdown]
# ### A picture plus a sound
#
# If both are arrows in one space, then *this picture and that sound* is their sum. Beware: of the published ImageBind's outputs, pictures have length
# 1, but sounds are multiplied by 20 and depth by 5. A plain sum would hear only the sound.
#
# <!-- exercise: imagebind.add_embeddings -->
#
# Normalise each, add, normalise.


# %% tags=["check"]
@exercise("imagebind.add_embeddings")
def add_embeddings(first, second):
    """first [B, D], second [B, D], of any length → a query for both [B, D], of length 1"""
    ### BEGIN SOLUTION
    return F.normalize(F.normalize(first, dim=-1) + F.normalize(second, dim=-1), dim=-1)
    ### END SOLUTION


# %%
figures.show(alignment.arithmetic(model))

# %% [markdown]
# Each alone finds a scene with *its* thing, and has to guess which one. The sum finds the scene that holds both.
#
# ### The gap
#
# Are the modalities mixed in this space like salt and pepper? No: each forms its own cloud. CLIP trains cosines *within* a batch, and nothing pulls
# whole clouds together (Liang et al., 2022, [arXiv 2203.02053](https://arxiv.org/abs/2203.02053)).
#
# <!-- exercise: imagebind.modality_gap -->
#
# Normalise the rows, take the mean of each modality, and return the distance between the means.


# %% tags=["check"]
@exercise("imagebind.modality_gap")
def modality_gap(first, second):
    """first [N, D], second [M, D], of any length → scalar"""
    ### BEGIN SOLUTION
    return (F.normalize(first, dim=-1).mean(dim=0) - F.normalize(second, dim=-1).mean(dim=0)).norm()
    ### END SOLUTION


# %%
everything = torch.cat(list(of.values()))
axes = torch.linalg.svd(everything - everything.mean(dim=0), full_matrices=False).Vh[:2]  # the two widest directions
scale = 2.0 / float((everything @ axes.T).abs().max())
show.clouds(
    {name: ((one - everything.mean(dim=0)) @ axes.T * scale).numpy() for name, one in of.items()},
    alt="The four modalities of the same 60 scenes, along the two widest directions: each is a cloud at a place of its own.",
)
figures.show(alignment.gaps(model))

# %% [markdown]
# The gap does no harm when one modality chooses within *one* other, since all candidates share it. It does when candidates are mixed: among pictures
# and sounds together, a sound prefers any sound. In that case, subtract each modality's mean first.

# %% [markdown]
# ## Break it
#
# First the temperature, live: three towers, each trained for a quarter of your run, name sounds by the *validation* speakers (settings are chosen
# there, never on the test). **Predict:** what do 0.02, 0.07 and 0.5 do?

# %%
from dataclasses import replace

judges, swept = alignment.sounds_of(stream="val", per_noun=4), {}
for temperature in (0.02, 0.07, 0.5):
    brief = replace(recipe, steps=recipe.steps // 4, temperature=temperature)
    one = train.train_audio(heard, seen, brief)
    right_now = alignment.names_correct(alignment.embed(one, judges), names, per_noun=4)
    swept[f"temperature {temperature}"] = float(right_now.mean())
words = ", ".join(f"{name} {100 * value:.0f} percent" for name, value in swept.items())
show.bars(swept, chance=1 / 60, alt=f"Sounds of validation speakers that find their word after a short run: {words}.")

# %% [markdown]
# A cold temperature looks only at the hardest wrong pictures, and half a dozen of these aren't wrong at all: the false negatives. A hot one lets them
# all count.
#
# Now two more changes, live and just as short. **Predict** for each: better, a little worse, or ruined?
#
# - the temperature *learned*, as CLIP's is, starting at 0.07
# - the *pictures strongly changed* (bent, recoloured, blurred), as is usual when a tower learns from pictures alone

# %%
from course_lib.imagebind.evaluate import ablations

brief = replace(recipe, steps=recipe.steps // 4)
changed = ablations.strongly_changed(pairs)
towers = {
    "temperature learned": ablations.learned_temperature(heard, seen, brief),
    "pictures changed": train.train_audio(heard, image_features(clip, changed), brief),
}
broken = {"temperature 0.07": swept["temperature 0.07"]}
for name, one in towers.items():
    broken[name] = float(alignment.names_correct(alignment.embed(one, judges), names, per_noun=4).mean())
show.pictures(
    [*pairs.images[:4], *changed[:4]],
    titles=["as it is"] * 4 + ["changed"] * 4,
    columns=4,
    alt="Four scenes, and below each the same scene bent, recoloured and blurred.",
)
words = ", ".join(f"{name} {100 * value:.0f} percent" for name, value in broken.items())
show.bars(broken, chance=1 / 60, alt=f"Sounds of validation speakers that find their word after a short run: {words}.")

# %% [markdown]
# The last way to break it takes minutes, since pictures must pass through their tower at every step: **unfreeze** it, so that it learns with the
# sounds. **Predict** what happens to the sounds, and to the *pictures*.
#
# Here are all the changes as recorded, in runs of equal length (150 steps on 2,000 scenes; the last two 60 steps), with the test speakers.

# %%
# As `python -m course_lib evaluate imagebind --live` recorded them; the runs take some minutes each on a busy computer.
figures.show(figures.recorded("imagebind.ablation."))

# %% [markdown]
# **Unfrozen**: after 60 steps, the pictures themselves find their word in 3.0 %<!-- figure: imagebind.ablation.unfrozen baseline -->, where the frozen
# tower's find it in 99.7 %<!-- figure: imagebind.ablation.frozen baseline -->, and sounds are back at chance. Words know where the *frozen* pictures
# are. When the image tower moves to meet the sounds, it leaves the words behind. Emergence depends on the one thing that stands still.
#
# **Changed pictures** cost 27.5 %<!-- figure: imagebind.ablation.tau0.07 --> → 16.0 %<!-- figure: imagebind.ablation.augmented --> (the paper: 56.7 →
# 22.6): the targets no longer say what is there. **Hot** is best here; in runs twice as long, 0.07 and 0.5 came out alike. A learned temperature gains
# nothing.

# %% [markdown]
# ## Prove it
#
# Speakers and scenes come from the stream "test". The control learned from the same sounds with *other scenes'* pictures; the ceiling was told the
# words.

# %%
proofs = list(alignment.sound_to_text(model, train.load_controls()))
figures.show([*proofs, *alignment.sound_to_depth(model), alignment.novel_nouns(model)])

# %% [markdown]
# The shuffled control is at chance, so there is no leak: what the tower knows came through the pictures of its own scenes. Nouns never named, shown or
# heard (the last row) stay at chance, too: a voice means nothing by itself.
#
# The depth tower saw *close-ups* first: windows around the thing that sounds. The scene's record said where it stands, as if somebody had pointed a
# camera at it, but not what it is. Sound and disparity find each other ten times as often as by chance if the scene holds one thing; in scenes of up to
# three, 7.0 %<!-- figure: imagebind.sound_depth_r1.scenes -->, they miss the bar. A sound tells of *one* thing, a disparity of all of them and where
# they are.

# %% [markdown]
# Does better *seeing* make for better hearing, with the same sounds? The paper's table 8 says so. Four image towers, the same audio tower trained
# equally long on each; the baseline is what the image tower itself can name.

# %%
figures.show(figures.recorded("imagebind.ladder."))

# %% [markdown]
# Hearing follows seeing: an untrained tower gives nothing, one trained for 250 steps 5.8 %<!-- figure: imagebind.ladder.brief -->, the two good ones
# 27.5 %<!-- figure: imagebind.ladder.clip --> each. (The classifier has no text tower, so its 60 rows of weights stand in for the names. Labels or
# captions: here, the ear doesn't notice.)
#
# ### Segment what you hear
#
# The paper puts sounds into models built for words. SEEM (Lesson 11) names its masks by cosines with text embeddings. We give it just one "text": a
# sound. SEEM isn't trained for this, and has never heard anything.

# %%
from course_lib.clip.data.images import normalise, to_tensor
from course_lib.imagebind.evaluate import swaps
from course_lib.seem.train import stages

seem = stages.load()
scenes, targets, nouns, others = swaps.scenes_to_segment(4)
with torch.no_grad():
    encoded = seem.encode(normalise(to_tensor(scenes)))
found = swaps.segment_by(seem, encoded, swaps.heard(model, nouns))
for scene, noun, mask in zip(scenes[:2], nouns[:2], found[:2], strict=True):
    show.masks(
        scene,
        [(mask, f"by the sound of: {noun}")],
        alt=f"A scene, and the mask that SEEM found by the sound of: {noun}.",
    )

# %% [markdown]
# ### Draw what you hear
#
# GLIGEN (Lesson 10) reads a phrase as it is *before* the text tower's last projection; a sound lies behind it. The plain swap, as in the paper, goes
# back through that matrix's inverse. That blows up the noise in a sound, and only a fifth of the sounds find their phrase. A damped inverse gets 63 %
# of the drawings right on validation speakers; one step of attention, 89 %: the sound is the query, 160 nouns are the keys, their phrases the values.
# Nothing is trained, but be clear: this is almost the same as *naming* the sound, then drawing the name. With no caption, only the sound says what to
# draw.

# %%
from course_lib.gligen.train.gates import load_gated

gated = load_gated()
heard_nouns = ("panda", "frog", "lion", "penguin")
by_sound = swaps.heard(model, list(heard_nouns))
by_word = [train.text_embedding(model, f"a {noun}")[0] for noun in heard_nouns]
drawn = [ui.draw(gated, one[None], seed=i % 4) for i, one in enumerate([*by_sound, *by_word])]
show.pictures(
    drawn,
    titles=[*(f"the sound of: {noun}" for noun in heard_nouns), *(f"the word: {noun}" for noun in heard_nouns)],
    columns=4,
    alt="Eight drawings, of " + ", ".join(heard_nouns) + ": above each made from a sound, below from the word.",
)

# %% [markdown]
# Pretty pictures prove little. So we count, beside words in the sound's place, and with controls that must fail:

# %%
swapped = figures.recorded("imagebind.seem_iou", "imagebind.seem_iou.other", "imagebind.gligen_phrase")
figures.show(swapped)

# %% [markdown]
# SEEM does nearly as well by sound as by word. Where a drawing shows the wrong thing, the tower has misheard: GLIGEN draws the right thing in
# 62.5 %<!-- figure: imagebind.gligen_phrase --> of the boxes, which misses the bar: about as often as the tower names the sound
# (65.7 %<!-- figure: imagebind.sound_text -->).
#
# ### Try it
#
# Choose a sound: the widget shows the nearest picture, what in it makes the sound, and a drawing.

# %%
chosen = {
    noun: voices.utter(noun, voices.speaker(90 + i, "test")) for i, noun in enumerate(("panda", "rocket", "pine tree"))
}
ui.sound_box(model, seem, gated, chosen, single.images, of["picture"])

# %% [markdown]
# ### Sounds of your own
#
# The tower knows 60 made-up voices and nothing else. We tried 25 real recordings of 18 of our nouns (Debian's `tuxpaint-stamps-default`; GPL-2, so it
# does not come with the course): not one found its word. A tower that learned from one recording of each knows those by heart, and 2 of 7 others.
# (Tried once, by hand; no code here measures it.)
#
# **Predict** what ours will say to your sounds. Put WAV files, named after what you hear, into the course's folder `.course/sounds` (on Colab, with
# your Drive mounted, `multimodal_from_scratch/sounds`).
#
# Any rate will do, stereo or mono; of a long sound, only the loudest second is heard. Silence and broken files are refused in one sentence.

# %% tags=["check"]
from course_lib.imagebind.data import recordings

for samples in (np.zeros(8000), np.zeros(0), np.full(16_000, np.nan)):
    try:
        recordings.prepare_sound(samples)
    except recordings.SoundError as error:
        print("✗", error)
whistle = recordings.prepare_sound(np.sin(2 * np.pi * 1200 * np.arange(48_000) / 48_000), 48_000)
print("a whistle at 48 kHz becomes", whistle.shape)

# %%
mine = recordings.open_folder(session.paths().home / "sounds")
for name, sound in mine.items():
    display(ui.player(sound))
    top = (ui.hear(model, sound) @ names.T)[0].topk(3).indices.tolist()
    print(f"{name} → {', '.join(voices.SOUNDING[at] for at in top)}")
if not mine:
    print("No WAV file there yet. Put some into it, and run this cell again.")

# %% [markdown]
# ### Text in disguise
#
# What if the sound is a voice that *says* "dog"? Then picture and speech are a picture and its label, read aloud: not a third sense, but **text in
# disguise**. A speech synthesiser (espeak-ng; `pip install espeakng-loader` brings it, the course does not) says the nouns; the test's voices, pitches
# and speeds are never heard in training. **Predict:** easier or harder than our made-up voices?

# %%
from course_lib.imagebind.data import speech

try:
    display(ui.player(speech.say_noun("dog", 1)), ui.player(speech.say_noun("trumpet", 2, "test")))
except speech.NoSpeechError as error:
    print(error)
# As `python -m course_lib evaluate imagebind --live` recorded it, with espeak-ng.
figures.show(figures.recorded("imagebind.speech.", "imagebind.ablation.tau0.07"))

# %% [markdown]
# Easier, by a factor of nearly two: 50.7 %<!-- figure: imagebind.speech.text --> against 27.5 %<!-- figure: imagebind.ablation.tau0.07 --> for the
# made-up voices, with the same tower, pictures and steps. Nobody *writes down* what makes the sound, but a speaker says it. So aligning speech proves
# less than aligning barks. Nor is it reading: nouns that were never said stay at chance.

# %% [markdown]
# ## The real thing
#
# ImageBind itself has 1.2 billion parameters: OpenCLIP's ViT-H for pictures and words, frozen; ViTs for sound, depth, heat and motion. It knows six
# modalities, and was trained on videos (AudioSet), SUN RGB-D, LLVIP and Ego4D. Its zero-shot accuracy is 66.9 % on ESC-50, 50 kinds of environmental
# sounds, and 77.7 % on ImageNet. Only the first is *emergent*: the second is inherited from OpenCLIP. Don't mix them.

# %% [markdown]
# Its weights are for non-commercial use (CC-BY-NC 4.0), and its repository holds only the code for inference. In the full tier, the next cell installs
# that code at a fixed commit, loads the weights (4.8 GB) in 16 bits, and makes the same calls as to our miniature, with photographs and your sounds, or
# else our voices. **Predict:** what will it make of a made-up panda?

# %%
from course_lib.clip.full import photographs
from course_lib.imagebind import full

if session.tier == "full":
    full.install()
published = full.load() if session.tier == "full" else None
if published:
    asked_for, photos = mine or chosen, photographs()
    rows = torch.cat(
        [
            published.encode_audio(full.prepare_sounds(list(asked_for.values()))),
            published.encode_image(full.prepare_images(list(photos.values()))),
        ]
    )
    columns = [*asked_for, *photos]
    found = classify_sounds(rows, published.encode_text(full.prepare_texts(columns)), full.TEMPERATURE).numpy()
    row_names = [*(f"sound of {name}" for name in asked_for), *(f"photograph: {name}" for name in photos)]
    show.matrix(
        found,
        row_names,
        columns,
        alt="ImageBind's words for sounds and photographs. " + show.highest(found, row_names, columns),
    )
else:
    print("ImageBind itself runs in the full tier (COURSE_TIER=full, on a T4).")

# %% [markdown]
# ## Recap
#
# - A mel spectrogram is a picture of a sound: time, pitch on the ear's scale, loudness as a logarithm.
# - Align each modality with *pictures* alone, and all of them meet there: that is emergent alignment.
# - What makes it work: a frozen image tower, pairs by scene and not by label, a fixed temperature.
# - What proves it: held-out speakers, re-paired sounds at chance, a supervised ceiling, better hearing with better seeing.
# - One space makes parts interchangeable: a sound goes where a word went, in models that never heard one. Normalise before you add.
#
# <!-- words -->
#
# ## Quiz
#
# <!-- quiz -->
#
# 1. Why is the image tower frozen?
#    - [ ] To save memory. :: It does, but that is not why it matters here.
#    - [x] The words are aligned with it as it is. :: If it moves to meet the sounds, it leaves the words behind.
#    - [ ] Because pictures can't be learned from sounds. :: They can; the paper does so with other data. But then nothing ties them to words.
# 2. Your control, sounds with other scenes' pictures, names 20 % of 60 nouns. What do you conclude?
#    - [ ] The towers are good even without pairs. :: Without pairs there is nothing to learn from. So where do 20 % come from?
#    - [x] Something leaks. :: Perhaps pairs are made by label, or weren't reshuffled. Chance would be 1.7 %.
#    - [ ] 20 % is close enough to chance. :: Chance is 1.7 %, and with 600 sounds the interval is narrow.
# 3. You add a sound embedding of length 20 and a picture of length 1. What will retrieval find?
#    - [x] What the sound asks for. :: The picture turns the sum by three degrees at most. Normalise before adding.
#    - [ ] Scenes that hold both. :: Only when both count equally.
#    - [ ] Nothing: the sum is too long. :: To a cosine, length doesn't matter; direction does.
# 4. Two scenes of a batch hold a dog that barks. What does the loss say about dog 1's sound and dog 2's picture?
#    - [ ] They belong together. :: Nobody told the loss that both are dogs.
#    - [x] They don't. :: A false negative. It hurts a little; fixing it would take labels, and those should emerge.
#    - [ ] Nothing: equal nouns are masked. :: That would be pairing by label.
