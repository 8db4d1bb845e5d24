"""What works in a notebook works in the grader's shell: no habit of notebooks ends a cell before its answer."""

import json
import os
import subprocess
import sys
import time

import psutil
import pytest

from course_lib.classroom import process
from course_lib.classroom.runner import Limit
from course_lib.session import REPO

HABITS = {  # name: what stands above an answer, and what the note says of it ("" for nothing)
    "inline": ("%matplotlib inline", ""),
    "notebook": ("%matplotlib notebook", ""),
    "widget": ("%matplotlib widget", ""),
    "ipympl": ("%matplotlib ipympl", ""),
    "qt": ("%matplotlib qt", ""),
    "tk": ("%matplotlib tk", ""),
    "nothing named": ("%matplotlib", ""),
    "pylab": ("%pylab", ""),
    "pylab inline": ("%pylab inline", ""),
    "gui": ("%gui qt", ""),
    "by hand": ("get_ipython().run_line_magic('matplotlib', 'notebook')", ""),
    "exit": ("exit()", ""),
    "quit": ("quit()", ""),
    "exit, not called": ("exit", ""),
    "autoreload": ("%load_ext autoreload\n%autoreload 2", ""),
    "config": ("%config InlineBackend.figure_format = 'retina'", ""),
    "time": ("%time x = 1", ""),
    "timeit": ("%timeit -n 1 -r 1 1 + 1", ""),
    "cell time": ("%%time", ""),
    "cell capture": ("%%capture said", ""),
    "cell capture, then one that fails": ("%%capture\nimport no_such_package", "ModuleNotFoundError"),
    "cell magic of an extension": ("%%memit", ""),
    "pip": ("%pip --version", ""),
    "shell": ("!echo hello", ""),
    "shell, failing": ("!false", ""),
    "shell into a name": ("files = !ls", ""),
    "help": ("print?", ""),
    "source": ("print??", ""),
    "await": ("import asyncio\nawait asyncio.sleep(0)", ""),
    "input": ("name = input('Your name? ')", ""),
    "password": ("import getpass\ntoken = getpass.getpass()", ""),
    "breakpoint": ("breakpoint()", ""),
    "set_trace": ("import pdb; pdb.set_trace()", ""),
    "debug": ("%debug", ""),
    "show": ("import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()", ""),
    "display": ("from IPython.display import HTML, clear_output\ndisplay(HTML('<b>x</b>'))\nclear_output()", ""),
    "widget shown": ("import ipywidgets\ndisplay(ipywidgets.IntSlider())\nipywidgets.interact(lambda x: x, x=3)", ""),
    "progress bar": ("from tqdm.auto import tqdm\nfor _ in tqdm(range(3)): pass", ""),
    "who": ("%who\n%whos\n%lsmagic", ""),
    "cd": ("%cd ..", ""),
    "env": ("%env A=1", ""),
    "main": ("if __name__ == '__main__':\n    x = 1", ""),
    "an extension that isn't here": ("%load_ext no_such_extension", "ModuleNotFoundError"),
    "a magic that isn't here": ("%no_such_magic on", "UsageError"),
    "a notebook's own magic": ("%autosave 30", "UsageError"),
    "Colab": ("from google.colab import drive\ndrive.mount('/content/drive')", "ModuleNotFoundError, NameError"),
    "a file of the student's": ("%run my_helpers.py\nopen('my_data.txt')", None),
    "sys.exit": ("import sys\nsys.exit()", "SystemExit"),
    "raise SystemExit": ("raise SystemExit", "SystemExit"),
    "a window": ("import matplotlib\nmatplotlib.use('TkAgg')", None),
}
ANSWER = "\n@keep\ndef answer(x):\n    return x + 1\n"
RUN = """\
import json, sys
from course_lib.classroom import runner
from course_lib.classroom.kernel import new_kernel
kernel, results = new_kernel(), {}
kernel.user_ns["keep"] = lambda function: kept.append(function) or function
for name, head in json.load(open(sys.argv[1])).items():
    kept = []
    problem = runner.run(kernel, head, runner.Limit(10**6, 10**6))
    results[name] = [[function(1) for function in kept], problem, sum(f.__code__.co_firstlineno for f in kept)]
json.dump(results, open(sys.argv[2], "w"))
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """All habits in one process, one after the other: name → [what the answers gave, what failed]."""
    folder = tmp_path_factory.mktemp("kernel")
    (folder / "heads.json").write_text(json.dumps({name: head + ANSWER for name, (head, _) in HABITS.items()}))
    (folder / "answers.txt").write_text("\n" * 1000)
    variables = {**os.environ, "PYTHONPATH": str(REPO), "MPLBACKEND": "Agg", "IPYTHONDIR": str(folder)}
    command = [sys.executable, "-c", RUN, str(folder / "heads.json"), str(folder / "results.json")]
    with open(folder / "answers.txt") as answers:
        done = subprocess.run(
            command, cwd=folder, env=variables, stdin=answers, capture_output=True, text=True, start_new_session=True
        )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads((folder / "results.json").read_text())


@pytest.mark.parametrize("name", HABITS)
def test_no_habit_of_notebooks_keeps_an_answer_from_being_judged(results, name):
    values, problem, _ = results[name]
    note = HABITS[name][1]
    assert values == [2], (values, problem)
    assert note is None or problem == note


def test_an_answer_behind_a_failed_line_keeps_its_line(results):
    assert results["an extension that isn't here"][2] == results["nothing named"][2] == 2


def spin():
    while True:
        pass


def test_work_is_limited_in_processor_time():
    limit = Limit(0.3, 10**6)
    limit.run(spin)
    assert limit.reason == "stopped after 0.3 seconds of work" and not limit.waited


def test_the_processor_time_of_children_counts():
    limit = Limit(0.3, 10**6)
    limit.run(subprocess.run, [sys.executable, "-c", "while True: pass"])
    assert limit.reason == "stopped after 0.3 seconds of work"


def test_a_long_sleep_is_interrupted_and_said_to_have_waited():
    limit = Limit(10**6, 2)
    limit.run(time.sleep, 10**6)
    assert limit.reason == "stopped after 2 seconds of waiting" and limit.waited


def test_what_is_quick_is_not_stopped():
    limit, done = Limit(10**6, 10**6), []
    limit.run(done.append, 1)
    assert done == [1] and not limit.reason


def test_who_catches_the_interruption_once_is_interrupted_again():
    caught = []

    def stubborn():
        for _ in range(2):
            try:
                spin()
            except KeyboardInterrupt:
                caught.append(1)
        spin()

    limit = Limit(0.2, 10**6)
    limit.run(stubborn)
    assert len(caught) == 2 and limit.reason


def test_the_packages_are_the_teachers(tmp_path):
    (tmp_path / "pip.ini").write_text(process.PIP)
    variables = {**os.environ, "PIP_CONFIG_FILE": str(tmp_path / "pip.ini")}

    def pip(*words):
        return subprocess.run([sys.executable, "-m", "pip", *words], env=variables, capture_output=True, text=True)

    refused = pip("uninstall", "-y", "no-such-package")
    assert refused.returncode and "nothing-is-uninstalled-while-submissions-are-graded" in refused.stderr
    assert "install.dry-run='true'" in pip("config", "list").stdout


@pytest.mark.skipif(os.name != "posix", reason="Windows keeps the parent's number")
def test_a_submission_ends_with_its_grader(tmp_path):
    cell = f"from course_lib.classroom.runner import Limit; import os, time; open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid())); Limit(10, 10).run(time.sleep, 600)"
    grader = f"import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', {cell!r}]); time.sleep(600)"
    process = subprocess.Popen([sys.executable, "-c", grader], env={**os.environ, "PYTHONPATH": str(REPO)})
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
        time.sleep(0.05)
    submission = psutil.Process(int((tmp_path / "pid").read_text()))
    time.sleep(1)
    process.kill()
    process.wait()
    psutil.wait_procs([submission], timeout=300)
    assert not submission.is_running() or submission.status() == psutil.STATUS_ZOMBIE
