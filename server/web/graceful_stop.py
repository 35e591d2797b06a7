"""Stops the server gracefully: every connection is closed after its answer, so that none is cut off in the middle.

uvicorn alone closes connections that are kept alive at once, also those on which the next request is coming in.
"""

from __future__ import annotations

import asyncio
import signal
import socket
from types import FrameType

import uvicorn

from server.web.asgi import Bridge

QUIET_S = 1.0
"""How long connections that are kept alive have, after the stop, to bring the request they had begun, in seconds."""

POLL_S = 0.05


class GracefulServer(uvicorn.Server):
    """A web server that stops by answering what was begun, each answer with ``Connection: close``."""

    def __init__(self, config: uvicorn.Config, bridge: Bridge) -> None:
        super().__init__(config)
        self._bridge = bridge

    def stop_on_signals(self) -> None:
        """Stop at SIGTERM and SIGINT from now on, before the loop runs too.

        uvicorn raises the signal once more when it is done; by then it has no effect.
        """
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await asyncio.sleep(POLL_S)  # who has connected already is taken in; closing the listener would reset them
        for server in self.servers:
            server.close()
        for listener in sockets or []:
            listener.close()
        self._bridge.is_stopping = True  # only now: a phone that is let go earlier would connect once more
        waited_s = 0.0
        while self.server_state.connections and waited_s < QUIET_S:
            await asyncio.sleep(POLL_S)
            waited_s += POLL_S
        await super().shutdown(sockets)
        for connection in tuple(self.server_state.connections):  # of readers who have read nothing until now
            connection.transport.abort()
        await asyncio.sleep(POLL_S)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.should_exit = True
