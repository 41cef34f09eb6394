"""Builds what the image holds: the packages that run, the services, and AWS's data files.

The Dockerfile's first stage runs it for the image, `make payload` for this machine, so that
tests and figures are taken on the thing that is deployed. It is not part of the payload.

What it takes out is listed below, by name, with the reason; tests/services/test_payload.py
imports and uses everything from the result, so that a name listed in error fails there.
"""

from __future__ import annotations

import argparse
import compileall
import json
import py_compile
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from shared_library import loaded_part

ROOT = Path(__file__).resolve().parent.parent
SERVICES = Path(__file__).resolve().parent
PACKAGES = ("conversation", "texting", "messaging", "voice")

# Required by a package's metadata, imported by nothing that a function does. 130 MB unpacked.
NEVER_IMPORTED = {
    "numpy": "langchain-aws: embeddings and vector stores",
    "aiohttp": "twilio: its asynchronous client, and with it the seven below",
    "aiohappyeyeballs": "aiohttp",
    "aiohttp-retry": "aiohttp",
    "aiosignal": "aiohttp",
    "attrs": "aiohttp",
    "frozenlist": "aiohttp",
    "multidict": "aiohttp",
    "propcache": "aiohttp",
    "yarl": "aiohttp",
    "pyjwt": "twilio: access tokens for its voice and chat clients",
    "httpx": "langchain-core: langsmith takes httpx2; back with another provider's extra",
    "httpcore": "httpx",
    "h11": "httpcore",
    "httpcore2": "httpx2, once it sends: langsmith uploads no traces from here",
    "truststore": "httpx2, once it sends",
    "websockets": "langsmith: its sandbox",
    "zstandard": "langsmith: compressing traces",
    "pycparser": "cffi: only while something compiles",
}
# Parts of kept packages that no function imports or opens.
NEVER_OPENED = (
    "aws_lambda_powertools/event_handler",
    "bin",
    "boto3/data",
    # Names of places, carriers and time zones: we ask for countries and kinds of numbers only.
    "phonenumbers/carrierdata",
    "phonenumbers/geodata",
    "phonenumbers/tzdata",
)
# Products of the carrier that no function calls. The SDK imports each on first use.
TWILIO_PRODUCTS_KEPT = {"api"}
# boto3's own services, named by botocore's data folders.
AWS_SERVICES = ("bedrock-runtime", "dynamodb", "kms", "secretsmanager", "sqs", "sts")
AWS_SHARED_FILES = ("_retry.json", "partitions.json", "sdk-default-configuration.json")
# Where the lean copies go. AWS_DATA_PATH (the Dockerfile sets it) makes the SDK prefer them.
AWS_DATA = "aws-data"

_REQUIREMENT = re.compile(r"^([A-Za-z0-9][\w.-]*)==")


def say(text: str) -> None:
    """Report progress where it does not mix with a result."""
    print(f"payload: {text}", file=sys.stderr, flush=True)  # noqa: T201 - a command's progress


def names_of(requirements: str) -> set[str]:
    """The packages that a requirements file pins."""
    return {match[1] for line in requirements.splitlines() if (match := _REQUIREMENT.match(line))}


def without(requirements: str, left_out: set[str]) -> str:
    """A requirements file less some packages, their hashes included."""
    kept: list[str] = []
    keeping = True
    for line in requirements.splitlines():
        if match := _REQUIREMENT.match(line):
            keeping = match[1] not in left_out
        if keeping:
            kept.append(line)
    return "\n".join(kept) + "\n"


def locked(extras: list[str]) -> str:
    """The pinned requirements of the image: the services', and those of each extra."""
    services = (ROOT / "requirements" / "services.txt").read_text()
    added = [(ROOT / "requirements" / f"{extra}.txt").read_text() for extra in extras]
    wanted: set[str] = set().union(*(names_of(text) for text in added))
    parts = [without(services, set(NEVER_IMPORTED) - wanted)]
    seen = names_of(parts[0])
    for text in added:
        parts.append(without(text, seen))
        seen |= names_of(text)
    return "".join(parts)


def install_command(uv: str, requirements: Path, target: Path, platform: list[str]) -> list[str]:
    """The one install, hash-checked, from wheels alone; `platform` names another machine."""
    return [
        *(uv, "pip", "install", "--quiet", "--target", str(target), "--link-mode", "copy"),
        *("--require-hashes", "--no-deps", "--only-binary", ":all:"),
        *(platform or ["--python", sys.executable]),
        *("--requirement", str(requirements)),
    ]


def install(uv: str, target: Path, extras: list[str]) -> None:
    """Install the locked packages of the image into the payload."""
    with tempfile.TemporaryDirectory() as folder:
        requirements = Path(folder) / "requirements.txt"
        requirements.write_text(locked(extras))
        subprocess.run(install_command(uv, requirements, target, []), check=True)  # noqa: S603 - our own command


def trim(target: Path) -> None:
    """Take out what the installed packages carry and no function opens."""
    for product in (target / "twilio" / "rest").iterdir():
        if product.is_dir() and product.name not in TWILIO_PRODUCTS_KEPT:
            shutil.rmtree(product)
    for service in (target / "botocore" / "data").iterdir():
        if service.is_dir() and service.name not in AWS_SERVICES:
            shutil.rmtree(service)
    for folder in NEVER_OPENED:
        shutil.rmtree(target / folder, ignore_errors=True)
    for stub in target.rglob("*.pyi"):
        stub.unlink()


def strip(target: Path) -> None:
    """Drop the symbols that some wheels carry for debuggers; here, so that no tool is needed."""
    for library in sorted(target.rglob("*.so*")):
        if library.is_file() and not library.is_symlink():
            loaded = loaded_part(library.read_bytes())
            if loaded is not None:
                library.write_bytes(loaded)


def _undocumented(value: Any) -> Any:
    """A service model without the sentences that only help pages read."""
    if isinstance(value, dict):
        return {
            key: _undocumented(item)
            for key, item in value.items()
            # A shape may have a member of this name; its value is a dict, never a sentence.
            if not (key == "documentation" and isinstance(item, str))
        }
    if isinstance(value, list):
        return [_undocumented(item) for item in value]
    return value


def _endpoints(everything: dict[str, Any]) -> dict[str, Any]:
    """The SDK's endpoint table, less the 300 services that no function calls."""
    from botocore.session import Session  # noqa: PLC0415 - from the payload, as below

    session = Session()
    prefixes = {session.get_service_model(name).endpoint_prefix for name in AWS_SERVICES}
    for partition in everything["partitions"]:
        services = partition["services"]
        partition["services"] = {key: services[key] for key in services if key in prefixes}
    return everything


def write_aws_data(target: Path) -> None:
    """Write lean copies of the SDK's data: no prose, unpacked, and no foreign endpoints.

    Parsing the whole endpoint table is a third of a first client's time.
    """
    sys.path.insert(0, str(target))
    from botocore.loaders import Loader  # noqa: PLC0415 - the payload's own, just installed

    source = target / "botocore" / "data"
    lean = target / AWS_DATA
    lean.mkdir()
    for name in AWS_SHARED_FILES:
        shutil.copy(source / name, lean / name)
    _dump(lean / "endpoints.json", _endpoints(json.loads((source / "endpoints.json").read_text())))
    loader = Loader(extra_search_paths=[str(source)], include_default_search_paths=False)
    for service in AWS_SERVICES:
        version = loader.determine_latest_version(service, "service-2")
        folder = Path(service) / version
        (lean / folder).mkdir(parents=True)
        for packed in (source / folder).glob("*.json*"):
            name = packed.name.removesuffix(".gz").removesuffix(".json")
            if name.startswith("examples"):
                continue
            model = loader.load_data(str(folder / name))
            _dump(lean / folder / f"{name}.json", _undocumented(model))


def _dump(path: Path, content: Any) -> None:
    """Write JSON without white space."""
    path.write_text(json.dumps(content, separators=(",", ":")))


def copy_services(target: Path) -> None:
    """Copy our own packages, without anybody's caches."""
    for name in PACKAGES:
        shutil.copytree(
            SERVICES / name, target / name, ignore=shutil.ignore_patterns("__pycache__", "*.pyc")
        )


def compile_bytecode(target: Path, installed_at: Path) -> None:
    """Compile everything, keyed by nothing but its presence.

    A file system in an image has other times than the build, and bytecode keyed by time would
    be ignored in silence: a cold start takes twice as long then.
    """
    ok = compileall.compile_dir(
        str(target),
        quiet=1,
        force=True,
        workers=0,
        stripdir=str(target),
        prependdir=str(installed_at),
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )
    if not ok:
        message = f"some file under {target} does not compile"
        raise SystemExit(message)


def megabytes(folder: Path) -> float:
    """What the files of a folder hold."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def build(target: Path, *, uv: str, extras: list[str], installed_at: Path | None = None) -> None:
    """Build the payload afresh in a folder.

    Args:
        target: The folder; what it held is removed.
        uv: The uv to install with.
        extras: Providers whose SDK to add: `anthropic`, `ollama`, `openai`.
        installed_at: Where the payload will lie when it runs; tracebacks name files there.
    """
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    say("installing packages")
    install(uv, target, extras)
    say("taking out what is never used")
    write_aws_data(target)
    trim(target)
    strip(target)
    copy_services(target)
    say("compiling")
    compile_bytecode(target, installed_at or target)
    say(f"{target}: {megabytes(target):.1f} MB")


def main() -> None:
    """Read the command line and build."""
    parser = argparse.ArgumentParser(description="Build what the image holds.")
    parser.add_argument("--target", type=Path, default=ROOT / "build" / "payload")
    parser.add_argument("--uv", default=shutil.which("uv") or "uv", help="the uv to install with")
    parser.add_argument("--extras", default="", help="providers to add, such as `openai ollama`")
    parser.add_argument("--installed-at", type=Path, help="where the payload will lie")
    options = parser.parse_args()
    build(
        options.target.resolve(),
        uv=options.uv,
        extras=options.extras.split(),
        installed_at=options.installed_at,
    )


if __name__ == "__main__":
    main()
