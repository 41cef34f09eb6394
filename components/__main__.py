"""Serves the components to programs in other languages; ``PulumiPlugin.yaml`` points here."""

import sys
from pathlib import Path

from pulumi.provider.experimental import component_provider_host

# The plugin is started as a directory, and the components import each other as a package.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from components import COMPONENTS

if __name__ == "__main__":
    component_provider_host(name="dialtone", components=list(COMPONENTS))
