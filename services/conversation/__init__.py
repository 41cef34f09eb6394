"""The engine and the memory. Every channel calls it; it knows no channel."""
