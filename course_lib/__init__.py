"""Multimodal from Scratch: the course's helper package. Importing it is quick and brings in no other package."""

import sys

if sys.version_info < (3, 10):  # before anything that an older Python can't read
    sys.exit(
        "This course needs Python 3.10 or newer, and this is Python %d.%d. "
        "Install a newer one from https://www.python.org/downloads/ and start again with it." % sys.version_info[:2]
    )

from course_lib import torchvision_shim

__version__ = "0.1.0"

torchvision_shim.install()
