"""The table of pictures beside texts."""

import numpy as np

from course_lib.show import similarities


def test_each_table_has_a_panel_its_numbers_and_a_frame_on_every_right_pair(monkeypatch):
    shown = []
    monkeypatch.setattr(similarities, "show_figure", lambda figure, alt: shown.append((figure, alt)))
    table = np.array([[0.9, 0.1], [0.2, 0.8]])
    pictures = [np.zeros((8, 8, 3), np.uint8), np.full((8, 8, 3), 255, np.uint8)]
    similarities.similarity({"before": table.T, "after": table}, pictures, ["a cat", "a dog"], alt="cosines")
    ((figure, alt),) = shown
    strip, before, after = figure.axes
    assert alt == "cosines" and [before.get_title(), after.get_title()] == ["before", "after"]
    assert strip.images[0].get_array().shape == (16, 8, 3)  # both pictures, one below the other
    assert [text.get_text() for text in after.texts] == ["0.90", "0.10", "0.20", "0.80"]
    assert [frame.get_xy() for frame in after.patches] == [(-0.5, -0.5), (0.5, 0.5)]
    assert [label.get_text() for label in after.get_xticklabels()] == ["a cat", "a dog"]
