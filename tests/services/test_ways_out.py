"""Every way in which a text can leave, read from the source, and what meters it.

A text is money, and a new way to send one is a new way around pause, allowances and budgets. So a
send that this file does not list makes it red; whoever adds one says here what meters it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SERVICES = Path(__file__).parents[2] / "services"
Place = tuple[str, str]
"""A file, and the function in it, with its class."""

SENDS = {
    # The carrier's client: it sends what the two below hand it.
    ("texting/carrier.py", "Carrier.send"): (),
    # Replies of turns, whose commits are metered: `COMMITS`.
    ("texting/delivery.py", "Delivery._send"): (),
    # Codes for calls.
    ("texting/notices.py", "Notices.send"): ("opted_out", "allowed", "spend"),
    # What answers a word at once: `REPLIES`.
    ("messaging/webhook.py", "respond"): (),
}
"""Where a text leaves, and what is called there before."""

REPLIES = {
    ("messaging/receipts.py", "Receipts.record"): ("allows_reply", "reply_actions", "count_stack"),
    # As the first delivery was answered, which its receipt says.
    ("messaging/receipts.py", "Receipts.duplicate"): (),
    # Another sentence, where one was allowed.
    ("messaging/accept.py", "Acceptor._accept_forget_words"): ("record",),
}
"""Where the words of an answer to a webhook are made."""

COMMITS = {
    ("conversation/turn.py", "Engine.answer"): ("refusal",),
    ("conversation/turn.py", "Engine.set_aside"): ("refusal",),
    # Ends a turn without a word.
    ("conversation/turn.py", "Engine.stop"): ("stopped",),
    ("conversation/turn.py", "Engine.commit"): (),
    ("messaging/keeping.py", "Keeping.reply"): ("refusal",),
    # `Offering.due` comes first: it makes the call that is offered.
    ("messaging/offering.py", "Offering.offer"): (),
}
"""Where the reply of a turn is committed."""

GATES = {
    ("messaging/offering.py", "Offering._may"): ("opted_out", "has_room", "may_spend"),
    ("messaging/offering.py", "Offering.due"): ("_may",),
    ("messaging/answering.py", "Answering._is_paused"): ("position",),
    ("messaging/answering.py", "Answering._free"): ("_is_paused",),
    ("texting/meter.py", "Meter.allows"): ("is_paused", "spent"),
    ("texting/meter.py", "Meter.allows_reply"): ("allows", "is_paused", "stack_spent"),
    ("texting/notices.py", "Notices.allowed"): ("allows",),
    ("voice/proving.py", "Proving.send"): ("textable", "allowed"),
}
"""What the tables above lean on."""

NETWORK = {"aiohttp", "http", "httpx", "requests", "smtplib", "socket", "urllib3"}
SPEAKS_HTTP = {"texting/carrier.py", "texting/carrier_http.py"}
SDK = {
    "texting/carrier.py": {"twilio.base.exceptions", "twilio.rest"},
    "texting/carrier_http.py": {"twilio.http", "twilio.http.response"},
    "messaging/signature.py": {"twilio.request_validator"},
}
AWS = {"dynamodb", "sqs", "kms", "secretsmanager", "bedrock-runtime"}
"""None of them sends a text, as SNS, Pinpoint, SES or Connect would."""


class Source:
    """One file of the services."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.tree = ast.parse(text)
        self._owner: dict[ast.AST, str] = {}
        self._note(self.tree, "")

    def _note(self, node: ast.AST, owner: str) -> None:
        for child in ast.iter_child_nodes(node):
            mine = owner
            if isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                mine = f"{owner}.{child.name}".lstrip(".")
            self._owner[child] = mine
            self._note(child, mine)

    def place(self, node: ast.AST) -> Place:
        """Where a node is."""
        return self.name, self._owner[node]

    def nodes(self) -> Iterator[ast.AST]:
        """Every node, once."""
        return iter(self._owner)

    def called(self, place: Place) -> list[tuple[int, str]]:
        """What is called in a function, by line."""
        return sorted(
            (node.lineno, _last(node.func))
            for node in self.nodes()
            if isinstance(node, ast.Call) and self.place(node) == place
        )

    def lines(self) -> Iterator[tuple[ast.AST, int]]:
        """Every expression, with its line."""
        return ((node, node.lineno) for node in self.nodes() if isinstance(node, ast.expr))

    def imports(self) -> set[str]:
        """The modules that it imports, anywhere."""
        found = set()
        for node in self.nodes():
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module)
        return found


def _last(node: ast.AST) -> str:
    """The last name of what is called or read: `send` of `self._carrier.send`."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _keywords(node: ast.Call) -> set[str]:
    return {keyword.arg or "**" for keyword in node.keywords}


def is_way_out(node: ast.AST) -> bool:
    """Whether something in the source makes a text leave.

    A call that hands over a message's `body`, `send` of whatever is a carrier, also as a value, and
    TwiML with a message.
    """
    if isinstance(node, ast.Call) and {"body", "to"} <= _keywords(node):
        return _last(node.func) != "CarrierMessage"  # one that the carrier told of
    if isinstance(node, ast.Attribute) and node.attr in {"send", "messages"}:
        return any(word in _last(node.value).lower() for word in ("carrier", "twilio", "client"))
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        words = node.value.lower()
        return any(f"<{tag}" in words for tag in ("message", "sms", "body", "redirect"))
    return False


def sources() -> list[Source]:
    """Every file that is shipped to a function."""
    paths = sorted(path for path in SERVICES.rglob("*.py") if path.name != "build_payload.py")
    return [Source(str(path.relative_to(SERVICES)), path.read_text()) for path in paths]


SOURCES = {source.name: source for source in sources()}


def places(found: Iterator[Place]) -> set[Place]:
    """Those, without the ones that only hold the carrier's client."""
    return set(found) - {("texting/carrier.py", "Carrier._messages")}


def test_every_way_out_is_listed() -> None:
    """Where the carrier is told to send, by its API or in the answer to a webhook."""
    found = (
        source.place(node)
        for source in SOURCES.values()
        for node in source.nodes()
        if is_way_out(node)
    )
    assert places(found) == set(SENDS)


def test_every_answer_to_a_word_is_listed() -> None:
    """An acceptance that says something is made where the meter was asked."""
    found = {
        source.place(node)
        for source in SOURCES.values()
        if source.name.startswith("messaging/")
        for node in source.nodes()
        if isinstance(node, ast.Call)
        and _last(node.func) in {"Acceptance", "replace"}
        and "reply" in _keywords(node)
    }
    assert found == set(REPLIES)


def test_every_commit_of_a_reply_is_listed() -> None:
    """What a turn says was committed, and counted, in one of these."""
    found = {
        source.place(node)
        for source in SOURCES.values()
        for node in source.nodes()
        if isinstance(node, ast.Call) and _last(node.func) == "commit"
    }
    assert found == set(COMMITS)


@pytest.mark.parametrize(
    ("place", "before"),
    [*SENDS.items(), *REPLIES.items(), *COMMITS.items(), *GATES.items()],
    ids=lambda value: ".".join(value) if isinstance(value, tuple) else "",
)
def test_each_calls_what_meters_it(place: Place, before: tuple[str, ...]) -> None:
    """Before the text leaves."""
    source = SOURCES[place[0]]
    called: dict[str, int] = {}
    for line, name in source.called(place):
        called.setdefault(name, line)
    assert called, f"{place} is gone"
    assert set(before) <= set(called)
    leaves = [
        line for node, line in source.lines() if is_way_out(node) if source.place(node) == place
    ]
    assert all(called[name] < line for name in before for line in leaves)


def test_nobody_else_speaks_to_the_network() -> None:
    """The carrier's SDK and HTTP are in two files; nothing else opens a connection of its own."""
    for name, source in SOURCES.items():
        twilio = {module for module in source.imports() if module.startswith("twilio")}
        assert twilio <= SDK.get(name, set()), name
        network = {module.partition(".")[0] for module in source.imports()} & NETWORK
        assert not network or name in SPEAKS_HTTP, name
        assert "urllib.request" not in source.imports(), name


def test_no_client_of_aws_sends_texts() -> None:
    """Each client is made in one place, by the name of its service."""
    made = [
        node
        for source in SOURCES.values()
        for node in source.nodes()
        if isinstance(node, ast.Call) and _last(node.func) in {"client", "create_client"}
    ]
    names = {node.args[0].value for node in made if isinstance(node.args[0], ast.Constant)}
    assert names == AWS
    assert sum(not isinstance(node.args[0], ast.Constant) for node in made) == 1


@pytest.mark.parametrize(
    "text",
    [
        "def f(self): self._carrier.send(sender=a, to=b, body=c, status_callback='')",
        "def f(self): return self._sms_carrier.send",
        "def f(client): client.messages.create(**everything)",
        "def f(made): made.create(to=a, from_=b, body=c)",
        "def f(): return '<Response><Message>hello</Message></Response>'",
        "def f(to): return f'<message to={to}>'",
    ],
)
def test_a_new_way_out_is_found(text: str) -> None:
    """Whatever it looks like."""
    source = Source("messaging/new.py", text)
    assert ("messaging/new.py", "f") in {
        source.place(node) for node in source.nodes() if is_way_out(node)
    }
