"""KMS as the conversations' keys need it: wrap a seed, unwrap it, and remember it for a while.

Owns how long an unwrapped key may be used before KMS is asked again, and which of its errors are
worth another attempt. Knows no table. The encryption context names the conversation, which is a
random id: KMS writes it into its log.
"""

from __future__ import annotations

import random
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from conversation.deadline import Deadline

if TYPE_CHECKING:
    from conversation.sealing import Seals

KMS_SECONDS = 5.0
"""How long a call retries when its caller hands down no deadline, and at most when it does."""

_BUSY = frozenset(
    {
        "DependencyTimeoutException",
        "KMSInternalException",
        "KeyUnavailableException",
        "LimitExceededException",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "Throttling",
        "ThrottlingException",
    }
)
_FOREIGN = frozenset({"InvalidCiphertextException", "IncorrectKeyException"})
_SERVER_ERROR = 500
_FIRST_PAUSE_SECONDS = 0.05
_LONGEST_PAUSE_SECONDS = 1.0


class KeyUnavailableError(Exception):
    """KMS does not give the key now: throttled, away, disabled, or not ours to use."""


class ForeignSeedError(Exception):
    """KMS did not wrap these bytes for this conversation."""


@dataclass(frozen=True)
class Limits:
    """How long an unwrapped key stays in memory, whichever comes first.

    Attributes:
        age_seconds: Since it was unwrapped.
        uses: How often it was asked for.
        count: How many keys a worker holds; the one not used for longest goes first.
    """

    age_seconds: float = 300
    uses: int = 10_000
    count: int = 500


@dataclass
class _Held:
    seals: Seals
    until: float
    uses: int


class Vault:
    """A vault over one KMS key.

    Args:
        client: Returns the KMS client, whose own retries are off; called when it is first needed.
        key: ARN of the KMS key.
        limits: How long an unwrapped key stays in memory.
        clock: A monotonic clock in seconds.
        sleep: Waits between attempts.
    """

    def __init__(
        self,
        client: Callable[[], Any],
        key: str,
        limits: Limits | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._key = key
        self._limits = limits or Limits()
        self._clock = clock
        self._sleep = sleep
        self._held: OrderedDict[tuple[str, str], _Held] = OrderedDict()
        self._ends: deque[tuple[float, tuple[str, str]]] = deque()
        self._lock = threading.Lock()

    def wrap(self, conversation: str, seed: bytes, deadline: Deadline | None = None) -> bytes:
        """Wrap a new conversation's seed: `kms:Encrypt`.

        Raises:
            KeyUnavailableError: KMS did not do it within the deadline, or will not.
        """
        answer = self._call("encrypt", conversation, deadline, Plaintext=seed)
        wrapped: bytes = answer["CiphertextBlob"]
        return wrapped

    def unwrap(self, conversation: str, wrapped: bytes, deadline: Deadline | None = None) -> bytes:
        """Unwrap a seed: `kms:Decrypt`.

        Raises:
            ForeignSeedError: It was not wrapped for this conversation.
            KeyUnavailableError: KMS did not do it within the deadline, or will not.
        """
        answer = self._call("decrypt", conversation, deadline, CiphertextBlob=wrapped)
        seed: bytes = answer["Plaintext"]
        return seed

    def held(self, conversation: str, generation: str) -> Seals | None:
        """A key that was unwrapped not long ago and is within its limits."""
        place = (conversation, generation)
        with self._lock:
            self._drop_expired()
            held = self._held.pop(place, None)
            if held is None:
                return None
            held.uses -= 1
            if held.uses > 0:
                self._held[place] = held  # Now the last to go.
            return held.seals

    def hold(self, seals: Seals) -> None:
        """Remember an unwrapped key, whose first use this is."""
        until = self._clock() + self._limits.age_seconds
        held = _Held(seals, until, self._limits.uses - 1)
        place = (seals.conversation, seals.generation)
        with self._lock:
            self._drop_expired()
            if held.uses > 0:
                self._held[place] = held
                self._ends.append((until, place))
            while len(self._held) > self._limits.count:
                self._held.popitem(last=False)

    def drop(self, conversation: str) -> None:
        """Remember a conversation's keys no longer, as when it is forgotten."""
        with self._lock:
            for place in [place for place in self._held if place[0] == conversation]:
                del self._held[place]

    def _drop_expired(self) -> None:
        """Forget every key whose time is over, asked for or not; they end in the order they came.

        A worker that is frozen runs no code: what it holds goes when it is next asked for a key.
        """
        now = self._clock()
        while self._ends and self._ends[0][0] <= now:
            _, place = self._ends.popleft()
            held = self._held.get(place)
            if held is not None and held.until <= now:
                del self._held[place]

    def _call(
        self, operation: str, conversation: str, deadline: Deadline | None, **given: bytes
    ) -> dict[str, Any]:
        seconds = KMS_SECONDS if deadline is None else min(KMS_SECONDS, deadline.remaining())
        limit = Deadline.after(seconds, self._clock)
        request = {"KeyId": self._key, "EncryptionContext": {"conversation": conversation}}
        pause = _FIRST_PAUSE_SECONDS
        while True:
            try:
                answer: dict[str, Any] = getattr(self._client(), operation)(**request, **given)
            except ClientError as error:
                if _code(error) in _FOREIGN:
                    raise ForeignSeedError(conversation) from error
                if not _is_busy(error):
                    raise KeyUnavailableError(_code(error)) from error
                cause: Exception = error
            except BotoCoreError as error:  # No answer: a network that is silent or gone.
                cause = error
            else:
                return answer
            if limit.remaining() <= pause:
                raise KeyUnavailableError(f"{operation} did not get through") from cause
            self._sleep(pause * random.uniform(0.5, 1))  # noqa: S311  spreads retries, no secret
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)


def _no_client() -> Any:
    raise KeyUnavailableError("this function was given no vault")


NO_VAULT = Vault(_no_client, "")
"""Of a function that neither makes a key nor opens anything."""


def _code(error: ClientError) -> str:
    response: Any = error.response
    return str(response.get("Error", {}).get("Code", ""))


def _is_busy(error: ClientError) -> bool:
    response: Any = error.response
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return _code(error) in _BUSY or status >= _SERVER_ERROR
