"""The words of providers that refuse."""

import pytest

from datastream.core.answers import provider_message


@pytest.mark.parametrize(
    ("body", "words"),
    [
        # MSC GeoMet, NASA POWER, CMR, and FastAPI, on which POWER stands.
        (b'{"code":"InvalidParameterValue","description":"bad sortby"}', "bad sortby"),
        (b'{"header":"failed","messages":["One is incorrect: FOO."]}', "One is incorrect: FOO."),
        (
            b'{"errors":["Parameter [foo] was not recognized."]}',
            "Parameter [foo] was not recognized.",
        ),
        (b'{"detail":[{"loc":["query","start"],"msg":"too early"}]}', "query.start: too early"),
        (b"plain \x1b[31m\n words", "plain [31m words"),
        (b"<html><h1>Bad</h1>request</html>", "Bad request"),
        (b'{"errorMessage":"Oh.","errors":[{"field":"f","message":"m"}]}', "Oh. f: m"),
        (b'{"userMessage":"u","developerMessage":"d"}', "d u"),
        (b'{"errors":7}', '{"errors":7}'),
        (b"[" * 60_000, "[" * 500),
        (b"<" * 60_000, "<" * 500),
        (b"\xff\xfe", "��"),
        (b"", ""),
    ],
)
def test_the_words_of_a_refusal_are_found_and_cut_to_500_characters(
    body: bytes, words: str
) -> None:
    assert provider_message(body) == words
