"""``python -m local``."""

from local.launcher import main

main()
