"""The path under which the carrier reports on a turn's delivery; its last part names the turn.

Apart from `delivery`, so that who receives the reports need not import who sends.
"""

from __future__ import annotations

from typing import Final

STATUS_PATH: Final = "/webhooks/twilio/status/"
