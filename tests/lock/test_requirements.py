from __future__ import annotations

import pytest

from envspec.errors import LockError
from envspec.lock import Pin
from envspec.lock.requirements import parse, render

ONE, TWO = "1" * 64, "2" * 64
UV = f"""\
# made by uv
--index-url http://127.0.0.1/simple
numpy==2.4.6 ; python_full_version < '3.12' \\
    --hash=sha256:{TWO} \\
    --hash=sha256:{ONE}
    # via
    #   llama-cpp-python
    #   the_spec (pyproject.toml)
six==1.17.0 \\
    --hash=sha256:{ONE}
    # via the-spec (pyproject.toml)
Typing_Extensions==4.16.0 \\
    --hash=sha256:{ONE}
    # via anyio, numpy
"""


def test_what_uv_writes_is_read() -> None:
    numpy, six, typing = parse(UV, "uv")
    assert numpy.hashes == (ONE, TWO)
    assert numpy.marker == 'python_full_version < "3.12"'
    assert six == Pin(name="six", version="1.17.0", hashes=(ONE,))
    assert (typing.name, typing.via) == ("typing-extensions", ("anyio", "numpy"))


def test_nothing_is_no_pins() -> None:
    assert parse("", "uv") == parse("# only a comment\n", "uv") == ()


def test_pins_survive_their_own_text_in_a_fixed_order() -> None:
    pins = parse(UV, "uv")
    text = render(reversed(pins), "# header\n")
    assert sorted(parse(text, "ours"), key=lambda pin: pin.name) == sorted(pins, key=lambda pin: pin.name)
    assert text == render(pins, "# header\n")
    assert text.startswith('# header\nnumpy==2.4.6 ; python_full_version < "3.12" \\\n    --hash=sha256:111')
    assert "    # via anyio, numpy\n" in text


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("six", "ours:1: six is not pinned"),
        ("six==1.17.0", "ours:1: six is not pinned"),
        (f"six>=1 --hash=sha256:{ONE}", "ours:1: six is not pinned"),
        ("six==1 --hash=sha256:abc", "ours:1: six is not pinned"),
        (f"# comment\n\nsix==1 --hash=sha256:{ONE}\n!!", "ours:4: "),
    ],
)
def test_a_line_without_pin_and_hash_is_refused(line: str, message: str) -> None:
    with pytest.raises(LockError, match=message):
        parse(line, "ours")
