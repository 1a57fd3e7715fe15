"""Lock -> Prefix: the steps, the order that never leaves half an environment, and the activation."""

from envspec.prefix.activation import Activation, script, variables
from envspec.prefix.create import Installer, Site, create
from envspec.prefix.model import Kind, Prefix, Step
from envspec.prefix.steps import steps

__all__ = [
    "Activation",
    "Installer",
    "Kind",
    "Prefix",
    "Site",
    "Step",
    "create",
    "script",
    "steps",
    "variables",
]
