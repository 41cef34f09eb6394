"""Call flows damaged at random: the validator says so, and never breaks."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.contact_flow import call_flow, problems
from tests.components.call_flows import every_kind, everything

pytestmark = pytest.mark.registers_nothing
SOUND = call_flow(everything()).document()
FLOWS = [call_flow(args).document() for args in every_kind()]


def _drop_next(action: dict[str, Any]) -> None:
    del action["Transitions"]["NextAction"]


def _drop_error(action: dict[str, Any]) -> None:
    del action["Transitions"]["Errors"][0]


def _retarget(action: dict[str, Any]) -> None:
    action["Transitions"]["NextAction"] = "nowhere"


def _retarget_error(action: dict[str, Any]) -> None:
    action["Transitions"]["Errors"][0]["NextAction"] = "nowhere"


def _hang_up_on_error(action: dict[str, Any]) -> None:
    action["Transitions"]["Errors"][-1]["NextAction"] = "hang-up"


def _unknown_type(action: dict[str, Any]) -> None:
    action["Type"] += "s"


def _unknown_parameter(action: dict[str, Any]) -> None:
    action["Parameters"]["Colour"] = "blue"


def _rename(action: dict[str, Any]) -> None:
    action["Identifier"] += "-2"


def _can(change: Callable[[dict[str, Any]], None], action: dict[str, Any]) -> bool:
    if change in (_drop_next, _retarget):
        return "NextAction" in action["Transitions"]
    if change is _hang_up_on_error and action["Type"] == "MessageParticipant":
        return False
    if change in (_drop_error, _retarget_error, _hang_up_on_error):
        return bool(action["Transitions"].get("Errors"))
    return True


MUTATIONS = [
    _drop_next,
    _drop_error,
    _retarget,
    _retarget_error,
    _hang_up_on_error,
    _unknown_type,
    _unknown_parameter,
    _rename,
]


@given(st.data())
def test_any_damage_is_reported(data: st.DataObject) -> None:
    """Whichever block of whichever call flow is damaged, in whichever way, it is said."""
    document = copy.deepcopy(data.draw(st.sampled_from(FLOWS)))
    change = data.draw(st.sampled_from(MUTATIONS))
    action = data.draw(
        st.sampled_from([one for one in document["Actions"] if _can(change, one)]),
    )
    change(action)

    assert problems(document)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Every place of a document that something else could be put in."""
    keys: list[Any] = []
    if isinstance(value, dict):
        keys = list(value)
    elif isinstance(value, list):
        keys = list(range(len(value)))
    found = [(value, key) for key in keys]
    return found + [place for key in keys for place in _places(value[key])]


@given(st.data())
def test_a_document_of_any_shape_gets_an_answer(data: st.DataObject) -> None:
    """Whatever stands where, the validator lists problems and never breaks."""
    document = copy.deepcopy(SOUND)
    place, key = data.draw(st.sampled_from(_places(document)))
    place[key] = data.draw(JSON)

    assert all(isinstance(one, str) for one in problems(document))
