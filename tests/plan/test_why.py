from __future__ import annotations

import pytest

from envspec import catalog
from envspec.errors import SpecError, UsageError
from envspec.host import Host
from envspec.plan import Plan, WhyNot, resolve, rule_ids, topics, why, why_not
from envspec.spec import Spec, read

CATALOG = catalog.load()
LLAMA = "llama-cpp-python: {}"
RTX_4090 = f"gpu: rtx-4090\ntorch: {{}}\n{LLAMA}"


def spec(lines: str, platforms: str = "linux-64") -> Spec:
    backend = "" if "backend:" in lines else "backend: cuda\n"
    return read(f"envspec: 1\nname: x\npython: '3.12'\nplatforms: {platforms}\n{backend}{lines}\n", "x.yaml")


def plan(lines: str) -> Plan:
    return resolve(spec(lines), None, CATALOG)


def ask(lines: str, asked: str, platforms: str = "linux-64", machine: Host | None = None) -> WhyNot:
    return why_not(spec(lines, platforms), machine, CATALOG, asked)


def test_what_can_be_asked_about() -> None:
    made = plan(f"gpu: rtx-5090\n{LLAMA}")
    assert topics(made) == (
        *("platforms", "python", "base", "backend", "gpu", "cuda", "driver", "CUDA libraries"),
        *("toolkit", "host compiler", "llama-cpp-python", "install", "cmake"),
    )
    assert all(why(made, topic).choices for topic in topics(made))


@pytest.mark.parametrize(
    ("topic", "values", "rule", "rejected"),
    [
        ("torch", ["2.15.0+cu132"], "arch/torch-wheel", "torch 2.15.0 cu130"),
        ("cuda", ["13.2"], "driver/runtime", ""),
        ("install", ["wheel cu132 (linux-64)"], "arch/llama-wheel", "llama-cpp-python wheel 0.3.36"),
        ("llama-cpp-python", ["0.3.35"], "", ""),
        ("llama", ["0.3.35"], "", ""),
        ("gpu", ["rtx-4090 (8.9)"], "gpu/backend", ""),
        ("backend", ["cuda"], "backend/platform", ""),
        ("platforms", ["linux-64"], "", ""),
    ],
)
def test_why_a_choice_was_made(topic: str, values: list[str], rule: str, rejected: str) -> None:
    found = why(plan(RTX_4090), topic)
    assert [choice.value for choice in found.choices] == values
    assert rule in found.rules or not rule
    told = [one.candidate for one in found.rejections]
    assert any(candidate.startswith(rejected) for candidate in told) or not rejected


@pytest.mark.parametrize(
    ("lines", "topic", "begins"),
    [
        ("cuda: '12.6'", "cuda", "cuda 11.8 .. 13.4 (14)"),
        (f"gpu: rtx-5090\nbase: conda\n{LLAMA}", "toolkit", "toolkit 12.6.0 .. 12.6.3 (4)"),
        ("cuda: '12.9'\nbase: conda\nllama-cpp-python: {install: source}", "toolkit", "toolkit 12.9.2 conda-label"),
        (
            "cuda: '11.8'\nbase: conda\ngpu: h100\nllama-cpp-python: {}",
            "install",
            "llama-cpp-python source 0.3.24 .. 0.3.36",
        ),
    ],
)
def test_the_rejections_of_a_topic(lines: str, topic: str, begins: str) -> None:
    found = why(plan(lines), topic)
    subjects = {"cuda": {"cuda"}, "toolkit": {"toolkit"}, "install": {"llama-cpp-python"}}[topic]
    assert {one.candidate.split()[0] for one in found.rejections} <= subjects
    assert any(one.candidate.startswith(begins) for one in found.rejections)


@pytest.mark.parametrize(
    ("topic", "names"),
    [
        ("-D", None),
        ("cmake", None),
        ("-DGGML_CUDA", ["-DGGML_CUDA"]),
        ("-DCMAKE_CUDA_ARCHITECTURES", ["-DCMAKE_CUDA_ARCHITECTURES"]),
    ],
)
def test_why_an_option_is_given(topic: str, names: list[str] | None) -> None:
    made = plan(f"gpu: rtx-5090\n{LLAMA}")
    every = [choice.topic for choice in made.choices if choice.topic.startswith("-D")]
    assert [choice.topic for choice in why(made, topic).choices] == (names or every)


@pytest.mark.parametrize("topic", ["weather", "", "GGML", "torch"])
def test_a_topic_that_the_plan_does_not_have(topic: str) -> None:
    with pytest.raises(UsageError, match="decides nothing about") as caught:
        why(plan(f"gpu: rtx-5090\n{LLAMA}"), topic)
    assert (caught.value.hint or "").startswith("it decides platforms, python, base, backend, gpu, cuda")


def test_rules_of_topics() -> None:
    assert rule_ids("torch")[:2] == ("cuda/requested", "driver/runtime")
    assert rule_ids("install").count("llama/install") == 1
    assert rule_ids("weather") == ()


@pytest.mark.parametrize(
    ("lines", "asked", "preferred"),
    [
        (RTX_4090, "torch==2.8", "a newer torch is preferred: 2.15.0 before 2.8.0"),
        (RTX_4090, "torch<2.8", "a newer torch is preferred: 2.15.0 before 2.7.1"),
        (RTX_4090, "  torch  =  2.8  ", "a newer torch is preferred: 2.15.0 before 2.8.0"),
        (RTX_4090, "cuda=12.6", "a newer torch is preferred: 2.15.0 before 2.14.1"),
        (RTX_4090, "install=source", "a prebuilt wheel is preferred to compiling"),
        (RTX_4090, "llama==0.3.36", "a prebuilt wheel is preferred to compiling"),
        (RTX_4090, "llama_cpp_python<0.3.35", "a newer llama-cpp-python is preferred: 0.3.35 before 0.3.34"),
        (f"gpu: rtx-4090\n{LLAMA}", "cuda=12.6", "the oldest CUDA that serves is preferred"),
        (f"gpu: rtx-5090\n{LLAMA}", "install=wheel", "machine code for every GPU is preferred to PTX"),
        (f"backend: cpu\n{LLAMA}", "install=wheel", "compiling for this CPU is preferred"),
        (f"backend: cpu\n{LLAMA}", "llama==0.3.16", "a newer llama-cpp-python is preferred: 0.3.36 before 0.3.16"),
        (RTX_4090, "cuda=13.2", "the plan already is so, or just as good"),
        (RTX_4090, "python=3.12", "the plan already is so, or just as good"),
        ("cuda: '13.0'\nllama-cpp-python: {install: source}", "toolkit=pypi", "the plan already is so"),
        ("gpu: rtx-4090\ntorch: ==2.8.0", "torch==2.11", "the spec says otherwise: its line `torch:`"),
        ("gpu: rtx-4090", "torch==2.11", "the spec says otherwise: its line `torch:`"),
        ("torch: ==2.14.1\ncuda: '13.0'", "cuda=12.6", "the spec says otherwise: its line `cuda:`"),
        ("cuda: '13.0'\nllama-cpp-python: {install: source}", "install=wheel", "its line `install:`"),
        ("backend: cpu\nllama-cpp-python: ==0.3.16", "llama>=0.3", "its line `llama-cpp-python:`"),
        (RTX_4090, "gpu=rtx-3090,rtx-4090", "its line `gpu:`"),
        (RTX_4090, "platforms=linux-64,win-64", "its line `platforms:`"),
        (RTX_4090, "python=3.13", "its line `python:`"),
        (RTX_4090, "base=conda", "its line `base:`"),
    ],
)
def test_why_not_what_would_be_possible(lines: str, asked: str, preferred: str) -> None:
    found = ask(lines, asked)
    assert found.instead is not None
    assert preferred in (found.preferred or "")
    assert (found.lines, found.reasons, found.asked) == ((), (), asked)


def test_why_not_a_torch_that_nobody_has_seen() -> None:
    found = ask(RTX_4090, "torch==2.15", "win-64")
    assert found.instead is not None
    assert found.instead.torch is not None
    assert found.instead.torch.version == "2.15.0"
    assert found.preferred == "a torch that was seen on the index is preferred"


@pytest.mark.parametrize(
    ("lines", "asked", "in_conflict", "rule"),
    [
        ("gpu: rtx-5090\ntorch: {}", "cuda=12.6", "cuda gpu torch", "arch/torch-wheel"),
        (RTX_4090, "torch==3", "torch", "torch/requested"),
        ("torch: '>=2.6'", "python=3.8", "python torch", "python/torch"),
        (RTX_4090, "backend=rocm", "backend gpu", "gpu/backend"),
        ("gpu: rtx-5090\ntorch: {}", "torch~=2.5.0", "gpu torch", "arch/torch-wheel"),
    ],
)
def test_why_not_what_is_impossible(lines: str, asked: str, in_conflict: str, rule: str) -> None:
    found = ask(lines, asked)
    assert (found.instead, found.preferred) == (None, None)
    names = {name for name, _ in found.lines}
    assert names <= set(in_conflict.split())
    assert asked.partition("=")[0].strip("~") in names
    assert rule in {reason.rule for reason in found.reasons}


def test_the_machine_counts() -> None:
    machine = Host.model_validate(
        {
            "platform": "linux-64",
            "cpu": "zen3",
            "libc": "",
            "cores": 8,
            "memory": 1 << 34,
            "driver": {"version": "535.54.03"},
        }
    )
    assert ask(RTX_4090, "cuda=13.0").instead is not None
    found = ask(RTX_4090, "cuda=13.0", machine=machine)
    assert [name for name, _ in found.lines] == ["driver", "cuda"]


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("torch", "is no demand"),
        ("", "is no demand"),
        ("==2.8", "is no demand"),
        ("torch==", "is not a version or range"),
        ("cuda>=12.1", "is not a CUDA version"),
        ("torch==new", "is not a version or range"),
        ("install=binary", "Input should be 'auto', 'source' or 'wheel'"),
        ("weather=fine", "Extra inputs are not permitted"),
        ("python<3.13", "has no lower bound"),
    ],
)
def test_what_is_no_demand(asked: str, message: str) -> None:
    with pytest.raises(UsageError, match="--why-not") as caught:
        ask(RTX_4090, asked)
    assert message in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    ("asked", "message"), [("gpu=rtx-4091", "is no GPU of the catalog"), ("cuda=12.7", "no CUDA toolkit 12.7")]
)
def test_what_does_not_exist(asked: str, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        ask(RTX_4090, asked)


def test_the_other_lines_of_the_spec_stay() -> None:
    lines = (
        "base: conda\ngpu: rtx-4090\ntorch: {version: '>=2.6', packages: torchvision}\npip: [six]\nenv: {A: b}\n"
        "llama-cpp-python: {version: '>=0.3', extras: server, cmake: {GGML_CUDA_FA: false}}"
    )
    found = ask(lines, "install=source")
    assert found.instead is not None
    assert found.instead.requirements == ("llama-cpp-python[server]==0.3.36", "six")
    assert found.instead.torch is not None
    assert dict(found.instead.torch.packages).keys() == {"torch", "torchvision"}
    assert found.instead.build is not None
    assert ("GGML_CUDA_FA", "OFF") in [(option.name, option.value) for option in found.instead.build.cmake]
    found = ask(lines, "torch==2.6")
    assert found.instead is not None
    assert found.instead.torch is not None
    assert dict(found.instead.torch.packages)["torchvision"] == "0.21.0"
