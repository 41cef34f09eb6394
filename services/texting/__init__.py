"""Sending a text: the carrier, consent, rendering and segments. Knows no channel's inbox."""
