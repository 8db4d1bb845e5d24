"""Clips: what the log says is what the frames show, forwards and backwards, and training sees nothing that is held out."""

import random
from itertools import pairwise

import numpy as np
import pytest

from course_lib.video.data.clips import Event, caption, log, make_clip, mirror, mirror_events, render_clip
from course_lib.video.data.questions import (
    STATIC_KINDS,
    TEMPORAL_KINDS,
    WORDINGS,
    frame_questions,
    static_questions,
    temporal_questions,
    wordings,
)
from course_lib.video.data.testset import static_examples, temporal_examples
from course_lib.world.splits import training_may_see

CLIPS = [make_clip(index, num_frames=(4, 8, 16)[index % 3]) for index in range(150)]


def log_of_frames(clip) -> list[tuple]:
    """(frame, last, kind, thing, way) read off the frames alone, as far as they show: moves, appearances, and jumps by their first frame."""
    names, events = [thing.name for thing in clip.things], []
    for i, name in enumerate(names):
        track = [next(((t.x, t.y) for t in frame.things if t.name == name), None) for frame in clip.frames]
        changes = [t + 2 for t, (a, b) in enumerate(pairwise(track)) if a != b]
        if not changes:
            continue
        if None in track:
            [frame] = changes
            events.append((frame, frame, "appears" if track[0] is None else "vanishes", i, None))
        elif track[0] == track[-1]:
            events += [(a, b, "jumps", i, None) for a, b in zip(changes[::2], changes[1::2], strict=True)]
        else:
            (x0, y0), (x1, y1) = track[0], track[-1]
            way = ("right" if x1 > x0 else "left") if abs(x1 - x0) > abs(y1 - y0) else ("down" if y1 > y0 else "up")
            events.append((changes[0], changes[-1], "moves", i, way))
    return sorted(events)


@pytest.mark.parametrize("turn", [lambda clip: clip, mirror], ids=["forwards", "backwards"])
def test_the_log_is_what_the_frames_show(turn):
    for clip in map(turn, CLIPS):
        assert sorted(map(tuple, clip.events)) == log_of_frames(clip), log(clip)
        assert list(clip.events) == sorted(clip.events, key=lambda event: event.frame)


def test_training_may_see_every_frame_and_a_clip_is_a_function_of_its_number():
    for clip in CLIPS:
        assert all(map(training_may_see, clip.frames))
    assert CLIPS[4] == make_clip(4, num_frames=8) != make_clip(4, "val")
    assert mirror(mirror(CLIPS[4])) == CLIPS[4]
    with pytest.raises(ValueError, match="4 to 16 frames"):
        make_clip(0, num_frames=17)


def test_things_stay_in_the_picture_and_only_they_change():
    for clip in CLIPS[:9]:
        for frame in clip.frames:
            for thing in frame.things:
                half = thing.width / 2 - 1e-9
                assert half <= thing.x <= 1 - half and half <= thing.y <= 1 - half
        frames = render_clip(clip)
        assert frames.dtype == np.uint8 and frames.shape == (len(clip.frames), 64, 64, 3)
        changed = [t + 2 for t in range(len(frames) - 1) if (frames[t] != frames[t + 1]).any()]
        assert {event.frame for event in clip.events} <= set(changed)


def test_what_an_event_becomes_backwards():
    events = [Event(2, 7, "moves", 0, "left"), Event(3, 3, "appears", 1), Event(5, 6, "jumps", 2)]
    assert mirror_events(events, 8) == [
        Event(3, 8, "moves", 0, "right"),
        Event(4, 5, "jumps", 2),
        Event(7, 7, "vanishes", 1),
    ]


def test_captions_name_everything_and_count_jumps():
    for clip in CLIPS:
        text = caption(clip)
        assert all(thing.name in text for thing in clip.things)
        jumps = [event for event in clip.events if event.kind == "jumps"]
        assert not jumps or f" {('', 'one', 'two', 'three')[len(jumps)]} time" in text


def test_the_mirror_turns_every_answer_round_but_the_number_of_jumps():
    kinds = set()
    for index, clip in enumerate(CLIPS):
        for one in temporal_questions(clip, random.Random(index)):
            kinds.add(one.kind)
            assert (one.answer(clip) != one.answer(mirror(clip))) == (one.kind != "times"), one
    assert kinds == set(TEMPORAL_KINDS)


def test_the_words_do_not_say_which_answer_is_right():
    first, total = 0, 0
    for index, clip in enumerate(CLIPS):
        for one in temporal_questions(clip, random.Random(index)):
            if one.kind != "times":
                answers = one.answer(clip), one.answer(mirror(clip))
                first += one.text.rindex(answers[0]) < one.text.rindex(answers[1])
                total += 1
    assert 0.4 < first / total < 0.6


def test_how_long_a_thing_is_in_the_air_does_not_say_how_often_it_jumps():
    seen = {}
    for clip in CLIPS[1::3]:  # of 8 frames
        jumps = [event for event in clip.events if event.kind == "jumps"]
        if jumps:
            seen.setdefault(len(jumps), set()).add(sum(event.last - event.frame for event in jumps))
    assert seen == {1: {3}, 2: {3}, 3: {3}}


def test_static_answers_hold_in_every_frame():
    for index, clip in enumerate(CLIPS):
        for one in static_questions(clip, random.Random(index)):
            assert one.kind in STATIC_KINDS
            for frame in clip.frames:
                names = [thing.name for thing in frame.things]
                assert all(clip.things[i].name in names for i in one.things)


def test_wordings_of_tests_are_none_of_training():
    for kind in WORDINGS:
        assert wordings(kind, "test") and not set(wordings(kind, "test")) & set(wordings(kind, "train"))


def test_the_test_set_is_balanced_and_holds_clip_and_mirror():
    examples = temporal_examples(8, "val")
    assert [one.kind for one in examples] == [kind for kind in TEMPORAL_KINDS for _ in range(8)]
    for one, other in zip(examples[::2], examples[1::2], strict=True):
        assert one.text == other.text and one.clip.frames == other.clip.frames[::-1]
        assert (one.answer == other.answer) == (one.kind == "times")
    assert [one.kind for one in static_examples(3, "val")] == [kind for kind in STATIC_KINDS for _ in range(3)]


def test_questions_about_single_frames_are_what_frames_show():
    rng, yes = random.Random(0), []
    for index in range(60):
        for clip in (make_clip(index), mirror(make_clip(index))):
            for one in frame_questions(clip, 3, rng):
                frame, thing = clip.frames[one.frame - 1], clip.things[one.thing]
                shown = [other for other in frame.things if other.name == thing.name]
                holds = bool(shown)
                if one.kind != "there":
                    first = next(other for other in clip.frames[0].things if other.name == thing.name)
                    holds = (shown[0].x, shown[0].y) != (first.x, first.y)
                assert one.answer(clip) == ("yes" if holds else "no"), (one, clip.events)
                yes.append(holds)
    assert 0.3 < sum(yes) / len(yes) < 0.7


def test_the_test_set_asks_what_appears_and_what_vanishes():
    asked = " ".join(one.text for one in temporal_examples(20, "val") if one.kind == "change")
    assert "appears" in asked and "vanishes" in asked
