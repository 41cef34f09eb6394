"""Runs the program itself, as the stack files configure it."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any
from unittest import mock

import pulumi
import yaml

from tests.components.recording_cloud import RecordingCloud, run_to_the_end

ROOT = Path(__file__).resolve().parents[2]
STACKS = sorted(path.name.split(".")[1] for path in ROOT.glob("Pulumi.*.yaml"))
DIGEST = f"registry.example/dialtone@sha256:{'a' * 64}"


def stack_config(stack: str) -> dict[str, Any]:
    """Return what a stack file configures, by full key, over the project's defaults."""
    project = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]
    loaded = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text())["config"]
    config: dict[str, Any] = {key: one["default"] for key, one in project.items()}
    config.update(loaded)
    return config


def configure(stack: str, **overrides: Any) -> None:
    """Set the configuration as the engine would: everything but text is JSON."""
    values = stack_config(stack) | {f"dialtone:{key}": one for key, one in overrides.items()}
    as_text = {key: v if isinstance(v, str) else json.dumps(v) for key, v in values.items()}
    pulumi.runtime.set_all_config(as_text)


def compose(cloud: RecordingCloud, stack: str = "prod", **overrides: Any) -> dict[str, Any]:
    """Run ``__main__.py`` for a stack, and return its outputs."""
    overrides.setdefault("image", {"uri": DIGEST})
    pulumi.runtime.set_mocks(
        cloud.mocks, project="dialtone", stack=stack, preview=cloud.preview, monitor=cloud.monitor
    )
    configure(stack, **overrides)
    exported: dict[str, Any] = {}
    outputs: dict[str, Any] = {}
    with mock.patch.object(pulumi, "export", exported.__setitem__):
        run_to_the_end(lambda: runpy.run_path(str(ROOT / "__main__.py")))
    run_to_the_end(lambda: pulumi.Output.from_input(exported).apply(outputs.update))
    return outputs
