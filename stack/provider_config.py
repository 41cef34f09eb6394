"""What the AWS provider is told: its own configuration, which is none of ours.

Our settings are read in ``stack/settings_file.py``.
"""

import os
from typing import Any

import pulumi


def configured_region() -> str | None:
    """Return the region that the stack names; None where it leaves it to the environment."""
    return pulumi.Config("aws").get("region") or None


def region() -> str | None:
    """Return the region of the stack, from where the provider takes it; None when it is unset."""
    return (
        configured_region() or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    )


def default_tags() -> dict[str, str] | None:
    """Return the tags that everything gets; None when there are none."""
    declared: Any = pulumi.Config("aws").get_object("defaultTags")
    return None if declared is None else dict(declared.get("tags", {}))
