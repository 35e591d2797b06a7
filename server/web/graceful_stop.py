"""Lets every connection go after its answer once the server stops, so that nobody is cut off in the middle.

uvicorn alone closes connections that are kept alive at once, also those on which the next request is coming in.
"""

from __future__ import annotations

import asyncio
import signal
import socket
from types import FrameType

import uvicorn

from server.web.asgi import Front

QUIET_S = 1.0
"""How long connections that are kept alive have, after the stop, to bring the request they had begun, in seconds."""

TURN_S = 0.05


class PartingServer(uvicorn.Server):
    """A web server that stops by answering what was begun, each answer with ``Connection: close``."""

    def __init__(self, config: uvicorn.Config, front: Front) -> None:
        super().__init__(config)
        self._front = front

    def heed_signals(self) -> None:
        """Stop at SIGTERM and SIGINT from now on, before the loop runs too.

        uvicorn raises the signal once more when it is done; by then it says nothing new.
        """
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await asyncio.sleep(TURN_S)  # who has connected already is taken in; closing the listener would reset them
        for server in self.servers:
            server.close()
        for listener in sockets or []:
            listener.close()
        self._front.is_parting = True  # only now: a phone that is let go earlier would connect once more
        waited_s = 0.0
        while self.server_state.connections and waited_s < QUIET_S:
            await asyncio.sleep(TURN_S)
            waited_s += TURN_S
        await super().shutdown(sockets)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.should_exit = True
