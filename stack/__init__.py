"""What ``settings.py`` and ``__main__.py`` lean on: rules, reports, environments and watches."""
