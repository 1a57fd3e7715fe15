"""Completion scripts, written by shtab."""

from __future__ import annotations

from typing import TYPE_CHECKING

import shtab

if TYPE_CHECKING:
    import argparse


def completion_script(parser: argparse.ArgumentParser, shell: str) -> str:
    """Text that a shell reads to complete envspec's verbs, options and file names."""
    return str(shtab.complete(parser, shell)) + "\n"
