"""What the parameters of an action have to be, by its type.

Owns the schema facts, with the reference pages that ``blocks`` names as their source. Does not own
what follows an action: that is ``paths``.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from components.contact_flow.reference import (
    MAX_ATTRIBUTES_BYTES,
    MAX_INPUT_SECONDS,
    MAX_INTERDIGIT_SECONDS,
    MAX_INVOCATION_SECONDS,
    MAX_LEX_DIGITS,
    MAX_LOOPS,
    MAX_SPEECH_MILLISECONDS,
    MAX_SSML,
    MAX_STORED_DIGITS,
    MAX_TEXT,
    STORED_INPUT,
    ActionType,
    stores,
)

_PROMPTS = ("Text", "SSML", "PromptId", "Media")
_PATH = re.compile(r"^\$\.[A-Za-z][\w.\-]*$")
_LANGUAGE = re.compile(r"^[a-z]{2,3}-[A-Z]{2}$")
_ENGINES = ("Standard", "Neural", "Generative")
_STYLES = ("None", "Conversational", "Newscaster")
# Of the session attributes that Lex itself reads: the least and the most, before the intent.
_LEX_NUMBERS = {
    "x-amz-lex:audio:max-length-ms": (1, MAX_SPEECH_MILLISECONDS),
    "x-amz-lex:audio:start-timeout-ms": (1, 60_000),
    "x-amz-lex:audio:end-timeout-ms": (1, 60_000),
    "x-amz-lex:dtmf:max-length": (1, MAX_LEX_DIGITS),
    "x-amz-lex:dtmf:end-timeout-ms": (1, 60_000),
}

Parameters = Mapping[str, Any]


def _is_number(value: object, least: int, most: int) -> bool:
    return isinstance(value, str) and value.isdecimal() and least <= int(value) <= most


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_arn(value: object, service: str) -> bool:
    if not isinstance(value, str):
        return False
    return bool(_PATH.match(value)) or bool(re.match(rf"^arn:[\w-]+:{service}:", value))


def _unknown(parameters: Parameters, *allowed: str) -> Iterator[str]:
    unknown = sorted(parameters.keys() - set(allowed))
    if unknown:
        yield f"has parameters it does not know: {unknown}"


def _prompt(parameters: Parameters) -> Iterator[str]:
    given = [name for name in _PROMPTS if name in parameters]
    if len(given) != 1:
        yield f"needs exactly one of {', '.join(_PROMPTS)}, got {given}"
        return
    if given == ["Media"]:
        media = parameters["Media"]
        if not isinstance(media, Mapping) or media.keys() != {"Uri", "SourceType", "MediaType"}:
            yield "Media has Uri, SourceType and MediaType"
        return
    words = parameters[given[0]]
    if not _is_text(words):
        yield f"{given[0]} says nothing"
        return
    most = MAX_SSML if given == ["SSML"] else MAX_TEXT
    if len(words) > most:
        yield f"{given[0]} has {len(words)} characters, at most {most}"
    if STORED_INPUT in words:
        yield f"{given[0]} speaks what a caller typed"


def _message(parameters: Parameters) -> Iterator[str]:
    yield from _unknown(parameters, *_PROMPTS)
    yield from _prompt(parameters)


def _input(parameters: Parameters) -> Iterator[str]:
    stored = ("InputValidation", "InputEncryption", "DTMFConfiguration")
    yield from _unknown(parameters, *_PROMPTS, "StoreInput", "InputTimeLimitSeconds", *stored)
    yield from _prompt(parameters)
    if parameters.get("StoreInput") not in ("True", "False"):
        yield "StoreInput is the text True or False"
    if not _is_number(parameters.get("InputTimeLimitSeconds"), 1, MAX_INPUT_SECONDS):
        yield f"InputTimeLimitSeconds is a text of 1 to {MAX_INPUT_SECONDS}"
    if not stores(dict(parameters)):
        given = [name for name in stored if name in parameters]
        if given:
            yield f"only stored input has {given}"
        return
    yield from _stored_input(parameters)


def _stored_input(parameters: Parameters) -> Iterator[str]:
    validation = parameters.get("InputValidation")
    ways = {"CustomValidation", "PhoneNumberValidation"}
    if not isinstance(validation, Mapping) or len(validation.keys() & ways) != 1:
        yield f"stored input needs InputValidation with exactly one of {sorted(ways)}"
        return
    custom = validation.get("CustomValidation")
    if custom is None:
        if "InputEncryption" in parameters:
            yield "InputEncryption needs CustomValidation"
    elif not isinstance(custom, Mapping) or not _is_number(
        custom.get("MaximumLength"), 1, MAX_STORED_DIGITS
    ):
        yield f"MaximumLength is a text of 1 to {MAX_STORED_DIGITS}"
    encryption = parameters.get("InputEncryption")
    if encryption is not None and (
        not isinstance(encryption, Mapping) or encryption.keys() != {"EncryptionKeyId", "Key"}
    ):
        yield "InputEncryption has EncryptionKeyId and Key"
    keys = parameters.get("DTMFConfiguration", {})
    known = {"InputTerminationSequence", "DisableCancelKey", "InterdigitTimeLimitSeconds"}
    if not isinstance(keys, Mapping) or keys.keys() - known:
        yield f"DTMFConfiguration has no more than {sorted(known)}"
        return
    if keys.get("DisableCancelKey", "False") not in ("True", "False"):
        yield "DisableCancelKey is the text True or False"
    if not _is_number(keys.get("InterdigitTimeLimitSeconds", "1"), 1, MAX_INTERDIGIT_SECONDS):
        yield f"InterdigitTimeLimitSeconds is a text of 1 to {MAX_INTERDIGIT_SECONDS}"


def _lex(parameters: Parameters) -> Iterator[str]:
    known = ("LexV2Bot", "LexBot", "LexSessionAttributes", "LexTimeoutSeconds")
    yield from _unknown(parameters, *_PROMPTS, *known, "LexInitilizationData")
    yield from _prompt(parameters)
    if "LexBot" in parameters:
        yield "LexBot is a bot of Lex V1; use LexV2Bot with AliasArn"
    bot = parameters.get("LexV2Bot")
    if not isinstance(bot, Mapping) or not _is_arn(bot.get("AliasArn"), "lex"):
        yield "LexV2Bot needs AliasArn, an ARN of Lex or one JSONPath"
    if "LexTimeoutSeconds" in parameters:
        yield "LexTimeoutSeconds is for chat; a call has x-amz-lex:audio:start-timeout-ms"
    session = parameters.get("LexSessionAttributes", {})
    if not isinstance(session, Mapping):
        yield "LexSessionAttributes maps names to texts"
        return
    for name, value in session.items():
        yield from _session_attribute(name, value)


def _session_attribute(name: str, value: object) -> Iterator[str]:
    if not isinstance(value, str):
        yield f"session attribute {name} is a text, got {value!r}"
        return
    if STORED_INPUT in value:
        yield f"session attribute {name} holds what a caller typed"
    limits = _LEX_NUMBERS.get(":".join(name.split(":")[:3]))
    if limits is not None and not _is_number(value, *limits):
        yield f"session attribute {name} is a text of {limits[0]} to {limits[1]}, got {value}"
    if name.startswith("x-amz-lex:allow-interrupt:") and value not in ("true", "false"):
        yield f"session attribute {name} is true or false, got {value}"


def _compare(parameters: Parameters) -> Iterator[str]:
    yield from _unknown(parameters, "ComparisonValue")
    value = parameters.get("ComparisonValue")
    if not isinstance(value, str) or not _PATH.match(value):
        yield "ComparisonValue is one JSONPath, such as $.External.result"


def _loop(parameters: Parameters) -> Iterator[str]:
    yield from _unknown(parameters, "LoopCount")
    if not _is_number(parameters.get("LoopCount"), 0, MAX_LOOPS):
        yield f"LoopCount is a text of 0 to {MAX_LOOPS}"


def _invoke(parameters: Parameters) -> Iterator[str]:
    limit, attributes = "InvocationTimeLimitSeconds", "LambdaInvocationAttributes"
    yield from _unknown(
        parameters, "LambdaFunctionARN", limit, attributes, "ResponseValidation", "InvocationType"
    )
    if not _is_arn(parameters.get("LambdaFunctionARN"), "lambda"):
        yield "LambdaFunctionARN is an ARN of Lambda or one JSONPath"
    if not _is_number(parameters.get(limit), 1, MAX_INVOCATION_SECONDS):
        yield f"{limit} is a text of 1 to {MAX_INVOCATION_SECONDS}"
    if not _are_texts(parameters.get(attributes, {})):
        yield f"{attributes} maps names to texts"
    validation = parameters.get("ResponseValidation", {"ResponseType": "STRING_MAP"})
    if validation not in ({"ResponseType": "STRING_MAP"}, {"ResponseType": "JSON"}):
        yield "ResponseValidation has ResponseType STRING_MAP or JSON"


def _are_texts(value: object) -> bool:
    return isinstance(value, Mapping) and all(isinstance(one, str) for one in value.values())


def _set_voice(parameters: Parameters) -> Iterator[str]:
    yield from _unknown(parameters, "TextToSpeechVoice", "TextToSpeechEngine", "TextToSpeechStyle")
    voice = parameters.get("TextToSpeechVoice")
    if not isinstance(voice, str) or not voice.isalpha():
        yield "TextToSpeechVoice is the name of a voice, fixed before the call"
    if parameters.get("TextToSpeechEngine", "Standard") not in _ENGINES:
        yield f"TextToSpeechEngine is one of {_ENGINES}"
    if parameters.get("TextToSpeechStyle", "None") not in _STYLES:
        yield f"TextToSpeechStyle is one of {_STYLES}"


def _set_data(parameters: Parameters) -> Iterator[str]:
    yield from _unknown(parameters, "LanguageCode", "TargetContact")
    code = parameters.get("LanguageCode")
    if not isinstance(code, str) or not _LANGUAGE.match(code):
        yield "LanguageCode is such as en-US, for the locale en_US"


def _set_attributes(parameters: Parameters) -> Iterator[str]:
    yield from _unknown(parameters, "Attributes", "TargetContact")
    attributes = parameters.get("Attributes")
    if not attributes or not _are_texts(attributes):
        yield "Attributes maps names to texts"
    elif any(STORED_INPUT in value for value in attributes.values()):
        yield "Attributes keep what a caller typed, in clear"
    elif (size := sum(len(f"{one}{attributes[one]}".encode()) for one in attributes)) > (
        MAX_ATTRIBUTES_BYTES
    ):
        yield f"Attributes come to {size} bytes, at most {MAX_ATTRIBUTES_BYTES}"
    if parameters.get("TargetContact") not in ("Current", "Related"):
        yield "TargetContact is Current or Related"


def _set_queue(parameters: Parameters) -> Iterator[str]:
    yield from _unknown(parameters, "QueueId", "AgentId")
    given = [name for name in ("QueueId", "AgentId") if _is_text(parameters.get(name))]
    if len(given) != 1:
        yield "needs exactly one of QueueId, AgentId"


def _check_hours(parameters: Parameters) -> Iterator[str]:
    yield from _unknown(parameters, "HoursOfOperationId")
    if not _is_text(parameters.get("HoursOfOperationId", "of the queue")):
        yield "HoursOfOperationId is an id or an ARN"


def _logging(parameters: Parameters) -> Iterator[str]:
    yield from _unknown(parameters, "FlowLoggingBehavior")
    if parameters.get("FlowLoggingBehavior") not in ("Enabled", "Disabled"):
        yield "FlowLoggingBehavior is Enabled or Disabled"


_CHECKS: dict[str, Callable[[Parameters], Iterator[str]]] = {
    ActionType.CHECK_HOURS: _check_hours,
    ActionType.COMPARE: _compare,
    ActionType.DISCONNECT: _unknown,
    ActionType.INPUT: _input,
    ActionType.INVOKE: _invoke,
    ActionType.LEX: _lex,
    ActionType.LOGGING: _logging,
    ActionType.LOOP: _loop,
    ActionType.MESSAGE: _message,
    ActionType.SET_ATTRIBUTES: _set_attributes,
    ActionType.SET_DATA: _set_data,
    ActionType.SET_QUEUE: _set_queue,
    ActionType.SET_VOICE: _set_voice,
    ActionType.TRANSFER: _unknown,
}


def parameter_problems(kind: str, parameters: Parameters) -> Iterator[str]:
    """What is wrong with the parameters of an action whose type is known."""
    yield from _CHECKS[kind](parameters)
