"""Clients that read one byte a second: slow_readers.py HOST:PORT COUNT USER [CHANNEL]

Each is a user of its own, USER0 to USER<COUNT-1>, and subscribes to CHANNEL if one is given. Who is closed comes back.
Prints `ready` when all are there and `open=N closed=N` each second, until standard input ends.
"""
import json
import os
import select
import selectors
import socket
import struct
import sys
import time

# As little as the kernel lets them have: what it takes for them is not the node's memory, but the machine's.
RECEIVE_BUFFER_BYTES = 4096
OPENING_AT_A_TIME = 200
MASK = b"\x00\x00\x00\x00"

host, port = sys.argv[1].rsplit(":", 1)
count, user = int(sys.argv[2]), sys.argv[3]
channel = sys.argv[4] if len(sys.argv) > 4 else None
HEAD = (
    f"GET /connection/websocket HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
).encode()


def frame(text):
    size = len(text)
    length = bytes([0x80 | size]) if size < 126 else b"\xfe" + struct.pack("!H", size)
    return b"\x81" + length + MASK + text


def commands(number):
    said = [{"id": 1, "connect": {"data": {"user": f"{user}{number}"}}}]
    if channel:
        said.append({"id": 2, "subscribe": {"channel": channel}})
    return "\n".join(json.dumps(one) for one in said).encode()


class Reader:
    """`heard` is None once everything was answered: from then on it reads slowly."""

    def __init__(self, number):
        self.number = number
        self.heard = b""
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
        # Nodes on one loopback address have some 28,000 ports for each address that dials.
        self.socket.bind((f"127.0.0.{number % 32 + 1}", 0))
        self.socket.connect((host, int(port)))
        self.socket.setblocking(False)
        self.socket.sendall(HEAD + frame(commands(number)))

    def answered(self):
        self.heard += self.socket.recv(4096)
        last = b'"subscribe"' if channel else b'"connect"'
        return last in self.heard

    def sip(self):
        try:
            self.socket.recv(1)
        except OSError:
            pass


def open_all(numbers):
    opened = []
    for begin in range(0, len(numbers), OPENING_AT_A_TIME):
        selector = selectors.DefaultSelector()
        for number in numbers[begin:begin + OPENING_AT_A_TIME]:
            reader = Reader(number)
            selector.register(reader.socket, selectors.EVENT_READ, reader)
        while selector.get_map():
            for key, _ in selector.select(30) or sys.exit("slow_readers: no answer for 30 s"):
                if key.data.answered():
                    selector.unregister(key.fileobj)
                    opened.append(key.data)
    return opened


# What was sent before a reset can still be read, a byte a second: the kernel is asked who was closed.
ended = select.epoll()
readers = {}


def admit(numbers):
    for reader in open_all(numbers):
        readers[reader.socket.fileno()] = reader
        ended.register(reader.socket, select.EPOLLRDHUP)


admit(range(count))
print("ready", flush=True)
closed = 0
while not select.select([sys.stdin], [], [], 0)[0] or os.read(0, 1):
    began = time.monotonic()
    for reader in readers.values():
        reader.sip()
    gone = [readers.pop(descriptor) for descriptor, _ in ended.poll(0, max(1, count))]
    for reader in gone:
        ended.unregister(reader.socket)
        reader.socket.close()
    closed += len(gone)
    admit([reader.number for reader in gone])
    print(f"open={len(readers)} closed={closed}", flush=True)
    time.sleep(max(0.0, 1 - (time.monotonic() - began)))
