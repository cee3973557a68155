"""The program that computes, run in a process of its own: requests on stdin, answers on stdout.

A request is its length (4 bytes, big-endian) and what `analyses.packing` packs. Answers are frames:
`p` how far it is, `0` the results or the explanation as JSON, `1` why there are none (JSON: code,
message, trace). It ends at once when its parent does.
"""

import os
import queue
import struct
import sys
import threading
import traceback
import warnings
from typing import BinaryIO

import orjson

import analyses.methods
from analyses.methods.progress import told_to
from analyses.packing import Request, unpack
from analyses.registry import analyses as registry
from datastream.core.errors import PlatformError
from datastream.core.registry import import_folder


def compute(request: bytes) -> tuple[bytes, bytes]:
    """Kind and body of the answer to one request."""
    asked = unpack(request)
    try:
        return b"0", explained(asked) if asked.path is not None else computed(asked)
    except PlatformError as error:
        problems = [f"{k}: {v[0]}" for k, v in error.details.items() if isinstance(v, list)]
        return b"1", failure(error.code, "; ".join(problems) or error.message)
    except MemoryError:
        message = "It took more memory than there is; choose a shorter period or fewer series."
        return b"1", failure("MEMORY_LIMIT", message)
    except Exception as error:  # noqa: BLE001 - whatever it is, the one who asked must hear of it
        message = f"The computation failed ({type(error).__name__})."
        return b"1", failure("SERVER_ERROR", message, trace=traceback.format_exc())


def computed(asked: Request) -> bytes:
    results = registry[asked.name].run(asked.taken, asked.own)
    return orjson.dumps(results, option=orjson.OPT_SORT_KEYS)


def explained(asked: Request) -> bytes:
    explanation = registry[asked.name].why(asked.taken, asked.path or (), asked.own, asked.of)
    told = {"codes": explanation.codes, "reasons": explanation.reasons}
    return orjson.dumps(told, option=orjson.OPT_SERIALIZE_NUMPY)


def failure(code: str, message: str, *, trace: str = "") -> bytes:
    return orjson.dumps({"code": code, "message": message, "trace": trace})


def read(stream: BinaryIO) -> bytes | None:
    head = stream.read(4)
    if len(head) < 4:
        return None
    (length,) = struct.unpack(">I", head)
    return stream.read(length)


def listen(requests: queue.SimpleQueue[bytes]) -> None:
    """Read requests, and end the process with its parent, whatever it is at."""
    while (request := read(sys.stdin.buffer)) is not None:
        requests.put(request)
    os._exit(0)


class Answers:
    """Frames on what was stdout."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def write(self, kind: bytes, body: bytes) -> None:
        self._stream.write(struct.pack(">cI", kind, len(body)) + body)
        self._stream.flush()

    def tell(self, share: float) -> None:
        self.write(b"p", f"{share:.4f}".encode())


def main() -> None:
    # Whatever a library prints must not end up between two answers.
    answers = Answers(os.fdopen(os.dup(1), "wb"))
    os.dup2(2, 1)
    warnings.simplefilter("ignore")
    told_to(answers.tell)
    requests: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=listen, args=(requests,), daemon=True).start()
    import_folder(analyses.methods)
    if requests.empty():
        # Most computations need it, and it takes the longest; so far nobody waits.
        import scipy.stats  # noqa: F401
    while True:
        answers.write(*compute(requests.get()))


if __name__ == "__main__":
    main()
