"""A stage on which the person can be forgotten."""

from __future__ import annotations

from typing import Any

from conversation.deadline import Deadline
from conversation.forgotten import asking
from conversation.tables import Tables, put
from tests.services.stage import Stage


class Scene(Stage):
    """A stage on which the person can be forgotten."""

    def heard(self, words: str) -> str:
        """A text is accepted with its receipt."""
        sid = self.text(words)
        receipt = {
            "pk": self.conversation,
            "sk": f"receipt#{sid}",
            "effect": "inbox",
            "accepted_at": int(self.clock.now * 1000),
            "generation": self.generation,
            "route": self.route,
            "schema": 1,
        }
        self.tables.write(put(self.tables.people, receipt))
        return sid

    def ask(self) -> None:
        """The person's confirmed FORGET is accepted."""
        now = int(self.clock.now * 1000)
        actions = asking(
            self.tables, self.conversation, by="SMforget", at=now, look_after_seconds=20
        )
        self.tables.transact(actions)

    def resume(self) -> bool:
        """Go on with what is left."""
        return self.forgetting().resume(self.conversation, Deadline.after(30, self.clock))

    def forget(self) -> bool:
        """All of it."""
        forgetting = self.forgetting()
        forgetting.begin_all(self.conversation)
        return forgetting.resume(self.conversation, Deadline.after(30, self.clock))

    def renew(self) -> None:
        """The person texts again: a new key."""
        self.key = self.keys.ensure_record(self.conversation, self.person)
        self.generation = self.key.generation

    @property
    def meta(self) -> dict[str, Any]:
        """The item."""
        return self.items("meta")[0]


def talked(tables: Tables) -> Scene:
    """A conversation with one answered text and one that waits."""
    scene = Scene(tables)
    scene.heard("my secret")
    scene.attend()
    scene.heard("one more")
    return scene
