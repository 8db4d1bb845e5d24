"""IPython as a notebook's kernel has it, with nobody in front of it: what works in a notebook works here."""

import ast
import bdb
import pdb
from types import TracebackType

from IPython.core.interactiveshell import ExecutionResult, InteractiveShell
from traitlets.config import Config


class Kernel(InteractiveShell):
    """Runs cells with magics, shell commands and `await`; windows, `exit()` and questions are no obstacle.

    An answer is judged by itself. So the statements after one that failed still run, as it may have asked for what only the
    student's computer has: a package, a file, a drive. What failed stands in `problems`.
    """

    problems: tuple[str, ...] = ()  # names of exceptions

    def run_cell(self, raw_cell: str, *arguments, **options) -> ExecutionResult:
        """Run a cell, going on behind each statement that fails; an interruption and a syntax error end it."""
        while True:
            result = super().run_cell(raw_cell, *arguments, **options)
            error = result.error_before_exec or result.error_in_exec
            if error is None:
                return result
            self.problems += (type(error).__name__,)
            raw_cell = "" if isinstance(error, KeyboardInterrupt) else self.after(error, raw_cell)
            if not raw_cell:
                return result

    def after(self, error: BaseException, raw_cell: str) -> str:
        """The statements behind the one that raised, at the lines they had; "" if there are none."""
        line = self.line_of(error.__traceback__)
        if not line:
            return ""
        source = self.transform_cell(raw_cell)
        starts = [min([one.lineno, *(d.lineno for d in decorators(one))]) for one in ast.parse(source).body]
        rest = next((start for start in starts if start > line), None)
        return "#\n" * (rest - 1) + "\n".join(source.split("\n")[rest - 1 :]) if rest else ""

    def line_of(self, frames: TracebackType | None) -> int:
        """The line of the cell in which the error arose; 0 if it did not get so far."""
        while frames:
            code = frames.tb_frame.f_code
            if code.co_name == "<module>" and frames.tb_frame.f_globals is self.user_ns:
                return frames.tb_lineno
            frames = frames.tb_next
        return 0

    def run_cell_magic(self, magic_name: str, line: str, cell: str):
        """Cells under %%time, or under a magic that isn't installed here, run as they are."""
        if magic_name == "time" or self.find_cell_magic(magic_name) is None:
            return self.run_cell(cell).result
        return super().run_cell_magic(magic_name, line, cell)

    def enable_gui(self, gui: str | None = None) -> None:
        """No window opens where nobody looks."""

    def enable_matplotlib(self, gui: str | None = None):
        """Figures go inline, whichever window or widget `%matplotlib` and `%pylab` ask for."""
        return super().enable_matplotlib("inline")

    def ask_exit(self) -> None:
        """`exit` and `quit` end a kernel after the cell; here the next cells still count."""


def decorators(statement: ast.stmt) -> list[ast.expr]:
    """What stands above a function or a class."""
    return getattr(statement, "decorator_list", [])


def new_kernel() -> Kernel:
    """The one of this process, without a history on disk; a debugger, which nobody would leave, does not stop."""
    bdb.Bdb.set_trace = pdb.Pdb.set_trace = lambda *_, **__: None
    return Kernel.instance(config=Config({"HistoryManager": {"enabled": False}}))
