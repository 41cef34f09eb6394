"""The image that every function of a stack runs.

Owns how the stack comes to an address by digest: it is given one, or it builds and pushes one. Does
not own what is in the image: that is ``services/Dockerfile``.
"""

import os
import re
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws
import pulumi_docker_build as docker_build

from components.iam import compact
from components.naming import physical_name

NO_ATTESTATIONS = "BUILDX_NO_DEFAULT_ATTESTATIONS"
_KEPT_IMAGES = 20
_DIGEST = re.compile(r"^[^\s@]+@sha256:[0-9a-f]{64}$")


class BuildArgs(TypedDict):
    """How the image is built where the stack runs."""

    context: str
    """Directory that is sent to the builder."""
    dockerfile: str
    """Path of the Dockerfile."""
    arguments: NotRequired[dict[str, str]]
    """Build arguments, such as extras to install."""


class ContainerImageArgs(TypedDict):
    """Arguments of ``ContainerImage``: either ``uri``, or ``build``."""

    uri: NotRequired[str]
    """The image by digest, pushed by somebody else, such as CI."""
    build: NotRequired[BuildArgs]
    """Build it here and now, with Docker."""
    repository_url: NotRequired[str]
    """Where a built image is pushed. Left out: a repository of the stack's own."""
    key_arn: NotRequired[pulumi.Input[str]]
    """Customer-managed key of that repository; left out, ECR's own encryption."""


class ContainerImage(pulumi.ComponentResource):
    """An image by digest, given or built: single platform, arm64, without attestations.

    Lambda refuses an image index, and attestations make one. The builder adds them unless
    ``BUILDX_NO_DEFAULT_ATTESTATIONS=1`` is set where ``pulumi`` is started, so a build is refused
    without it.

    Creates: nothing when ``uri`` is given; else ``docker-build.Image`` and, without a
    ``repository_url``, ``ecr.Repository`` and ``ecr.LifecyclePolicy``.
    """

    uri: pulumi.Output[str]
    """The image by digest."""

    def __init__(
        self, name: str, args: ContainerImageArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Declare the image.

        Raises:
            ValueError: If neither or both of ``uri`` and ``build`` are given, ``uri`` names a tag,
                or a build would add attestations.
        """
        _validate(name, args)
        super().__init__("dialtone:index:ContainerImage", name, {}, opts)
        self._name = name
        self._child = pulumi.ResourceOptions(parent=self)
        if "build" in args:
            repository = self._repository(args)
            self.uri = self._build(args["build"], repository)
        else:
            self.uri = pulumi.Output.from_input(args["uri"])
        self.register_outputs({"uri": self.uri})

    def _repository(self, args: ContainerImageArgs) -> pulumi.Output[str]:
        if "repository_url" in args:
            return pulumi.Output.from_input(args["repository_url"])
        repository = aws.ecr.Repository(
            f"{self._name}-repository",
            name=physical_name(self._name, 256).lower(),
            image_tag_mutability="MUTABLE",
            # What is in it was built here and can be again; a full repository would not go.
            force_delete=True,
            image_scanning_configuration=aws.ecr.RepositoryImageScanningConfigurationArgs(
                scan_on_push=True
            ),
            encryption_configurations=[
                aws.ecr.RepositoryEncryptionConfigurationArgs(
                    encryption_type="KMS", kms_key=args["key_arn"]
                )
                if "key_arn" in args
                else aws.ecr.RepositoryEncryptionConfigurationArgs(encryption_type="AES256")
            ],
            opts=self._child,
        )
        aws.ecr.LifecyclePolicy(
            f"{self._name}-lifecycle",
            repository=repository.name,
            policy=compact(_LIFECYCLE),
            opts=self._child,
        )
        return repository.repository_url

    def _build(self, build: BuildArgs, repository: pulumi.Output[str]) -> pulumi.Output[str]:
        login = aws.ecr.get_authorization_token_output(opts=pulumi.InvokeOutputOptions(parent=self))
        image = docker_build.Image(
            f"{self._name}-build",
            push=True,
            platforms=[docker_build.Platform.LINUX_ARM64],
            context=docker_build.BuildContextArgs(location=build["context"]),
            dockerfile=docker_build.DockerfileArgs(location=build["dockerfile"]),
            build_args=build.get("arguments", {}),
            # A tag is only where the push goes; functions are given the digest.
            tags=[repository.apply(lambda url: f"{url}:built")],
            registries=[
                docker_build.RegistryArgs(
                    address=repository.apply(lambda url: url.split("/")[0]),
                    username=login.user_name,
                    password=pulumi.Output.secret(login.password),
                )
            ],
            build_on_preview=False,
            opts=self._child,
        )
        return pulumi.Output.format("{0}@{1}", repository, image.digest)


def require_digest(uri: str) -> str:
    """Return the image's address if it names a digest.

    Raises:
        ValueError: If it names a tag, or nothing.
    """
    if not _DIGEST.match(uri):
        raise ValueError(f"image must be <repository>@sha256:<64 hex digits>, got {uri!r}")
    return uri


_LIFECYCLE = {
    "rules": [
        {
            "rulePriority": 1,
            "description": "The deployed digest is always among the newest",
            "selection": {
                "tagStatus": "any",
                "countType": "imageCountMoreThan",
                "countNumber": _KEPT_IMAGES,
            },
            "action": {"type": "expire"},
        }
    ]
}


def _validate(name: str, args: ContainerImageArgs) -> None:
    if ("uri" in args) == ("build" in args):
        raise ValueError(f"{name}: give either uri, an image by digest, or build")
    if "uri" in args:
        require_digest(args["uri"])
    elif os.environ.get(NO_ATTESTATIONS) != "1":
        raise ValueError(
            f"{name}: Lambda refuses images with attestations, and the builder adds them: "
            f"start again with {NO_ATTESTATIONS}=1 pulumi up"
        )
