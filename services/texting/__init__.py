"""Answering by text: what waits for it, who is served, carrier, consent, rendering, segments."""
