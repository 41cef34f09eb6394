"""What the documents name exists: links, files, tests, targets, commands, options and settings."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from cli.app import app
from settings import StackSettings

ROOT = Path(__file__).resolve().parent.parent.parent
DOCUMENTS = sorted(
    path.relative_to(ROOT)
    for path in (
        *ROOT.glob("*.md"),
        *(ROOT / ".github").glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
    )
)
TOP = {path.name for path in ROOT.iterdir() if path.is_dir()}
# Folders whose files the documents name without them: `conversation/keys.py`.
BELOW = (ROOT, ROOT / "services")
CREATED = (".local", ".venv", "build")

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"`([^`\n]+)`")
FENCE = re.compile(r"```\w*\n(.*?)```", re.DOTALL)
PATH = re.compile(r"^(?:[\w.-]+/)+[\w.*-]*$|^[\w-]+\.(?:py|md|toml|yaml)$|^Makefile$")
TEST = re.compile(r"^(tests/[\w/]+\.py)::(\w+)$")


def text_of(document: Path) -> str:
    """A document's words."""
    return (ROOT / document).read_text("utf-8")


def code_in(document: Path) -> Iterator[str]:
    """Every piece of code: spans, and the lines of blocks without their comments."""
    text = text_of(document)
    for block in FENCE.findall(text):
        joined = block.replace("\\\n", " ")
        yield from (re.sub(r"\s+#.*$", "", line).strip() for line in joined.splitlines())
    yield from CODE.findall(FENCE.sub("", text))


def heading_ids(document: Path) -> set[str]:
    """The anchors that GitHub makes of a document's headings."""
    headings = re.findall(r"^#+ (.*)$", FENCE.sub("", text_of(document)), re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.strip().replace(" ", "-") for heading in plain}


def test_there_is_something_to_check() -> None:
    """An empty list of documents would let everything pass."""
    assert {"README.md", "docs/operations.md", "docs/turn-protocol.md"} <= set(map(str, DOCUMENTS))


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_every_relative_link_leads_somewhere(document: Path) -> None:
    """A link to a file or a heading of ours finds it."""
    broken = []
    for link in LINK.findall(FENCE.sub("", text_of(document))):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (ROOT / document).parent / name if name else ROOT / document
        found = target.exists()
        if found and anchor and target.suffix == ".md":
            found = anchor in heading_ids(target.resolve().relative_to(ROOT))
        if not found:
            broken.append(link)

    assert broken == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_every_file_that_is_named_exists(document: Path) -> None:
    """A path in code is a path of this repository."""
    assert [path for path in paths_in(document) if not exists(path)] == []


def paths_in(document: Path) -> Iterator[str]:
    """What looks like one of our paths."""
    for code in CODE.findall(FENCE.sub("", text_of(document))):
        name = code.split("::")[0]
        if PATH.match(name) and not name.startswith(CREATED):
            first = name.split("/")[0]
            known = first in TOP or any((root / first).exists() for root in BELOW)
            if known or "/" not in name:
                yield name


def exists(name: str) -> bool:
    """Whether a path, perhaps with `*`, leads to something."""
    return any(list(root.glob(name.rstrip("/"))) for root in BELOW)


def test_every_test_that_is_named_exists() -> None:
    """A claim that names its test names one that there is."""
    named = [
        match.groups()
        for document in DOCUMENTS
        for code in code_in(document)
        if (match := TEST.match(code))
    ]
    missing = [
        f"{path}::{name}"
        for path, name in named
        if not re.search(
            rf"^ *(?:async )?def {name}\b",
            (ROOT / path).read_text("utf-8") if (ROOT / path).exists() else "",
            re.MULTILINE,
        )
    ]

    assert named
    assert missing == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_every_make_target_that_is_named_exists(document: Path) -> None:
    """`make X` is a target of the Makefile."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = {
        match[1] for code in code_in(document) if (match := re.match(r"make ([a-z-]+)\b", code))
    }

    assert named - targets == set()


def commands() -> dict[str, set[str]]:
    """Every command of `dialtone` and the options it takes."""

    def walk(command: Any, name: str) -> Iterator[tuple[str, set[str]]]:
        parts = {
            option for param in command.params for option in (*param.opts, *param.secondary_opts)
        }
        yield name, parts | {"--help", "-h"}
        for child, sub in getattr(command, "commands", {}).items():
            yield from walk(sub, f"{name} {child}".strip())

    return dict(walk(typer.main.get_command(app), ""))


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_every_command_line_that_is_shown_is_understood(document: Path) -> None:
    """A `dialtone …` in a document names a command there is, with options it takes."""
    known = commands()
    wrong = []
    for code in code_in(document):
        match = re.match(r"(?:\S*/)?dialtone ([a-z-].*)$", code)
        if match is None or match[1].startswith("rekey"):  # the protocol names what is to come
            continue
        words = match[1].split()
        name = max((name for name in known if words[: len(name.split())] == name.split()), key=len)
        options = {word.split("=")[0] for word in words if word.startswith("--")}
        plain = words[len(name.split()) :]
        if options - known[name] or (not name and plain and not plain[0].startswith("--")):
            wrong.append(code)

    assert wrong == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_every_setting_that_is_named_exists(document: Path) -> None:
    """`section.setting` and `dialtone:section.setting` stand in Pulumi.yaml."""
    declared = yaml.safe_load((ROOT / "Pulumi.yaml").read_text("utf-8"))["config"]
    sections = {key.removeprefix("dialtone:"): value for key, value in declared.items()}
    unknown = []
    for code in code_in(document):
        for section, name in re.findall(r"(?<![\w./-])(?:dialtone:)?([a-z]+)\.([a-zA-Z*]+)", code):
            described = sections.get(section, {}).get("description", "")
            if section in sections and name != "*" and f"\n{name} (" not in described:
                unknown.append(f"{section}.{name}")

    assert unknown == []


def test_every_stack_file_that_is_shown_is_valid() -> None:
    """A YAML block with settings is one that the program takes."""
    blocks = [
        yaml.safe_load(block)["config"]
        for document in DOCUMENTS
        for block in re.findall(r"```yaml\n(.*?)```", text_of(document), re.DOTALL)
        if block.startswith("config:")
    ]

    assert blocks
    for block in blocks:
        StackSettings.model_validate(
            {key.removeprefix("dialtone:"): value for key, value in block.items()}
        )


def test_the_lists_of_decisions_are_complete() -> None:
    """Each decision is listed in the index once."""
    listed = re.findall(r"\]\((\d{4}-[\w-]+\.md)\)", text_of(Path("docs/adr/README.md")))

    assert sorted(path.name for path in (ROOT / "docs/adr").glob("0*.md")) == listed


def test_shell_blocks_are_shell() -> None:
    """Every bash block parses."""
    bash = shutil.which("bash")
    assert bash
    wrong = []
    for document in DOCUMENTS:
        for block in re.findall(r"```bash\n(.*?)```", text_of(document), re.DOTALL):
            done = subprocess.run(
                [bash, "-n"], input=block, text=True, capture_output=True, check=False
            )
            if done.returncode:
                wrong.append(f"{document}: {done.stderr}")

    assert wrong == []
