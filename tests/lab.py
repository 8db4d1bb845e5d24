"""JupyterLab in a headless Chromium: start the course as a learner does, open a notebook, run it, read the page."""

import ast
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest

from course_lib.session import REPO

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SWITCHES = (
    "--no-sandbox",  # containers run as root, and it opens no page but ours
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-sync",
    "--no-proxy-server",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # what a page asks of others is recorded, and fails
)
PATIENCE = 600_000  # milliseconds for whatever is waited for: the computer may be busy with other tests
QUIET = 2_000  # milliseconds for which a kernel must be idle: a new one is idle, then busy with its start, then idle
CLICKS = 20

READY = """quiet => {
    const idle = document.querySelector('.jp-Notebook-ExecutionIndicator')?.dataset.status === 'idle';
    window.idleSince = idle ? window.idleSince ?? Date.now() : undefined;
    return idle && Date.now() - window.idleSince > quiet;
}"""
PROMPTS = (
    "[...document.querySelectorAll('.jp-Notebook .jp-CodeCell .jp-InputPrompt:not(.jp-Placeholder-prompt)')]"
    ".map(prompt => prompt.textContent)"
)
ERRORS = "[...document.querySelectorAll('[data-mime-type=\"application/vnd.jupyter.error\"]')].map(e => e.innerText)"
# The set-up cell is collapsed: a placeholder stands for it, with a prompt that stays empty.
STARTED = f"() => {PROMPTS}.some(prompt => /\\[[*\\d]+\\]/.test(prompt))"
ENDED = f"""cells => {ERRORS}.length > 0
    || document.querySelectorAll('.jp-Notebook .jp-CodeCell').length === cells && {PROMPTS}.every(prompt => /\\[\\d+\\]/.test(prompt))"""


def find_chromium() -> str | None:
    """The path of a Chromium, if there is one."""
    return next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)


MARKS = [  # of every test that opens a page
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(find_chromium() is None, reason="there is no Chromium; Debian's package: chromium"),
]
KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}


def one_cell(code: str) -> nbformat.NotebookNode:
    """A notebook of this cell."""
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code.strip())], metadata=KERNEL)


def copy_course(target: Path) -> Path:
    """What a learner needs of the course, in another folder: JupyterLab saves what it opens."""
    for name in ("course_lib", "data", "notebooks", "solutions"):
        shutil.copytree(REPO / name, target / name, ignore=shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints"))
    return target


def keep_all_cells_in_the_page(home: Path) -> None:
    """Else JupyterLab takes those out of sight out of the page."""
    folder = home / "jupyter" / "lab" / "user-settings" / "@jupyterlab" / "notebook-extension"
    folder.mkdir(parents=True)
    (folder / "tracker.jupyterlab-settings").write_text('{"windowingMode": "none"}', encoding="utf-8")


@dataclass(frozen=True)
class Served:
    """A copy of the course, and the JupyterLab that all browser tests share: its first page's address, with the token."""

    course: Path
    address: str

    def put(self, name: str, notebook: nbformat.NotebookNode) -> str:
        """Save a notebook there; its address, in a workspace of its own, else JupyterLab opens last time's notebooks, too."""
        nbformat.write(notebook, self.course / "notebooks" / name)
        elsewhere = self.address.replace("/lab/", f"/lab/workspaces/{name.split('.')[0]}/")
        return elsewhere.replace("00_welcome.ipynb", name)

    def end_kernels(self) -> None:
        """Their memory is wanted by the tests that follow."""
        site, token = self.address.split("/lab/")[0], self.address.split("token=")[1]
        for kernel in json.load(self._ask(f"{site}/api/kernels", token)):
            self._ask(f"{site}/api/kernels/{kernel['id']}", token, "DELETE").close()

    @staticmethod
    def _ask(url: str, token: str, method: str = "GET"):
        request = urllib.request.Request(url, method=method, headers={"Authorization": f"token {token}"})
        return urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=600)


@contextmanager
def started(course: Path, home: Path) -> Iterator[str]:
    """`python -m course_lib start --no-browser` in that folder: gives the address that it prints, and ends it afterwards."""
    surroundings = {k: v for k, v in os.environ.items() if k not in ("CI", "COURSE_QUICK", "PYTHONPATH")}
    surroundings |= {"COURSE_NO_VENV": "1", "COURSE_HOME": str(home)}
    command = [sys.executable, "-m", "course_lib", "start", "--no-browser", "--port", str(free_port())]
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "encoding": "utf-8"}
    process = subprocess.Popen(command, cwd=course, env=surroundings, **options)
    try:
        yield printed_address(process)
    finally:
        process.terminate()
        try:
            process.wait(120)
        except subprocess.TimeoutExpired:
            process.kill()


def printed_address(process: subprocess.Popen) -> str:
    """The first address that it prints. Need not look at a clock: `start` gives up when JupyterLab stays silent."""
    said = []
    for line in process.stdout:
        said.append(line)
        if address := re.search(r"http://\S+", line):
            return address[0]
    raise AssertionError("`start` printed no address:\n" + "".join(said))


def free_port() -> int:
    """A port that nobody uses at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def new_page(browser, **options):
    """A page that waits with our patience; Playwright's own is half a minute."""
    page = browser.new_page(**options)
    page.set_default_timeout(PATIENCE)
    return page


def run_all(page, cells: int) -> None:
    """Run > Run All Cells in the open notebook, which has so many code cells; returns at its end or first error."""
    from playwright.sync_api import TimeoutError

    for _ in range(CLICKS):  # one that comes before the kernel is connected does nothing
        page.wait_for_function(READY, arg=QUIET, timeout=PATIENCE)
        page.locator("#jp-MainMenu .lm-MenuBar-item", has_text=re.compile("^Run$")).click()
        page.locator(".lm-Menu-item", has_text=re.compile("^Run All Cells")).click()
        try:
            page.wait_for_function(STARTED, timeout=30_000)
            break
        except TimeoutError:
            page.keyboard.press("Escape")  # a menu that stayed open
    try:
        page.wait_for_function(ENDED, arg=cells, timeout=PATIENCE)
    except TimeoutError:
        raise AssertionError(f"{cells} cells should run, and stand at {page.evaluate(PROMPTS)}") from None


def errors(page) -> list[str]:
    """The tracebacks in the page."""
    return page.evaluate(ERRORS)


def code_cells(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def only_for(lesson: str, widget: str) -> nbformat.NotebookNode:
    """Of a lesson the set-up, the first cell that contains `widget`, and the cells that define what that one needs."""
    notebook = nbformat.read(REPO / "notebooks" / f"{lesson}.ipynb", 4)
    cells = code_cells(notebook)
    last = next(number for number, cell in enumerate(cells) if widget in cell.source)
    chosen, needed = [cells[last]], {"session"} | names(cells[last].source)[1]
    for cell in reversed(cells[:last]):
        defined, used = names(cell.source)
        if defined & needed:
            chosen.insert(0, cell)
            needed = needed - defined | used
    return nbformat.v4.new_notebook(cells=chosen, metadata=notebook.metadata)


def names(source: str) -> tuple[set[str], set[str]]:
    """The names that a cell defines (roughly: those inside its functions count, too), and those that it uses."""
    nodes = list(ast.walk(ast.parse(source)))
    aliases = [alias for node in nodes if isinstance(node, (ast.Import, ast.ImportFrom)) for alias in node.names]
    defined = {alias.asname or alias.name for alias in aliases}
    defined |= {node.name for node in nodes if isinstance(node, ast.FunctionDef)}
    variables = [node for node in nodes if isinstance(node, ast.Name)]
    defined |= {node.id for node in variables if isinstance(node.ctx, ast.Store)}
    return defined, {node.id for node in variables if isinstance(node.ctx, ast.Load)}
