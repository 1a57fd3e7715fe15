"""Write the tiny model: a llama with random weights, the same bytes on every machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import gguf
import numpy as np
from gguf import TokenType

from envspec.verify import tiny

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

Weights: TypeAlias = "NDArray[np.float16 | np.float32]"

WORDS = ("\u2581", *"abcdefghijklmnopqrstuvwxyz", "th", "he", "in", "\u2581t", "\u2581th", "\u2581the")
SPECIALS = (("<unk>", TokenType.UNKNOWN), ("<s>", TokenType.CONTROL), ("</s>", TokenType.CONTROL))
ROUND = 32
"""The vocabulary is filled up to a multiple of this; quantised rows need it."""


def write(path: Path) -> None:
    """Write the model, 0.6 MB of 16-bit weights."""
    vocabulary = list(_vocabulary())
    writer = gguf.GGUFWriter(path, "llama")
    _describe(writer, len(vocabulary))
    writer.add_token_list([text.encode() for text, _, _ in vocabulary])
    writer.add_token_scores([score for _, score, _ in vocabulary])
    writer.add_token_types([int(kind) for _, _, kind in vocabulary])
    for name, weights in _tensors(len(vocabulary)):
        writer.add_tensor(name, weights)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _vocabulary() -> Iterator[tuple[str, float, TokenType]]:
    """Text, score and kind of each token: a SentencePiece vocabulary with a token for each byte."""
    yield from ((text, 0.0, kind) for text, kind in SPECIALS)
    yield from ((f"<0x{byte:02X}>", 0.0, TokenType.BYTE) for byte in range(256))
    yield from ((word, -float(rank), TokenType.NORMAL) for rank, word in enumerate(WORDS))
    size = len(SPECIALS) + 256 + len(WORDS)
    yield from ((f"<pad{number}>", -1000.0, TokenType.UNUSED) for number in range(size, -(-size // ROUND) * ROUND))


def _describe(writer: gguf.GGUFWriter, tokens: int) -> None:
    writer.add_name("envspec-tiny")
    writer.add_context_length(tiny.CONTEXT)
    writer.add_embedding_length(tiny.EMBEDDING)
    writer.add_block_count(tiny.LAYERS)
    writer.add_feed_forward_length(tiny.FEED_FORWARD)
    writer.add_head_count(tiny.HEADS)
    writer.add_head_count_kv(tiny.KV_HEADS)
    writer.add_key_length(tiny.HEAD_SIZE)
    writer.add_value_length(tiny.HEAD_SIZE)
    writer.add_rope_dimension_count(tiny.HEAD_SIZE)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(tokens)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_add_bos_token(value=True)
    writer.add_add_eos_token(value=False)
    writer.add_add_space_prefix(value=True)


def _tensors(tokens: int) -> Iterator[tuple[str, Weights]]:
    # The legacy generator's stream never changes: https://numpy.org/neps/nep-0019-rng-policy.html
    random = np.random.RandomState(tiny.SEED)

    def matrix(rows: int, columns: int, scale: float | None = None) -> Weights:
        spread = scale or columns**-0.5
        return (random.standard_normal((rows, columns)) * spread).astype(np.float16)

    width, kv_width = tiny.HEADS * tiny.HEAD_SIZE, tiny.KV_HEADS * tiny.HEAD_SIZE
    ones = np.ones(tiny.EMBEDDING, dtype=np.float32)
    yield "token_embd.weight", matrix(tokens, tiny.EMBEDDING, 1.0)
    for layer in range(tiny.LAYERS):
        block = f"blk.{layer}."
        yield block + "attn_norm.weight", ones
        yield block + "attn_q.weight", matrix(width, tiny.EMBEDDING)
        yield block + "attn_k.weight", matrix(kv_width, tiny.EMBEDDING)
        yield block + "attn_v.weight", matrix(kv_width, tiny.EMBEDDING)
        yield block + "attn_output.weight", matrix(tiny.EMBEDDING, width)
        yield block + "ffn_norm.weight", ones
        yield block + "ffn_gate.weight", matrix(tiny.FEED_FORWARD, tiny.EMBEDDING)
        yield block + "ffn_up.weight", matrix(tiny.FEED_FORWARD, tiny.EMBEDDING)
        yield block + "ffn_down.weight", matrix(tiny.EMBEDDING, tiny.FEED_FORWARD)
    yield "output_norm.weight", ones
    yield "output.weight", matrix(tokens, tiny.EMBEDDING)
