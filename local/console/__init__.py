"""The console page of the local stack: phones to text from, and what the stack makes of it.

``app.create_app(stack)`` is the page and its API. Owns the view; it changes nothing but faults, and
texts only as a person would, through the carrier.
"""
