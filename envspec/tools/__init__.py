"""The outside world: the only modules that start processes, use the network, or touch files."""
