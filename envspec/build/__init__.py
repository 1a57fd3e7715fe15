"""How llama-cpp-python is compiled: recipe, cache key, progress, and the reading of a failed log."""

from envspec.build.explain import explain
from envspec.build.ninja import parse_step
from envspec.build.options import LEFT_OUT_FILE, config_settings, jobs, left_out_script
from envspec.build.recipe import BuildInputs, BuildRecipe, recipe

__all__ = [
    "LEFT_OUT_FILE",
    "BuildInputs",
    "BuildRecipe",
    "config_settings",
    "explain",
    "jobs",
    "left_out_script",
    "parse_step",
    "recipe",
]
