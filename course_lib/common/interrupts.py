"""Stopping long work politely."""

import signal
import threading
from contextlib import contextmanager


@contextmanager
def stop_request():
    """Ctrl-C, or the notebook's ■ button, asks to stop after the current step, instead of tearing the step apart.

    Yields an Event that is set by the first request; a second one interrupts at once.
    """
    event = threading.Event()
    if threading.current_thread() is not threading.main_thread():  # only the main thread may handle signals
        yield event
        return
    usual = signal.getsignal(signal.SIGINT)

    def ask(number, frame) -> None:
        event.set()
        signal.signal(signal.SIGINT, usual)

    signal.signal(signal.SIGINT, ask)
    try:
        yield event
    finally:
        signal.signal(signal.SIGINT, usual)
