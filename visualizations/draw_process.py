"""The program that draws, run in a process of its own: requests on stdin, pictures on stdout.

A request is its length (4 bytes, big-endian) and JSON: `spec`, `format`, `scale`, `dpi`, `width`
and `height`.
An answer is one byte, `0` drawn or `1` refused, a length and the picture or the reason.
It imports nothing of the project, so it stays small and starts fast.
"""

import io
import json
import os
import re
import signal
import struct
import sys
from typing import Any, BinaryIO
from xml.parsers import expat

import vl_convert
from PIL import Image

VEGA_LITE = "6.4"
# A process whose parent died in the middle of a picture ends itself after this.
SECONDS = 60
ELEMENTS = {"circle", "clipPath", "defs", "g", "line", "linearGradient", "path", "rect"}
ELEMENTS |= {"stop", "svg", "text", "tspan"}
REFERENCE = re.compile(r"url\(\s*(?!#[\w-]+\s*\))", re.IGNORECASE)
SIZE = re.compile(r'width="[\d.]+" height="[\d.]+"')


def draw(request: dict[str, Any]) -> bytes:
    svg = vl_convert.vegalite_to_svg(
        request["spec"], vl_version=VEGA_LITE, allowed_base_urls=[], show_warnings=False
    )
    refuse_active(svg)
    if request["format"] == "png":
        return smaller(vl_convert.svg_to_png(svg, scale=request["scale"]), request["dpi"])
    size = f'width="{request["width"]}" height="{request["height"]}"'
    svg = SIZE.sub(size, svg, count=1)
    return bytes(vl_convert.svg_to_pdf(svg)) if request["format"] == "pdf" else svg.encode()


def smaller(png: bytes, dpi: float) -> bytes:
    """The same picture without the transparency nobody sees: five to fifteen times smaller."""
    out = io.BytesIO()
    with Image.open(io.BytesIO(png)) as image:
        image.convert("RGB").save(out, "PNG", optimize=True, dpi=(dpi, dpi))
    return out.getvalue()


def refuse_active(svg: str) -> None:
    """Refuse a picture in which anything could run or call out when it is opened on its own."""

    def element(name: str, attributes: dict[str, str]) -> None:
        if name not in ELEMENTS:
            raise ValueError(f"A picture may not hold <{name}>.")
        for key, value in attributes.items():
            word = key.lower()
            if word.startswith("on") or word.endswith("href") or REFERENCE.search(value):
                raise ValueError(f"A picture may not hold the attribute {key}.")

    def other(*_: object) -> None:
        raise ValueError("A picture may not hold a document type or an instruction.")

    parser = expat.ParserCreate()
    parser.StartElementHandler = element
    parser.StartDoctypeDeclHandler = other
    parser.ProcessingInstructionHandler = other
    parser.Parse(svg.encode(), True)  # noqa: FBT003 - the parser takes it by place only


def read(stream: BinaryIO) -> dict[str, Any] | None:
    head = stream.read(4)
    if len(head) < 4:
        return None
    (length,) = struct.unpack(">I", head)
    request: dict[str, Any] = json.loads(stream.read(length))
    return request


def answer(request: dict[str, Any]) -> tuple[bytes, bytes]:
    try:
        return b"0", draw(request)
    except Exception as error:  # noqa: BLE001 - whatever it is, the one who asked must hear of it
        return b"1", str(error)[:2000].encode(errors="replace")


def main() -> None:
    # Whatever a library prints must not end up between two answers.
    stdout = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    while (request := read(sys.stdin.buffer)) is not None:
        signal.alarm(SECONDS)
        status, body = answer(request)
        signal.alarm(0)
        stdout.write(status + struct.pack(">I", len(body)) + body)
        stdout.flush()


if __name__ == "__main__":
    main()
