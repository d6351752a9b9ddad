"""Answers are compressed for those who take it; streams stay streams, and secrets are left alone."""

import gzip
import threading
import zlib

import brotli
import pytest
from flask import Flask, Response
from sqlalchemy import func, select

from app import cache, compression
from app.export import copied
from tests.app import running

pytestmark = pytest.mark.database

GZIP = {"Accept-Encoding": "gzip, deflate"}
# What browsers take over https.
ALL = {"Accept-Encoding": "gzip, deflate, br, zstd"}
QUERY = "state=all&as_of=2016-06-01"


@pytest.fixture(autouse=True)
def fresh(app):
    cache.breaker.reset()


@pytest.mark.parametrize(
    "address",
    [f"/api/v1/cases?{QUERY}", f"/api/v1/cases.csv?{QUERY}", "/api/v1/openapi.json",
     f"/api/v1/report.md?{QUERY}", "/api/v1/docs", "/_dash-dependencies"],
)  # fmt: skip
def test_a_text_comes_compressed_and_is_the_same(log, client, address):
    plain = client.get(address)
    small = client.get(address, headers=GZIP)
    assert "Content-Encoding" not in plain.headers
    assert small.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(small.data) == plain.data
    assert len(small.data) < len(plain.data) * 0.6
    assert "Accept-Encoding" in plain.vary
    assert "Accept-Encoding" in small.vary


def test_a_page_comes_compressed(log, client):
    answer = client.get("/cases", headers=ALL)
    assert answer.headers["Content-Encoding"] == "br"
    assert b"<!DOCTYPE html>" in brotli.decompress(answer.data)


def test_a_figure_is_a_fifth_smaller_with_brotli_than_with_gzip(log, client):
    address = "/api/v1/charts/backlog.json?as_of=2016-06-01"
    plain, packed, small = (client.get(address, headers=taken) for taken in ({}, GZIP, ALL))
    assert small.headers["Content-Encoding"] == "br"
    assert brotli.decompress(small.data) == plain.data
    assert len(small.data) < len(packed.data) * 0.8


@pytest.mark.parametrize(
    ("taken", "encoding"),
    [("br", "br"), ("br;q=0, gzip", "gzip"), ("br;q=0.5, gzip;q=0.5", "br"), ("*", "br")],
)
def test_brotli_comes_to_whoever_takes_it(log, client, taken, encoding):
    answer = client.get(f"/api/v1/cases?{QUERY}", headers={"Accept-Encoding": taken})
    assert answer.headers["Content-Encoding"] == encoding


@pytest.mark.parametrize(("taken", "encoding"), [(ALL["Accept-Encoding"], "gzip"), ("br", None)])
def test_a_stream_is_never_brotli(log, client, taken, encoding):
    with client.get(f"/api/v1/cases.csv?{QUERY}", headers={"Accept-Encoding": taken}) as answer:
        assert answer.headers.get("Content-Encoding") == encoding


@pytest.mark.parametrize(
    "taken", ["", "zstd", "identity", "gzip;q=0", "identity;q=1, gzip;q=0.5", "*;q=0"]
)
def test_whoever_does_not_take_it_gets_the_text(log, client, taken):
    answer = client.get(f"/api/v1/cases?{QUERY}", headers={"Accept-Encoding": taken})
    assert "Content-Encoding" not in answer.headers


def test_small_answers_are_left_alone(log, client):
    answer = client.get("/api/v1/stats?severity=9", headers=ALL)
    assert "Content-Encoding" not in answer.headers
    answer.close()


def test_a_new_token_is_never_compressed(empty, client, monkeypatch):
    monkeypatch.setattr(compression, "WORTH_IT", 10)
    told = {"name": "x" * 80, "scopes": ["read"]}
    answer = client.post("/api/v1/tokens", json=told, headers=ALL)
    assert answer.status_code == 201
    assert "Content-Encoding" not in answer.headers


def test_a_callback_that_tells_a_secret_says_so():
    server = Flask(__name__)
    compression.register(server)

    @server.post(compression.CALLBACKS)
    def tell():
        compression.leave_alone()
        return {"secret": "x" * 5_000}

    answer = server.test_client().post(compression.CALLBACKS, headers=ALL)
    assert "Content-Encoding" not in answer.headers


def test_the_first_chunk_goes_out_at_once_and_the_rest_as_it_comes():
    more, taken = threading.Event(), []

    def chunks():
        yield b"number,severity\n"
        taken.append("first")
        assert more.wait(10)
        yield b"1,2\n"

    told = compression._squeezed(chunks())
    reader = zlib.decompressobj(wbits=31)
    assert reader.decompress(next(told)) == b"number,severity\n"
    assert taken == []
    more.set()
    assert reader.decompress(b"".join(told)) + reader.flush() == b"1,2\n"


def test_a_reader_that_leaves_ends_the_statement(log, app):
    asked = select(func.generate_series(1, 50_000_000).label("n"))
    with app.test_request_context("/api/v1/cases.csv", headers=GZIP):
        response = compression._compress(Response(copied(asked, zone="UTC"), mimetype="text/csv"))
        stream = response.iter_encoded()
        next(stream)
        response.close()
    assert running.ends("copy (SELECT generate")


def test_a_file_that_breaks_is_no_whole_gzip(log, app):
    wrong = select((100 / (3 - func.generate_series(1, 5))).label("n"))
    with app.test_request_context("/api/v1/cases.csv", headers=GZIP):
        response = compression._compress(Response(copied(wrong, zone="UTC"), mimetype="text/csv"))
        with pytest.raises(Exception, match="division by zero"):
            b"".join(response.iter_encoded())
