"""The stages wired to the real tools: the public API, and what the command line and nox call."""

from envspec.pipeline.beginning import Begun, Order, init
from envspec.pipeline.facts import Compared, catalog, compare_catalog
from envspec.pipeline.health import Diagnosis, doctor, save_host
from envspec.pipeline.planning import Explanation, cells, cmake_args, explain, plan, why, why_not
from envspec.pipeline.stages import (
    Cached,
    Created,
    Locked,
    cache_dir,
    cached,
    completion,
    create,
    lock,
    prune,
    remove,
    run,
    schema,
    shell_hook,
    stale,
    steps,
    verify,
)

__all__ = [
    "Begun",
    "Cached",
    "Compared",
    "Created",
    "Diagnosis",
    "Explanation",
    "Locked",
    "Order",
    "cache_dir",
    "cached",
    "catalog",
    "cells",
    "cmake_args",
    "compare_catalog",
    "completion",
    "create",
    "doctor",
    "explain",
    "init",
    "lock",
    "plan",
    "prune",
    "remove",
    "run",
    "save_host",
    "schema",
    "shell_hook",
    "stale",
    "steps",
    "verify",
    "why",
    "why_not",
]
