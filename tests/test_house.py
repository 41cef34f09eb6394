"""House rules that no linter knows: sizes, names, and who reads what."""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LONGEST_FILE = 300
LONGEST_FUNCTION = 40
DRAWERS = {"utils", "util", "helpers", "helper", "common", "base", "misc"}
OURS = {"components", "stack", "local", "cli", "conversation", "texting", "messaging", "voice"}


def _tracked() -> list[Path]:
    """The Python files of the project, those not yet committed included."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.py"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / line for line in listed.stdout.splitlines() if (ROOT / line).exists()]


@pytest.fixture(scope="module")
def shipped() -> list[Path]:
    """What is not a test."""
    return [path for path in _tracked() if path.relative_to(ROOT).parts[0] != "tests"]


def _imports(path: Path) -> set[str]:
    """The top-level names that a file imports, at any depth of it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.partition(".")[0])
    return names


def test_no_file_is_longer_than_one_can_keep_in_mind(shipped: list[Path]) -> None:
    """A file that outgrows the limit has a seam along which it can be cut."""
    # Tests of a service are read beside it, and are held to the same.
    read = [*shipped, *(ROOT / "tests" / "services").glob("*.py")]
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in read}
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_FILE} == {}


def _body_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function's body, less its docstring and the functions within it."""
    body = node.body[1:] if ast.get_docstring(node) else node.body
    own = [part for part in body if not isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef)]
    return sum((part.end_lineno or part.lineno) - part.lineno + 1 for part in own)


def test_no_function_is_longer_than_a_screen(shipped: list[Path]) -> None:
    """A function's body fits on a screen; its statements, not its signature, are counted."""
    long = []
    for path in shipped:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = _body_lines(node)
                if lines > LONGEST_FUNCTION:
                    long.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name} {lines}")
    assert long == []


def test_no_module_is_a_drawer(shipped: list[Path]) -> None:
    """Modules are named after what they do."""
    assert [path for path in shipped if {path.stem, *path.parent.parts[-1:]} & DRAWERS] == []


def test_settings_import_only_the_programs_own_parts() -> None:
    """`settings.py` is one module, which the import rules cannot name."""
    assert _imports(ROOT / "settings.py") & OURS <= {"stack"}


def test_only_settings_read_the_environment_of_a_function(shipped: list[Path]) -> None:
    """What a function is told has one door, so that a missing variable is said at once."""
    readers = [
        path.relative_to(ROOT).as_posix()
        for path in shipped
        if path.is_relative_to(ROOT / "services")
        and path.name != "settings.py"
        and any(word in path.read_text() for word in ("os.environ", "os.getenv"))
    ]
    assert readers == []


def test_only_settings_read_the_stack_configuration(shipped: list[Path]) -> None:
    """Defaults have one home, and so has what an operator may say; the provider's is not ours."""
    readers = [
        path.relative_to(ROOT).as_posix()
        for path in shipped
        if path.name not in {"settings.py", "settings_file.py", "provider_config.py"}
        and "pulumi.Config(" in path.read_text()
    ]
    assert readers == []


def test_components_keep_their_annotations(shipped: list[Path]) -> None:
    """Pulumi's schema inference reads real types; postponed annotations are text."""
    postponed = "from __future__ import annotations"
    components = [path for path in shipped if path.is_relative_to(ROOT / "components")]
    assert components
    assert [path.name for path in components if postponed in path.read_text()] == []
