"""Amazon Connect and Lex V2, played on this machine.

A call runs through the contact flow that the stack declares, block by block, and through its bot to
the function behind the alias; the function host runs that. Nothing is spoken aloud: words go in and
come out. What is stricter or simpler than AWS stands where it is done.
"""

from local.phone.call import Call
from local.phone.clock import INSTANT, REAL, Clock, Pace
from local.phone.contact import Switches
from local.phone.exchange import NumberError, Phone
from local.phone.flow_document import FlowError
from local.phone.functions import HookFaults
from local.phone.line import CallEvent

__all__ = [
    "INSTANT",
    "REAL",
    "Call",
    "CallEvent",
    "Clock",
    "FlowError",
    "HookFaults",
    "NumberError",
    "Pace",
    "Phone",
    "Switches",
]
