"""Lesson 10: the toy that is trained in a cell, and the logs that show how training goes.

That each known mistake is called by its name is asked of every room, in test_exercise_tasks.py; that the room calls what a
learner handed in, in test_sockets.py.
"""

import numpy as np
import pytest
import torch

from course_lib.gligen.data import toy
from course_lib.gligen.diffusion import add_noise, velocity
from course_lib.gligen.evaluate.paired import PairedLog
from course_lib.gligen.model import GeneratorConfig, add_gates
from course_lib.gligen.train import base_generator
from course_lib.gligen.train.gates import GateLog, GatesRecipe, gate_name, openness, train_gates


@pytest.fixture(scope="module")
def base():
    return base_generator.new_base(GeneratorConfig(block_out_channels=(16, 32))).model.eval()


def test_the_toy_is_learned_and_its_points_have_their_shapes():
    generator = torch.Generator().manual_seed(0)
    points, shape = toy.draw_points(3000, generator)
    assert points.shape == (3000, 2, 1, 1) and set(shape.tolist()) == {0, 1, 2}
    radius = points.flatten(1)[shape == 0].norm(dim=1)
    assert abs(radius.mean() - 1.4) < 0.02 and radius.std() < 0.1
    torch.manual_seed(0)
    net = toy.PointNet()
    optimizer = torch.optim.Adam(net.parameters(), 5e-3)
    losses = []
    for _ in range(120):
        clean, shape = toy.draw_points(256, generator)
        noise, t = torch.randn_like(clean), torch.randint(1000, (256,))
        loss = (net(add_noise(clean, noise, t), t, shape) - velocity(clean, noise, t)).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert np.mean(losses[-20:]) < 0.95 * np.mean(losses[:5])


def test_the_paired_log_begins_before_training_and_gates_have_short_names(base):
    model = add_gates(base)
    log, gates = PairedLog(model, every=0.0, count=2), GateLog(model, every=1)
    train_gates(model, GatesRecipe(steps=2, batch_size=2), callbacks=[log, gates])
    assert log.steps == [0, 1, 2] and set(log.losses) == {"true", "shuffled", "none"}
    # while the gates are shut, boxes make no difference
    assert len({values[0] for values in log.losses.values()}) == 1
    assert len({values[2] for values in log.losses.values()}) == 3
    steps, opened = gates.curves()
    assert steps == [0, 1, 2] and len(opened) == len(openness(model)) == 8
    assert all(values[0] == 0 and min(values[1:]) > 0 for values in opened.values())
    assert gate_name("unet.up_blocks.0.attentions.1.transformer_blocks.0.fuser.alpha_dense") == "up 2, feed-forward"
