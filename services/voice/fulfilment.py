"""The fulfilment hook: what a caller said, as Lex sends it, becomes what they hear next."""

from __future__ import annotations

from functools import cache
from typing import Any

from conversation import observability
from conversation.clocks import MILLISECONDS
from voice.composition import build_fulfilling
from voice.fulfilling import Fulfilling, apology, note_failure
from voice.settings import FulfilmentSettings

_RESERVE_SECONDS = 2.0


@cache
def _built() -> Fulfilling:
    """The use case of this worker, built on the first event."""
    settings = FulfilmentSettings.load()
    return build_fulfilling(settings, settings.tables.connect())


def handler(event: Any, context: Any) -> Any:
    """Answer one utterance; never fails, for Lex would drop the caller."""
    seconds = context.get_remaining_time_in_millis() / MILLISECONDS - _RESERVE_SECONDS
    try:
        return _built().fulfil(event, seconds)
    except Exception as error:  # noqa: BLE001  a worker that cannot be built apologises too
        note_failure(error)
        return apology(event)
    finally:
        observability.flush()
