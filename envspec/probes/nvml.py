"""Print as JSON what NVIDIA's management library tells; a process of its own, since a broken driver hangs or crashes."""

import json
import sys

import pynvml as nvml


def seen(read, *arguments):
    """What a query gives, or None where this driver or GPU does not know it."""
    try:
        return read(*arguments)
    except nvml.NVMLError:
        return None


def text(value):
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def memory(handle):
    found = seen(nvml.nvmlDeviceGetMemoryInfo, handle)
    return found.total if found else None


def card(handle):
    """One GPU with its slices."""
    mode = seen(nvml.nvmlDeviceGetMigMode, handle)
    slices = []
    if mode and mode[0]:
        for number in range(seen(nvml.nvmlDeviceGetMaxMigDeviceCount, handle) or 0):
            part = seen(nvml.nvmlDeviceGetMigDeviceHandleByIndex, handle, number)
            if part is not None:
                slices.append(
                    {
                        "uuid": text(seen(nvml.nvmlDeviceGetUUID, part)) or "",
                        "name": text(seen(nvml.nvmlDeviceGetName, part)) or "",
                        "memory": memory(part),
                    }
                )
    return {
        "uuid": text(seen(nvml.nvmlDeviceGetUUID, handle)) or "",
        "name": text(seen(nvml.nvmlDeviceGetName, handle)) or "",
        "capability": seen(nvml.nvmlDeviceGetCudaComputeCapability, handle),
        "memory": memory(handle),
        "mig": bool(mode and mode[0]),
        "slices": slices,
    }


def main():
    """Query everything; an error keeps its number."""
    answer = {"error": 0, "driver": "", "cuda": 0, "cards": [], "refused": []}
    try:
        nvml.nvmlInit()
        answer["driver"] = text(seen(nvml.nvmlSystemGetDriverVersion)) or ""
        answer["cuda"] = seen(nvml.nvmlSystemGetCudaDriverVersion) or 0
        for number in range(nvml.nvmlDeviceGetCount()):
            try:
                answer["cards"].append(card(nvml.nvmlDeviceGetHandleByIndex(number)))
            except nvml.NVMLError as error:
                answer["refused"].append(error.value)
    except nvml.NVMLError as error:
        answer["error"] = error.value
    print(json.dumps(answer), file=sys.stdout)


main()
