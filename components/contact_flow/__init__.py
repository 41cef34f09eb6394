"""Contact flows of Amazon Connect, built by typed Python and checked before they are deployed.

Owns the flow language as far as a call needs it, the flow of a call, and its words. Does not own
any resource: it knows neither Pulumi nor an account, and takes ARNs as plain strings.
"""

from components.contact_flow.block import Block
from components.contact_flow.call import CallFlowArgs, call_flow
from components.contact_flow.flow import Flow
from components.contact_flow.languages import SpokenLocale
from components.contact_flow.validation import problems
from components.contact_flow.words import WORDS, Words, words_of

__all__ = [
    "WORDS",
    "Block",
    "CallFlowArgs",
    "Flow",
    "SpokenLocale",
    "Words",
    "call_flow",
    "problems",
    "words_of",
]
