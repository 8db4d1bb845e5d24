"""A reference picture in place of a phrase: the map, what it is fitted to, and how it is measured."""

import numpy as np
import pytest
import torch

from course_lib.clip.data.images import PictureError
from course_lib.gligen.data.scenes import draw_scene
from course_lib.gligen.evaluate import reference as measure_reference
from course_lib.gligen.train import reference
from course_lib.gligen.train.reference import class_phrases, crops, fit_ridge, reference_embeddings
from course_lib.gligen.vocabulary import NAMES


def test_ridge_finds_the_linear_map_that_made_the_data_and_sets_the_length():
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(400, 12, generator=generator)
    made = features @ torch.randn(12, 12, generator=generator) + 3
    mapped = fit_ridge(features, made, penalty=1e-6)(features)
    assert torch.cosine_similarity(mapped, made).min() > 0.9999
    torch.testing.assert_close(mapped.norm(dim=-1), torch.full((400,), made.norm(dim=-1).mean().item()))
    hindered = fit_ridge(features, made, penalty=1e6)
    assert hindered.weights.norm() < 0.01 * fit_ridge(features, made, penalty=1e-6).weights.norm()


def test_crops_are_the_things_of_the_stream_and_the_map_reads_training_alone(monkeypatch):
    cut, classes = crops("val", 12, num_things=(2, 2), styles=("noto", "twemoji"))
    assert len(cut) == len(classes) and 20 <= len(cut) <= 24
    assert (
        classes.tolist()
        == [NAMES.index(t.name) for i in range(12) for t in draw_scene(i, "val", (2, 2)).things][: len(classes)]
    )
    assert all(crop.dtype == np.uint8 and min(crop.shape[:2]) >= reference.MIN_CROP_SIDE for crop in cut)
    calls = []
    monkeypatch.setattr(reference, "draw_scene", lambda *given: calls.append(given) or draw_scene(*given))
    monkeypatch.setattr(reference, "NUM_SCENES", 20)
    reference.reference_map.__wrapped__()
    assert {(stream, seed) for _, stream, _, seed in calls} == {("train", reference.SEED)}


def test_a_crop_lands_near_its_phrase_and_a_tiny_picture_is_no_error():
    cut, classes = crops("val", 10)
    embeddings = reference_embeddings(cut)
    assert embeddings.shape == (len(cut), 128)
    assert (measure_reference.nearest_class(embeddings) == classes).float().mean() > 0.8
    torch.testing.assert_close(measure_reference.nearest_class(class_phrases()), torch.arange(len(NAMES)))
    assert reference_embeddings([np.zeros((1, 1, 3), np.uint8)]).isfinite().all()
    with pytest.raises(PictureError):
        reference_embeddings([np.zeros((0, 4, 3), np.uint8)])


def test_the_figures_have_their_company():
    figures = list(measure_reference.figures(20))
    assert [figure.id for figure in figures] == ["gligen.reference_top1", "gligen.reference_top1_fluent_flat"]
    for figure in figures:
        assert figure.n > 20 and figure.control < 0.35 < figure.value and figure.baseline < 1
