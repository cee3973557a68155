"""The drawing process: sizes, limits, death and return, and what it may hold."""

import io
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from datastream.core.errors import InvalidInputError, PlatformError, UnavailableError
from visualizations import draw_process, drawing
from visualizations.charts import look
from visualizations.drawing import Limits, Renderer, draw
from visualizations.registry import Facts

pytestmark = pytest.mark.slow

SPEC = look.sentence(Facts(), title="A title", text="A sentence.")
REQUEST = {"spec": SPEC, "format": "svg", "scale": 1, "dpi": 72, "width": 1200, "height": 600}
Limited = Callable[..., drawing.Process]
PNG = b"\x89PNG\r\n\x1a\n"


def process_of(renderer: Renderer) -> drawing.Process:
    assert renderer.process is not None
    return renderer.process


@pytest.fixture
def warm() -> drawing.Process:
    """The one process of this session, started and idle."""
    draw(SPEC)
    return process_of(drawing.renderer)


@pytest.fixture
def with_limits(warm: drawing.Process, monkeypatch: pytest.MonkeyPatch) -> Limited:
    """Puts other limits on the warm process."""

    def put(**limits: Any) -> drawing.Process:
        monkeypatch.setattr(warm, "limits", Limits(**limits))
        return warm

    return put


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[("width", 99), ("width", 4001), ("width", 100_000), ("width", -1), ("width", 100.5)],
        *[("width", True), ("width", "800"), ("width", float("nan")), ("width", float("inf"))],
        *[("height", 0), ("height", 4001), ("height", None)],
        *[("scale", 0.4), ("scale", 4.1), ("scale", 100), ("scale", -1), ("scale", True)],
        *[("scale", float("nan")), ("scale", "2"), ("format", "html"), ("format", "")],
    ],
)
def test_in_57_what_is_out_of_range_is_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(InvalidInputError) as error:
        draw(SPEC, **{name: value})
    assert list(error.value.details) == [name]


@pytest.mark.parametrize("size", [{"width": 1001, "scale": 4}, {"height": 2001, "scale": 2}])
def test_more_than_4000_pixels_a_side_are_refused(size: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError) as error:
        draw(SPEC, **size)
    assert list(error.value.details) == ["scale"]


@pytest.mark.parametrize("size", [{}, {"width": 1000, "height": 1000, "scale": 4}], ids=str)
def test_the_largest_picture_is_drawn(size: dict[str, Any]) -> None:
    png = draw(SPEC, **({"width": 4000, "height": 4000} | size))
    with Image.open(io.BytesIO(png)) as image:
        assert image.size == (4000, 4000)


@pytest.mark.parametrize(("scale", "dpi"), [(1, 72), (2, 144), (3, 216)])
def test_a_png_says_how_dense_it_is(scale: float, dpi: float) -> None:
    with Image.open(io.BytesIO(draw(SPEC, width=600, height=320, scale=scale))) as image:
        assert image.info["dpi"] == pytest.approx((dpi, dpi), abs=0.02)


def test_a_thumbnail_is_the_whole_picture_shrunk() -> None:
    svg = draw(SPEC, format="svg", width=120, height=100)
    assert b'width="120" height="100" viewBox="0 0 480 400"' in svg


def test_a_pdf_is_drawn() -> None:
    assert draw(SPEC, format="pdf").startswith(b"%PDF-")


def test_the_process_is_used_again(warm: drawing.Process) -> None:
    draw(SPEC)
    assert drawing.renderer.process is warm


def test_many_threads_get_their_own_pictures() -> None:
    specs = [look.sentence(Facts(), title=f"Title {i}", text="x") for i in range(6)]
    found: dict[int, bytes] = {}
    threads = [
        threading.Thread(target=lambda i=i: found.update({i: draw(specs[i], format="svg")}))
        for i in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(f"Title {i}<".encode() in found[i] for i in range(6))


def test_a_killed_process_is_an_error_and_the_next_call_works(warm: drawing.Process) -> None:
    os.kill(warm.popen.pid, signal.SIGSTOP)
    threading.Timer(1.0, os.kill, (warm.popen.pid, signal.SIGKILL)).start()
    with pytest.raises(UnavailableError, match="ended; try again"):
        draw(SPEC)
    assert draw(SPEC).startswith(PNG)
    assert drawing.renderer.process is not warm


@pytest.mark.slow
def test_a_process_that_died_between_pictures_is_replaced_unnoticed(
    warm: drawing.Process,
) -> None:
    warm.popen.kill()
    warm.popen.wait()
    assert draw(SPEC).startswith(PNG)


def test_a_picture_that_takes_too_long_is_ended_and_the_next_works(
    with_limits: Limited,
) -> None:
    stuck = with_limits(seconds=0.2)
    os.kill(stuck.popen.pid, signal.SIGSTOP)
    with pytest.raises(UnavailableError, match=r"within 0\.2 s"):
        draw(SPEC)
    assert stuck.popen.returncode == -signal.SIGKILL
    assert draw(SPEC).startswith(PNG)


def test_a_picture_that_takes_too_much_memory_is_ended(
    with_limits: Limited,
) -> None:
    large = with_limits(memory_bytes=2**30)
    assert large.resident() > 30e6
    os.kill(large.popen.pid, signal.SIGSTOP)
    object.__setattr__(large.limits, "memory_bytes", 1)
    with pytest.raises(UnavailableError, match="too much memory"):
        large.exchange(b"{}")
    drawing.renderer.end()
    assert large.popen.returncode == -signal.SIGKILL


def test_a_process_too_large_or_used_up_is_replaced(
    with_limits: Limited,
) -> None:
    assert with_limits().is_usable()
    assert not with_limits(memory_bytes=1).is_usable()
    assert not with_limits(pictures=1).is_usable()


def test_who_waits_too_long_for_a_turn_is_told() -> None:
    renderer = Renderer(Limits(waiting_s=0.01))
    with renderer.lock, pytest.raises(UnavailableError, match="Too many pictures"):
        renderer.draw(REQUEST)


def test_what_the_renderer_refuses_is_logged_and_not_told(
    warm: drawing.Process, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(PlatformError, match="could not be drawn") as error:
        drawing.renderer.draw(REQUEST | {"spec": {"mark": "nonsense"}})
    assert "TypeError" not in error.value.message
    assert "The renderer refused a picture" in caplog.text
    assert drawing.renderer.process is warm


def test_data_from_elsewhere_is_not_fetched(caplog: pytest.LogCaptureFixture) -> None:
    spec = {"data": {"url": "http://127.0.0.1:9/x.csv"}, "mark": "point"}
    with pytest.raises(PlatformError):
        drawing.renderer.draw(REQUEST | {"spec": spec})
    assert "refused" in caplog.text


def test_the_process_knows_nothing_of_our_settings(
    warm: drawing.Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = Path(f"/proc/{warm.popen.pid}/environ").read_bytes()
    names = {part.split(b"=")[0] for part in text.split(b"\0") if part}
    assert names == {b"PYTHONPATH", b"TZ"}
    loaded = Path(f"/proc/{warm.popen.pid}/maps").read_text()
    assert "django" not in loaded


@pytest.mark.parametrize(
    "inside",
    [
        "<script>1</script>",
        '<rect onload="x()"/>',
        '<a xlink:href="http://x"/>',
        '<g href="#a"/>',
        '<image x="1"/>',
        "<foreignObject/>",
        "<style>a</style>",
        '<rect fill="url(http://x/a)"/>',
        '<rect style="fill: URL( //x )"/>',
        "<?xml-stylesheet href='x'?>",
        "<animate/>",
        "<use/>",
    ],
)
def test_a_picture_in_which_something_could_run_is_refused(inside: str) -> None:
    head = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">'
    with pytest.raises(ValueError, match="may not hold"):
        draw_process.refuse_active(f"{head}{inside}</svg>")


def test_a_document_type_is_refused() -> None:
    with pytest.raises(ValueError, match="document type"):
        draw_process.refuse_active("<!DOCTYPE svg><svg/>")


def test_a_reference_within_the_picture_is_allowed() -> None:
    draw_process.refuse_active('<svg><rect fill="url(#gradient_0)"/></svg>')


@pytest.mark.slow
def test_a_fresh_process_starts_in_any_folder_and_ends_with_its_renderer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    renderer = Renderer(Limits(pictures=1))
    assert b"<svg" in renderer.draw(REQUEST)
    first = process_of(renderer)
    assert b"<svg" in renderer.draw(REQUEST)
    assert renderer.process is not first
    last = process_of(renderer)
    renderer.end()
    assert first.popen.returncode == last.popen.returncode == -signal.SIGKILL


@pytest.mark.slow
def test_a_process_ends_by_itself_when_its_parent_closes_the_pipe() -> None:
    process = drawing.Process(Limits())
    process.close()
    assert process.popen.wait(timeout=60) == 0


@pytest.mark.slow
def test_after_a_fork_each_side_has_its_own_process(warm: drawing.Process) -> None:
    read, write = os.pipe()
    # As if another thread were drawing at this moment: the child must not wait for it.
    drawing.renderer.lock.acquire()
    child = os.fork()
    if child == 0:  # pragma: no cover
        try:
            is_png = draw(SPEC).startswith(PNG)
            pid = process_of(drawing.renderer).popen.pid
            os.write(write, f"{is_png} {pid}".encode())
            drawing.renderer.end()
        finally:
            os._exit(0)
    drawing.renderer.lock.release()
    os.close(write)
    with os.fdopen(read, "rb") as answer:
        is_drawn, other = answer.read().decode().split()
    os.waitpid(child, 0)
    assert is_drawn == "True"
    assert int(other) != warm.popen.pid
    assert draw(SPEC).startswith(PNG)
    assert drawing.renderer.process is warm


@pytest.mark.slow
def test_memory_stays_level_over_many_pictures() -> None:
    renderer = Renderer()
    for _ in range(20):
        renderer.draw(REQUEST)
    before = process_of(renderer).resident()
    for _ in range(100):
        renderer.draw(REQUEST)
    grown = process_of(renderer).resident() - before
    renderer.end()
    assert grown < 150e6
