"""The tiny model that every check loads: its shape, its prompt, and the tokens that it must give."""

from __future__ import annotations

LAYERS = 4
EMBEDDING = 64
HEADS = 4
KV_HEADS = 1
HEAD_SIZE = 64
"""CUDA's flash attention has no kernel for heads below 40; 64 uses it."""
FEED_FORWARD = 128
CONTEXT = 512
SEED = 131
"""Of 500 seeds, the one whose tokens vary and win clearly: every runner-up is 0.24 logits behind (measured)."""

PROMPT = (1, 291, 259, 262, 260, 279)
"""Token ids: begin of text, and five letters."""
TOKENS = (302, 317, 191, 271, 17, 261, 23, 94)
"""What greedy decoding must give after PROMPT, recorded with llama-cpp-python 0.3.36 on x86-64."""
