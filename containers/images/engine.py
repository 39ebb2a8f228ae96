"""The container engine: how we reach it, and what its troubles mean."""

import functools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import docker
import requests
from docker.errors import APIError, DockerException

from containers.calls.call import InfrastructureError

SOCKET = Path("/var/run/docker.sock")


def is_configured() -> bool:
    """Whether this machine means to have an engine: `DOCKER_HOST` is set, or the usual socket is
    there."""
    return bool(os.environ.get("DOCKER_HOST")) or SOCKET.exists()


class Stream:
    """A stream of chunks, as the engine sends files, for what reads from a file."""

    def __init__(self, chunks: Iterator[bytes]):
        self.chunks, self.held = iter(chunks), b""

    def read(self, size: int) -> bytes:
        """The next `size` bytes, fewer at the end."""
        while len(self.held) < size and (chunk := next(self.chunks, b"")):
            self.held += chunk
        taken, self.held = self.held[:size], self.held[size:]
        return taken


@functools.cache
def connect(patience: int = 120) -> docker.DockerClient:
    """A client of the engine that waits `patience` seconds for an answer; raises DockerException
    where none comes."""
    return docker.from_env(timeout=patience)


@contextmanager
def engine_errors() -> Iterator[None]:
    """Turn the engine's errors into InfrastructureError, with what it means and the way out."""
    try:
        yield
    except (DockerException, requests.exceptions.RequestException) as error:
        raise InfrastructureError(explain(error)) from error


def explain(error: Exception) -> str:
    """What an error of the engine means and what to do about it."""
    text = str(error.explanation if isinstance(error, APIError) and error.explanation else error)
    where = os.environ.get("DOCKER_HOST", str(SOCKET))
    if "could not select device driver" in text:
        return (
            "the engine can't give a container the GPU: install the NVIDIA container toolkit and"
            " restart the engine, or run without PQRST_GPUS"
        )
    if "no space left on device" in text.lower():
        return (
            f"the engine's disk is full ({text[-200:]}); free some: docker system df, docker image"
            " prune"
        )
    if not isinstance(error, APIError):
        return (
            f"no container engine answers at {where} ({text[:300]}); start it, or run on the host,"
            " which is no sandbox and is marked so: PQRST_RUNNER=host"
        )
    return f"the container engine says: {text[:500]}"
