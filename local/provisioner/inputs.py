"""Reading a resource's inputs so that none can be overlooked.

The mapping from Pulumi's properties to AWS calls drifts the moment a component sets a property
that nobody maps. So each property has to be taken, or named as ignored, or the resource fails.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

_SIGNATURE = "4dabf18193072939515e22adb298388d"
_REQUIRED: Any = object()


class UnreadPropertyError(Exception):
    """A property was neither consumed nor explicitly ignored."""


def plain(value: Any) -> Any:
    """Return a value as the program wrote it: secrets unwrapped, whole numbers whole."""
    if isinstance(value, Mapping):
        if _SIGNATURE in value:
            return plain(value.get("value"))
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


class Inputs:
    """The properties of one resource, or of a block within one.

    Args:
        raw: As Pulumi's mocks hand them over, or plain.
        path: Where they are, for messages.
        name: The resource's logical name.
    """

    def __init__(self, raw: Mapping[str, Any], path: str, name: str = "") -> None:
        values = plain(raw)
        self._values: dict[str, Any] = {k: v for k, v in values.items() if v is not None}
        self._unread = set(self._values)
        self._blocks: list[Inputs] = []
        self.path = path
        self.name = name

    @property
    def everything(self) -> dict[str, Any]:
        """All properties, without marking any as read."""
        return dict(self._values)

    def take(self, name: str, default: Any = _REQUIRED) -> Any:
        """Return a property and mark it as read.

        Raises:
            KeyError: It is missing and has no default.
        """
        self._unread.discard(name)
        if name in self._values:
            return self._values[name]
        if default is _REQUIRED:
            raise KeyError(f"{self.path} lacks {name}")
        return default

    def block(self, name: str) -> Inputs | None:
        """Return a nested block, to be read to its end as well; None when absent."""
        value = self.take(name, None)
        if value is None:
            return None
        return self._nested(value, name)

    def blocks(self, name: str) -> list[Inputs]:
        """Return the blocks of a list property."""
        return [
            self._nested(value, f"{name}[{number}]")
            for number, value in enumerate(self.take(name, []))
        ]

    def ignore(self, *names: str) -> None:
        """Mark properties as knowingly without effect on this machine."""
        self._unread.difference_update(names)

    def ignore_all(self) -> None:
        """Mark everything, for a type that is not emulated at all."""
        self._unread.clear()

    def unread(self) -> Iterable[str]:
        """Yield the paths of what was overlooked."""
        for name in sorted(self._unread):
            yield f"{self.path}.{name}"
        for block in self._blocks:
            yield from block.unread()

    def finish(self) -> None:
        """Insist that everything was read.

        Raises:
            UnreadPropertyError: Something was not.
        """
        left = list(self.unread())
        if left:
            raise UnreadPropertyError(
                f"the local stack does not know what to do with {', '.join(left)}: map it in "
                "local/provisioner/, or ignore it there with the reason"
            )

    def _nested(self, value: Mapping[str, Any], name: str) -> Inputs:
        nested = Inputs(value, f"{self.path}.{name}")
        self._blocks.append(nested)
        return nested
