"""Multimodal from Scratch: the course's helper package. Importing it is quick and brings in no other package."""

import sys
import warnings

if sys.version_info < (3, 10):  # noqa: UP036  (older ones get this far, and could not read what follows)
    sys.exit(
        "This course needs Python 3.10 or newer, and this is Python {}.{}. "
        "Install a newer one from https://www.python.org/downloads/ and start again with it.".format(*sys.version_info)
    )

from course_lib.common import torchvision_shim

__version__ = "0.1.0"

torchvision_shim.install()
# peft asks transformers in a way that is on its way out: a red box in Lesson 07, about nothing that a learner could mend
warnings.filterwarnings("ignore", ".is_gradient_checkpointing. is deprecated", FutureWarning)
