"""A small name server on this machine, which knows some hosts of made-up networks."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from dnslib import AAAA, PTR, QTYPE, RR, A, DNSRecord
from dnslib.server import BaseResolver, DNSLogger, DNSServer

POINTERS = {
    "192.0.2.10": ["lab-7.example.org"],
    "192.0.2.11": ["lab-8.example.org"],  # which is another machine
    "192.0.2.12": ["nowhere.example.org"],  # which is not there
    "192.0.2.13": ["other.example.net", "Lab-9.Example.ORG"],
    "192.0.2.14": ["lab-7.example.org.evil.example.net"],
    "192.0.2.15": [f"host-{n}.example.net" for n in range(20)],
    "127.0.0.1": ["here.example.org"],
    "2001:db8::10": ["six.example.org"],
}
ADDRESSES = {
    "lab-7.example.org": ["192.0.2.99", "192.0.2.10"],
    "lab-8.example.org": ["192.0.2.98"],
    "other.example.net": ["192.0.2.13"],
    "lab-9.example.org": ["192.0.2.13"],
    "lab-7.example.org.evil.example.net": ["192.0.2.14"],
    "here.example.org": ["127.0.0.1"],
    "six.example.org": ["2001:db8::10"],
    **{f"host-{n}.example.net": ["192.0.2.15"] for n in range(20)},
}


class _Zone(BaseResolver):
    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.pointers = {
            DNSRecord.question(_reversed(address), "PTR").q.qname: found for address, found in POINTERS.items()
        }

    def resolve(self, request: DNSRecord, handler: object) -> DNSRecord:
        """The records that are there, or that there are none."""
        reply, question = request.reply(), request.q
        kind, name = QTYPE[question.qtype], str(question.qname).rstrip(".").lower()
        self.asked[f"{kind} {name}"] += 1
        found = ADDRESSES.get(name, []) if kind in ("A", "AAAA") else self.pointers.get(question.qname, [])
        fitting = [text for text in found if kind == "PTR" or (":" in text) == (kind == "AAAA")]
        made = {"A": A, "AAAA": AAAA, "PTR": PTR}[kind]
        for text in fitting:
            reply.add_answer(RR(question.qname, question.qtype, rdata=made(text), ttl=5))
        if not found:
            reply.header.rcode = 3
        return reply


def _reversed(address: str) -> str:
    if ":" not in address:
        return ".".join(reversed(address.split("."))) + ".in-addr.arpa"
    digits = socket.inet_pton(socket.AF_INET6, address).hex()
    return ".".join(reversed(digits)) + ".ip6.arpa"


@contextmanager
def name_server() -> Iterator[tuple[str, Counter[str]]]:
    """A name server: where it is, and how often it has been asked for what (`A lab-7.example.org`)."""
    zone = _Zone()
    server = DNSServer(zone, address="127.0.0.1", port=0, logger=DNSLogger("", prefix=False))
    server.start_thread()
    try:
        yield f"127.0.0.1:{server.server.server_address[1]}", zone.asked
    finally:
        server.stop()
        server.server.server_close()


@contextmanager
def silent_server() -> Iterator[tuple[str, socket.socket]]:
    """A name server that hears all questions and answers none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as heard:
        heard.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{heard.getsockname()[1]}", heard
