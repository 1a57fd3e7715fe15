"""Activation of a prefix: the variables, and the text that sets them in each shell."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from envspec.frozen import Frozen
from envspec.shells import Shell, cmd_quote, fish_quote, posix_quote, powershell_quote

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import PurePath


class Activation(Frozen):
    """What an active environment changes."""

    path: tuple[str, ...]
    """Folders that come first on PATH."""
    variables: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, prefix: PurePath, environment: tuple[tuple[str, str], ...], *, windows: bool) -> Activation:
        """Activation of a prefix with the variables of its spec."""
        given = {"VIRTUAL_ENV": str(prefix), "VIRTUAL_ENV_PROMPT": prefix.name}
        return cls(
            path=(str(prefix / ("Scripts" if windows else "bin")),),
            variables=tuple({**given, **dict(environment)}.items()),
        )


def variables(activation: Activation, inherited: Mapping[str, str]) -> dict[str, str]:
    """Environment of a process inside: `inherited` with the activation applied."""
    outside = [entry for entry in inherited.get("PATH", os.defpath).split(os.pathsep) if entry]
    inside = {name: value for name, value in inherited.items() if name != "PYTHONHOME"}
    return {**inside, **dict(activation.variables), "PATH": os.pathsep.join((*activation.path, *outside))}


def script(activation: Activation, shell: Shell) -> str:
    """Text that a shell evaluates to enter the environment; `envspec_deactivate` leaves it again, except in cmd."""
    return _WRITERS[shell](activation)


def _posix(activation: Activation) -> str:
    names = ["PATH", "PYTHONHOME", *(name for name, _ in activation.variables)]
    quoted = {name: posix_quote(value) for name, value in activation.variables}
    first = ":".join(posix_quote(entry) for entry in activation.path)
    return "".join(
        (
            'if [ -n "${_ENVSPEC_ACTIVE:-}" ]; then envspec_deactivate; fi\n',
            *(f'_ENVSPEC_OLD_{name}="${{{name}-}}"; _ENVSPEC_HAD_{name}="${{{name}+x}}"\n' for name in names),
            f'export PATH={first}:"$PATH"\n',
            "unset PYTHONHOME\n",
            *(f"export {name}={value}\n" for name, value in quoted.items()),
            "_ENVSPEC_ACTIVE=1\n",
            "envspec_deactivate() {\n",
            *(
                f'  if [ -n "$_ENVSPEC_HAD_{name}" ]; then export {name}="$_ENVSPEC_OLD_{name}"; '
                f"else unset {name}; fi; unset _ENVSPEC_OLD_{name} _ENVSPEC_HAD_{name}\n"
                for name in names
            ),
            "  unset _ENVSPEC_ACTIVE; unset -f envspec_deactivate; hash -r 2>/dev/null || true\n}\n",
            "hash -r 2>/dev/null || true\n",
        )
    )


def _fish(activation: Activation) -> str:
    names = ["PATH", "PYTHONHOME", *(name for name, _ in activation.variables)]
    return "".join(
        (
            "functions -q envspec_deactivate; and envspec_deactivate\n",
            *(f"set -q {name}; and set -g _envspec_old_{name} ${name}\n" for name in names),
            f"set -gx PATH {' '.join(map(fish_quote, activation.path))} $PATH\n",
            "set -e PYTHONHOME\n",
            *(f"set -gx {name} {fish_quote(value)}\n" for name, value in activation.variables),
            "function envspec_deactivate\n",
            *(
                f"  if set -q _envspec_old_{name}; set -gx {name} $_envspec_old_{name}; "
                f"set -e _envspec_old_{name}; else; set -e {name}; end\n"
                for name in names
            ),
            "  functions -e envspec_deactivate\nend\n",
        )
    )


def _powershell(activation: Activation) -> str:
    names = ["PATH", "PYTHONHOME", *(name for name, _ in activation.variables)]
    first = "+ [IO.Path]::PathSeparator + ".join(f"{powershell_quote(entry)} " for entry in activation.path)
    return "".join(
        (
            "if (Test-Path function:envspec_deactivate) { envspec_deactivate }\n",
            "$global:_envspec_old = @{}\n",
            *(f"$global:_envspec_old['{name}'] = $env:{name}\n" for name in names),
            f"$env:PATH = {first}+ [IO.Path]::PathSeparator + $env:PATH\n",
            "Remove-Item Env:PYTHONHOME -ErrorAction SilentlyContinue\n",
            *(f"$env:{name} = {powershell_quote(value)}\n" for name, value in activation.variables),
            "function global:envspec_deactivate {\n",
            "  foreach ($name in $global:_envspec_old.Keys) {\n",
            "    [Environment]::SetEnvironmentVariable($name, $global:_envspec_old[$name])\n  }\n",
            "  Remove-Item function:envspec_deactivate\n}\n",
        )
    )


def _cmd(activation: Activation) -> str:
    return "".join(
        (
            f'@set "PATH={";".join(map(cmd_quote, activation.path))};%PATH%"\r\n',
            '@set "PYTHONHOME="\r\n',
            *(f'@set "{name}={cmd_quote(value)}"\r\n' for name, value in activation.variables),
        )
    )


_WRITERS: dict[Shell, Callable[[Activation], str]] = {
    Shell.BASH: _posix,
    Shell.CMD: _cmd,
    Shell.FISH: _fish,
    Shell.POWERSHELL: _powershell,
    Shell.ZSH: _posix,
}
