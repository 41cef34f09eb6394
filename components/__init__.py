"""Components for a phone number that answers: reusable, secure by default, in any Pulumi language.

Each lives in a module of its own; ``__main__`` here serves them all to other languages.
"""

from components.alarm_topic import AlarmTopic, AlarmTopicArgs, Watch
from components.api_args import AuthorizerArgs, DomainArgs, RouteArgs, WebhookApiArgs
from components.api_routes import Throttle
from components.connect_line import ConnectLine, ConnectLineArgs, OpeningHours
from components.container_function import ContainerFunction
from components.container_image import BuildArgs, ContainerImage, ContainerImageArgs
from components.fifo_queue import ConsumerArgs, FifoQueue, FifoQueueArgs
from components.function_args import ContainerFunctionArgs, LogLevel
from components.iam import Condition, Statement
from components.lex_bot import LexBot, LexBotArgs
from components.lex_definition import Filler, LexIntentArgs, LexLocaleArgs, VoiceEngine
from components.managed_secret import ManagedSecret, ManagedSecretArgs
from components.model_access import grant_models
from components.naming import physical_name
from components.schedule import Schedule, ScheduleArgs, every
from components.secure_table import IndexArgs, KeyType, SecureTable, SecureTableArgs
from components.stack_key import StackKey, StackKeyArgs
from components.twilio_number import TwilioNumber, TwilioNumberArgs
from components.voice_channel import VoiceChannel, VoiceChannelArgs, VoiceLocaleArgs
from components.webhook_api import WebhookApi

COMPONENTS = [
    AlarmTopic,
    ConnectLine,
    ContainerFunction,
    ContainerImage,
    FifoQueue,
    LexBot,
    ManagedSecret,
    Schedule,
    SecureTable,
    StackKey,
    TwilioNumber,
    VoiceChannel,
    WebhookApi,
]

__all__ = [
    "COMPONENTS",
    "AlarmTopic",
    "AlarmTopicArgs",
    "AuthorizerArgs",
    "BuildArgs",
    "Condition",
    "ConnectLine",
    "ConnectLineArgs",
    "ConsumerArgs",
    "ContainerFunction",
    "ContainerFunctionArgs",
    "ContainerImage",
    "ContainerImageArgs",
    "DomainArgs",
    "FifoQueue",
    "FifoQueueArgs",
    "Filler",
    "IndexArgs",
    "KeyType",
    "LexBot",
    "LexBotArgs",
    "LexIntentArgs",
    "LexLocaleArgs",
    "LogLevel",
    "ManagedSecret",
    "ManagedSecretArgs",
    "OpeningHours",
    "RouteArgs",
    "Schedule",
    "ScheduleArgs",
    "SecureTable",
    "SecureTableArgs",
    "StackKey",
    "StackKeyArgs",
    "Statement",
    "Throttle",
    "TwilioNumber",
    "TwilioNumberArgs",
    "VoiceChannel",
    "VoiceChannelArgs",
    "VoiceEngine",
    "VoiceLocaleArgs",
    "Watch",
    "WebhookApi",
    "WebhookApiArgs",
    "every",
    "grant_models",
    "physical_name",
]
