"""Load the tiny model with llama_cpp, decode, and write down what happened.

usage: python -I llama.py REQUEST.json RESULT.json

Runs under any Python from 3.8 on, in the environment that is looked at. The result is written anew at every stage, so
that it says how far the probe came when the process dies.
"""

import importlib.metadata
import itertools
import json
import platform
import re
import sys


KEPT = []
"""The log callback: llama.cpp calls it while the model is freed, so it must not be collected before."""


def main(request_file, result_file):
    with open(request_file, encoding="utf-8") as file:
        request = json.load(file)
    log = []
    result = {"stage": "start", "python": platform.python_version(), "packages": packages(), "log": ""}

    def reach(stage):
        result.update(stage=stage, log="".join(log))
        with open(result_file, "w", encoding="utf-8") as file:
            json.dump(result, file)

    reach("start")
    if request["model"] is None:
        return
    try:
        reach("import")
        import llama_cpp

        on_log = llama_cpp.llama_log_callback(lambda _level, text, _data: log.append(text.decode("utf-8", "replace")))
        KEPT.append(on_log)
        llama_cpp.llama_log_set(on_log, None)
        result["system"] = llama_cpp.llama_print_system_info().decode("utf-8", "replace")
        reach("load")
        model = llama_cpp.Llama(
            request["model"], n_ctx=256, n_gpu_layers=request["n_gpu_layers"], verbose=False, seed=0
        )
        reach("decode")
        tokens = model.generate(request["prompt"], temp=0.0, top_k=1, repeat_penalty=1.0)
        result["tokens"] = [int(token) for token in itertools.islice(tokens, request["count"])]
        tokens.close()
        model.close()
        reach("done")
        llama_cpp.llama_log_set(type(on_log)(), None)
    except Exception as error:
        result["error"] = "{}: {}".format(type(error).__name__, error)
        reach(result["stage"])


def packages():
    found = ((item.metadata["Name"], item.version) for item in importlib.metadata.distributions())
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in found if name and version}


if __name__ == "__main__":
    main(*sys.argv[1:])
