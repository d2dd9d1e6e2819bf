"""A CONNECT client or an echoing CONNECT server made of Python's ssl and h2: somebody else's idea of both protocols.

h2_peer.py client HOST PORT AUTHORITY BYTES   -> "status N", then "sha256 HEX" of what came back
h2_peer.py server                             -> "port N", then echoes every CONNECT stream
In the current directory: chain.pem, key.pem, roots.pem.
"""
import hashlib
import os
import socket
import ssl
import sys

import h2.config
import h2.connection
import h2.events


def context(purpose):
    made = ssl.SSLContext(purpose)
    made.check_hostname = False
    made.verify_mode = ssl.CERT_REQUIRED
    made.minimum_version = ssl.TLSVersion.TLSv1_3
    made.load_cert_chain("chain.pem", "key.pem")
    made.load_verify_locations("roots.pem")
    made.set_alpn_protocols(["h2"])
    return made


def configuration(client_side):
    # h2 asks for a :path in every request, which RFC 9113, 8.5 forbids in a CONNECT.
    return h2.config.H2Configuration(client_side=client_side, validate_outbound_headers=False, validate_inbound_headers=False)


def client(host, port, authority, size):
    stream = context(ssl.PROTOCOL_TLS_CLIENT).wrap_socket(socket.create_connection((host, port)))
    h2c = h2.connection.H2Connection(configuration(True))
    h2c.initiate_connection()
    h2c.send_headers(1, [(":method", "CONNECT"), (":authority", authority), ("baggage", "k8s.namespace.name=python")])
    stream.sendall(h2c.data_to_send())
    data, sent, digest, opened = os.urandom(size), 0, hashlib.sha256(), False
    print("sent", hashlib.sha256(data).hexdigest(), flush=True)
    while True:
        if opened:
            while sent < size:
                room = min(h2c.local_flow_control_window(1), h2c.max_outbound_frame_size, size - sent)
                if room <= 0:
                    break
                h2c.send_data(1, data[sent:sent + room])
                sent += room
                if sent == size:
                    h2c.end_stream(1)
            stream.sendall(h2c.data_to_send())
        received = stream.recv(65536)
        if not received:
            print("closed early", flush=True)
            return
        for event in h2c.receive_data(received):
            if isinstance(event, h2.events.ResponseReceived):
                status = dict(event.headers)[b":status"].decode() if isinstance(event.headers[0][0], bytes) else dict(event.headers)[":status"]
                print("status", status, flush=True)
                opened = status == "200"
                if not opened:
                    return
            elif isinstance(event, h2.events.DataReceived):
                digest.update(event.data)
                h2c.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            elif isinstance(event, h2.events.StreamEnded):
                stream.sendall(h2c.data_to_send())
                print("sha256", digest.hexdigest(), flush=True)
                return
            elif isinstance(event, h2.events.StreamReset):
                print("reset", event.error_code, flush=True)
                return
        stream.sendall(h2c.data_to_send())


def server():
    listener = socket.create_server(("127.0.0.1", 0))
    print("port", listener.getsockname()[1], flush=True)
    stream = context(ssl.PROTOCOL_TLS_SERVER).wrap_socket(listener.accept()[0], server_side=True)
    h2c = h2.connection.H2Connection(configuration(False))
    h2c.initiate_connection()
    stream.sendall(h2c.data_to_send())
    waiting, ended = {}, set()
    while received := stream.recv(65536):
        for event in h2c.receive_data(received):
            if isinstance(event, h2.events.RequestReceived):
                h2c.send_headers(event.stream_id, [(":status", "200"), ("baggage", "k8s.namespace.name=python")])
                waiting[event.stream_id] = b""
            elif isinstance(event, h2.events.DataReceived):
                waiting[event.stream_id] += event.data
                h2c.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            elif isinstance(event, h2.events.StreamEnded):
                ended.add(event.stream_id)
            elif isinstance(event, h2.events.StreamReset):
                waiting.pop(event.stream_id, None)
        for number in list(waiting):
            while waiting[number]:
                room = min(h2c.local_flow_control_window(number), h2c.max_outbound_frame_size, len(waiting[number]))
                if room <= 0:
                    break
                h2c.send_data(number, waiting[number][:room])
                waiting[number] = waiting[number][room:]
            if number in ended and not waiting[number]:
                h2c.end_stream(number)
                del waiting[number]
        stream.sendall(h2c.data_to_send())


if sys.argv[1] == "client":
    client(sys.argv[2], int(sys.argv[3]), sys.argv[4], int(sys.argv[5]))
else:
    server()
