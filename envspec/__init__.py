"""Declarative environments for llama-cpp-python and PyTorch, with proof that they work."""

__version__ = "0.2.0"
