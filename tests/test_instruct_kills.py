"""Twenty kills at random moments, against a server that fails in six ways.

Nothing is lost, and no reply that was written down is asked for again.
"""

import multiprocessing

import pytest

from course_lib.instruct.evaluate.faults import NUM_REPLIES, kill_again_and_again


@pytest.mark.slow
def test_twenty_kills_do_no_harm():
    report = kill_again_and_again(20, seed=1)
    assert report.kills == 20
    assert report.repeated == [] and report.lost == []
    assert report.same_file and report.survived == 20
    assert NUM_REPLIES >= 100 and not multiprocessing.active_children()
