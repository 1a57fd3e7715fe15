"""The resolver against a second one, slow and simple: it chooses the best that breaks no rule, or there is nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from packaging.version import Version

from envspec import catalog
from envspec.errors import EnvspecError, SpecError
from envspec.gpu import CudaVersion
from envspec.host import Host
from envspec.plan import resolve
from envspec.spec import Spec, ToolkitSource
from tests.plan.oracle import Pick, best, preference, violations

if TYPE_CHECKING:
    from envspec.plan import Plan, ToolkitPlan

CATALOG = catalog.load()
SLOW = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
FAST = settings(deadline=None, max_examples=250, suppress_health_check=[HealthCheck.too_slow], derandomize=True)

NAMED = "gtx-970 gtx-1080-ti v100 rtx-2080 a100 8.6 rtx-4090 8.9+ptx h100 b200 12.0 12.1 8.7 gb10 native"
GPUS = st.sampled_from(NAMED.split())
CUDA = st.sampled_from([None, None, "11.8", "12.1", "12.4", "12.6", "12.6.3", "12.8", "12.9", "13.0", "13.2"])
TORCH = st.sampled_from([None, "==2.1.2", "~=2.5.0", ">=2.6,<2.8", "==2.10.0", ">=2.13", ">=2.6"])
LLAMA = st.sampled_from([None, "==0.2.79", "==0.3.16", "==0.3.19", ">=0.3.24,<0.3.27", ">=0.3.34"])
PYTHONS = st.sampled_from(["3.9", "3.10", "3.12", "3.13", "3.14", ">=3.11,<3.14"])
TOOLKITS = ["auto", "auto", "auto", "conda-label", "conda-forge", "pypi", "system", "none"]
PLATFORMS = st.sampled_from(
    [["linux-64"], ["win-64"], ["linux-aarch64"], ["linux-64", "win-64"], ["linux-aarch64", "win-64"], ["osx-arm64"]]
)
HOSTS = st.none() | st.fixed_dictionaries(
    {
        "platform": st.sampled_from(["linux-64", "linux-64", "win-64", "linux-aarch64"]),
        "cpu": st.just("zen3"),
        "cores": st.just(8),
        "memory": st.just(1 << 34),
        "libc": st.sampled_from(["", "glibc 2.27", "glibc 2.31", "glibc 2.36", "glibc 2.41", "glibc 2.42", "musl 1.2"]),
        "wsl": st.booleans(),
        "driver": st.none()
        | st.sampled_from(["450.80.02", "525.60.13", "528.33", "535.104.05", "570.86.10", "580.95.05", "591.10"]).map(
            lambda version: {"version": version}
        ),
        "gpus": st.lists(
            st.builds(
                lambda capability, hidden: {
                    "vendor": "nvidia",
                    "name": "NVIDIA GPU",
                    "capability": capability,
                    "hidden": hidden,
                },
                st.sampled_from(["6.1", "8.6", "12.0"]),
                st.booleans(),
            ),
            max_size=2,
        ),
        "compilers": st.none()
        | st.lists(
            st.sampled_from(
                [("gcc", "11.4"), ("gcc", "13.2"), ("gcc", "15.1"), ("clang", "18.1"), ("msvc", "14.39")]
            ).map(lambda one: {"kind": one[0], "version": one[1], "path": "/usr/bin/c++"}),
            max_size=2,
        ),
        "toolkits": st.lists(
            st.sampled_from(["11.8", "12.4", "12.8"]).map(
                lambda line: {"version": line, "nvcc": "/usr/local/cuda/bin/nvcc", "origin": "PATH"}
            ),
            max_size=1,
        ),
    }
)


@st.composite
def cuda_specs(draw: st.DrawFn) -> Spec:
    llama, torch = draw(st.tuples(LLAMA, TORCH).filter(any))
    fields: dict[str, object] = {
        "envspec": "1",
        "name": "case",
        "python": draw(PYTHONS),
        "platforms": tuple(draw(PLATFORMS)),
        "base": draw(st.sampled_from(["venv", "conda"])),
        "backend": "cuda",
        "gpu": tuple(draw(st.lists(GPUS, max_size=2, unique=True))),
        "toolkit": draw(st.sampled_from(TOOLKITS)),
    }
    cuda = draw(CUDA)
    if cuda:
        fields["cuda"] = cuda
    if torch:
        fields["torch"] = torch
    if llama:
        install = draw(st.sampled_from(["auto", "auto", "wheel", "source"]))
        fields["llama-cpp-python"] = {"version": llama, "install": install}
    return Spec.model_validate(fields)


@st.composite
def other_specs(draw: st.DrawFn) -> Spec:
    backend = draw(st.sampled_from(["rocm", "vulkan", "metal", "cpu"]))
    fields: dict[str, object] = {
        "envspec": "1",
        "name": "case",
        "python": draw(PYTHONS),
        "platforms": tuple(draw(PLATFORMS)),
        "base": draw(st.sampled_from(["venv", "conda"])),
        "backend": backend,
    }
    gpu = draw(st.sampled_from([None, "rx-7900-xtx", "gfx1031", "gfx90a", "rtx-4090"]))
    if gpu and backend in {"rocm", "vulkan"}:
        fields["gpu"] = gpu
    torch, llama = draw(TORCH), draw(LLAMA)
    if torch:
        fields["torch"] = torch
    if llama:
        install = draw(st.sampled_from(["auto", "wheel", "source"]))
        fields["llama-cpp-python"] = {"version": llama, "install": install}
    return Spec.model_validate(fields)


def machine(facts: dict[str, object] | None) -> Host | None:
    if facts is None:
        return None
    return Host.model_validate({**facts, "libc": ""} if facts["platform"] == "win-64" else facts)


def pick(plan: Plan) -> Pick:
    toolkit = plan.cuda.toolkit if plan.cuda else None
    return Pick(
        torch=(Version(plan.torch.version), plan.torch.tag) if plan.torch else None,
        cuda_line=CudaVersion.parse(plan.cuda.line) if plan.cuda else None,
        toolkit=(_release(toolkit), toolkit.source.value) if toolkit else None,
        llama=Version(plan.llama.version) if plan.llama else None,
        installs={one.platform: one.wheel or "source" for one in plan.llama.installs} if plan.llama else {},
    )


def _release(toolkit: ToolkitPlan) -> CudaVersion:
    """The release; of a system toolkit the oracle knows the line only."""
    release = CudaVersion.parse(toolkit.release)
    return release.line if toolkit.source is ToolkitSource.SYSTEM else release


def outcome(spec: Spec, host: Host | None) -> Plan | None:
    try:
        return resolve(spec, host, CATALOG)
    except SpecError:
        raise
    except EnvspecError:
        return None


@FAST
@given(cuda_specs() | other_specs(), HOSTS)
def test_a_plan_breaks_no_rule(spec: Spec, facts: dict[str, object] | None) -> None:
    host = machine(facts)
    if host is None and any(name.startswith("native") for name in spec.gpu):
        return
    plan = outcome(spec, host)
    if plan:
        assert violations(spec, host, CATALOG, pick(plan)) == []


@SLOW
@given(cuda_specs() | other_specs(), HOSTS)
def test_the_plan_is_the_best_and_a_no_means_none(spec: Spec, facts: dict[str, object] | None) -> None:
    host = machine(facts)
    if host is None and any(name.startswith("native") for name in spec.gpu):
        return
    plan, wanted = outcome(spec, host), best(spec, host, CATALOG)
    assert (plan is None) == (wanted is None), wanted
    if plan and wanted:
        assert preference(spec, host, CATALOG, pick(plan)) == preference(spec, host, CATALOG, wanted), wanted


@FAST
@given(cuda_specs() | other_specs(), HOSTS)
def test_the_same_question_has_the_same_answer(spec: Spec, facts: dict[str, object] | None) -> None:
    host = machine(facts)
    if host is None and any(name.startswith("native") for name in spec.gpu):
        return
    one, two = outcome(spec, host), outcome(spec, host)
    assert (one and one.model_dump_json()) == (two and two.model_dump_json())
