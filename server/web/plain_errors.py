"""Answers what is no HTTP in the words of every other refusal, since a Chinese word typed into an address is enough."""

from __future__ import annotations

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from server.errors import Unreadable
from server.web.problem_details import as_problem

CURE = "请求不合 HTTP 的规定；网址里的汉字和空格要写成百分号编码（如 民 写成 %E6%B0%91），用浏览器打开则不必。"


class PlainWordsProtocol(HttpToolsProtocol):
    """HTTP by httptools, whose answer to what it cannot read is problem+json."""

    def send_400_response(self, msg: str) -> None:
        """Answer and close; ``msg`` is uvicorn's own English sentence, which is in the log."""
        body = as_problem(Unreadable(CURE)).get_data()
        head = f"HTTP/1.1 400 Bad Request\r\ncontent-type: application/problem+json\r\ncontent-length: {len(body)}\r\n"
        self.transport.write(f"{head}connection: close\r\n\r\n".encode() + body)
        self.transport.close()
