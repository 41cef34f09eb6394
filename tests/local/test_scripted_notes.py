"""The scripted model keeps notes and reads them, so that a lost summary shows in a reply."""

from __future__ import annotations

from conversation.folding import TASK
from conversation.recall import NOTES
from local.scripted_answers import HAS_NOTES, KEEPS_NOTES, answer


def test_it_knows_when_it_is_asked_for_notes() -> None:
    """The phrases that it looks for are those of the engine."""
    assert TASK.startswith(KEEPS_NOTES)
    assert HAS_NOTES in NOTES


def test_its_notes_keep_what_the_person_said() -> None:
    """Each of the person's lines once, and none of ours."""
    asked = (
        "The notes so far:\nmy name is Ada\n\nWhat was said since:\n"
        "Person: my dog is Rex\nAssistant: I will remember.\nPerson: my name is Ada"
    )
    assert answer([("user", [asked])], TASK) == "my name is Ada\nmy dog is Rex"
    assert answer([("user", ["The notes so far:\n(none yet)\n\nWhat was said since:"])], TASK) == (
        "Nothing yet."
    )


def test_its_answers_recall_the_notes() -> None:
    """Names and facts are found in the notes when the window no longer has them."""
    system = f"Be kind.\n\n{NOTES}\nmy name is Ada\nmy dog is Rex"
    assert answer([("user", ["what is my name?"])], system) == "Your name is Ada."
    assert answer([("user", ["what is my dog?"])], system) == "Your dog is Rex."
    assert answer([("user", ["what is my name?"])], "Be kind.").startswith("You have not told")
