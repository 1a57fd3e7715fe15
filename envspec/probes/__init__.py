"""Scripts that a prefix's own Python runs; they import nothing of envspec."""
