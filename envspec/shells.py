"""Shells, and how a value is written in each."""

from __future__ import annotations

from enum import StrEnum

from envspec.errors import UsageError


class Shell(StrEnum):
    """A shell that envspec writes text for."""

    BASH = "bash"
    CMD = "cmd"
    FISH = "fish"
    POWERSHELL = "powershell"
    ZSH = "zsh"


def assignment(name: str, value: str, shell: Shell) -> str:
    """One line that sets an environment variable for the programs that the shell starts."""
    if shell is Shell.FISH:
        return f"set -gx {name} {fish_quote(value)}\n"
    if shell is Shell.POWERSHELL:
        return f"$env:{name} = {powershell_quote(value)}\n"
    if shell is Shell.CMD:
        return f'set "{name}={cmd_quote(value)}"\r\n'
    return f"export {name}={posix_quote(value)}\n"


def posix_quote(text: str) -> str:
    """Quote for bash, zsh and every POSIX shell."""
    return "'" + text.replace("'", "'\"'\"'") + "'"


def fish_quote(text: str) -> str:
    """Quote for fish, where a backslash counts inside quotes too."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def powershell_quote(text: str) -> str:
    """Quote for PowerShell, which takes typographic quotes for the straight one.

    Source: https://learn.microsoft.com/powershell/module/microsoft.powershell.core/about/about_quoting_rules
    """
    for quote in "'\u2018\u2019\u201a\u201b":
        text = text.replace(quote, quote * 2)
    return f"'{text}'"


def cmd_quote(text: str) -> str:
    """Quote for a batch file, which has no way to write a double quote or a line end.

    Raises:
        UsageError: the text has a double quote.

    """
    if '"' in text:
        message = f"cmd cannot be told a value with a double quote: {text}"
        raise UsageError(message, hint="use PowerShell, or change the value under `env`")
    return text.replace("%", "%%").replace("\r", " ").replace("\n", " ")
