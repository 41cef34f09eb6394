"""What differs between model providers: SDK, client, retries, time-outs, key."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from conversation import aws
from conversation.secrets import JsonSecret

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

PROVIDERS = ("anthropic", "bedrock", "ollama", "openai")
_PACKAGES = {
    "anthropic": "langchain_anthropic",
    "ollama": "langchain_ollama",
    "openai": "langchain_openai",
}
_CLASSES = {"anthropic": "ChatAnthropic", "ollama": "ChatOllama", "openai": "ChatOpenAI"}


class ModelSpecError(ValueError):
    """A model's name is not `provider:model` with a provider we know."""


class MissingExtraError(Exception):
    """The image was built without a provider's SDK."""


@dataclass(frozen=True)
class Providers:
    """Builds the LangChain models of a stack.

    Attributes:
        max_output_tokens: Longest answer.
        answer_seconds: The channel's deadline, as the outer bound of a socket's silence.
        secret: Holds `openai_api_key` and `anthropic_api_key`; None when only Bedrock is named.
    """

    max_output_tokens: int
    answer_seconds: float
    secret: JsonSecret | None

    def build(self, provider: str, model: str) -> BaseChatModel:
        """One model, without retries of its own: the chain owns the deadline.

        Raises:
            MissingExtraError: The image was built without the provider's SDK.
            ModelSpecError: The provider needs a key and the stack has no models secret.
            SecretError: The models secret lacks the provider's key.
        """
        if provider == "bedrock":
            return self._bedrock(model)
        settings: dict[str, Any] = {"model": model}
        if provider == "ollama":
            settings["model"], _, base_url = model.partition("@")
            settings |= {"base_url": base_url or None, "num_predict": self.max_output_tokens}
            settings["client_kwargs"] = {"timeout": self.answer_seconds}
        else:
            settings |= {"api_key": self._key(provider), "max_tokens": self.max_output_tokens}
            settings |= {"max_retries": 0, "timeout": self.answer_seconds}
        chat_model: BaseChatModel = getattr(_extra(provider), _CLASSES[provider])(**settings)
        return chat_model

    def _bedrock(self, model: str) -> BaseChatModel:
        from langchain_aws.chat_models.bedrock_converse import ChatBedrockConverse  # noqa: PLC0415

        client = aws.bedrock_runtime(read_seconds=int(self.answer_seconds))
        # The control-plane client is only for application inference profiles; ours for both keeps
        # LangChain from building two more.
        return ChatBedrockConverse(
            model_id=model,
            client=client,
            bedrock_client=client,
            max_tokens=self.max_output_tokens,
            disable_streaming=True,
        )

    def _key(self, provider: str) -> str:
        if self.secret is None:
            raise ModelSpecError(f"{provider}:… needs the stack's models secret")
        return self.secret.field(f"{provider}_api_key")


def _extra(provider: str) -> Any:
    package = _PACKAGES[provider]
    try:
        return importlib.import_module(package)
    except ModuleNotFoundError as error:
        if error.name != package:
            raise
        raise MissingExtraError(
            f"the image has no {package}; build it with the extra {provider!r} "
            f"(--build-arg EXTRAS={provider})"
        ) from error
