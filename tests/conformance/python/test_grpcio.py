"""A stock grpcio client talks to the daemon; nothing of coheld's own client is used."""

import time

import grpc
import pytest


def unary(channel: grpc.Channel, path: str, reply_type: type):
    """Make the callable of a unary method."""
    return channel.unary_unary(
        path,
        request_serializer=lambda message: message.SerializeToString(),
        response_deserializer=reply_type.FromString,
    )


def test_list_keeps_its_items(channel):
    from coheld_protos.v1 import list_pb2

    append = unary(channel, "/coheld.v1.List/Append", list_pb2.ListChangeReply)
    for number in range(3):
        request = list_pb2.ListAppendRequest(name="l")
        request.value.integer = number
        append(request, timeout=10)
    get = unary(channel, "/coheld.v1.List/GetSlice", list_pb2.ListGetSliceReply)
    reply = get(list_pb2.ListGetSliceRequest(name="l"), timeout=10)
    assert [value.integer for value in reply.values] == [0, 1, 2]


def test_error_has_code_and_reason(channel):
    from coheld_protos.v1 import list_pb2
    from google.rpc import error_details_pb2, status_pb2

    pop = unary(channel, "/coheld.v1.List/Pop", list_pb2.ListPopReply)
    with pytest.raises(grpc.RpcError) as raised:
        pop(list_pb2.ListPopRequest(name="none"), timeout=10)
    assert raised.value.code() == grpc.StatusCode.OUT_OF_RANGE
    trailers = dict(raised.value.trailing_metadata())
    status = status_pb2.Status.FromString(trailers["grpc-status-details-bin"])
    info = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(info)
    assert (info.domain, info.reason) == ("coheld", "INDEX_OUT_OF_RANGE")


def test_deadline_ends_a_parked_get(channel):
    from coheld_protos.v1 import queue_pb2

    get = unary(channel, "/coheld.v1.Queue/Get", queue_pb2.QueueGetReply)
    started = time.monotonic()
    with pytest.raises(grpc.RpcError) as raised:
        get(queue_pb2.QueueGetRequest(name="q"), timeout=0.2)
    assert raised.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    assert time.monotonic() - started < 10


def test_gzip_request_is_understood(channel):
    from coheld_protos.v1 import list_pb2

    append = unary(channel, "/coheld.v1.List/Append", list_pb2.ListChangeReply)
    request = list_pb2.ListAppendRequest(name="l")
    request.value.text = "x" * 100_000
    assert append(request, timeout=10, compression=grpc.Compression.Gzip).length == 1


def test_stream_answers_every_frame(channel):
    from coheld_protos.v1 import list_pb2, session_pb2

    def frames():
        for number in range(1, 1001):
            append = list_pb2.ListAppendRequest(name="l")
            append.value.integer = number
            payload = append.SerializeToString()
            yield session_pb2.CallRequest(id=number, method=208, payload=payload)

    call = channel.stream_stream(
        "/coheld.v1.Session/Call",
        request_serializer=session_pb2.CallRequest.SerializeToString,
        response_deserializer=session_pb2.CallReply.FromString,
    )
    replies = list(call(frames(), timeout=30))
    assert sorted(reply.id for reply in replies) == list(range(1, 1001))
    assert not any(reply.HasField("error") for reply in replies)
