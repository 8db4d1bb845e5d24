"""Multimodal from Scratch: the course's helper package. Importing it is quick and brings in no other package."""

from course_lib import torchvision_shim

__version__ = "0.1.0"

torchvision_shim.install()
