#!/usr/bin/env python3
"""Writes legacy.json: the former suite's cipher, written from its description alone.

Python 3, standard library only. This is the one place of the project that can write that format;
it shares no code with the readers. Usage: make-legacy.py [FILE]
"""
import base64
import hashlib
import hmac
import json
import pathlib
import struct
import sys


def mac256(key, data):
    return hmac.new(key, data, hashlib.sha256).digest()


def expand(prk, info, length):
    """HKDF-Expand of RFC 5869."""
    out, block, n = b"", b"", 0
    while len(out) < length:
        n += 1
        block = mac256(prk, block + info + bytes([n]))
        out += block
    return out[:length]


def rotl(x, n):
    return ((x << n) | (x >> (32 - n))) & 0xFFFFFFFF


def quarter(s, a, b, c, d):
    s[a] = (s[a] + s[b]) & 0xFFFFFFFF; s[d] = rotl(s[d] ^ s[a], 16)
    s[c] = (s[c] + s[d]) & 0xFFFFFFFF; s[b] = rotl(s[b] ^ s[c], 12)
    s[a] = (s[a] + s[b]) & 0xFFFFFFFF; s[d] = rotl(s[d] ^ s[a], 8)
    s[c] = (s[c] + s[d]) & 0xFFFFFFFF; s[b] = rotl(s[b] ^ s[c], 7)


def chacha_block(key, nonce, counter):
    """RFC 8439, 2.3."""
    start = list(struct.unpack("<4I", b"expand 32-byte k")) + list(struct.unpack("<8I", key))
    start += [counter] + list(struct.unpack("<3I", nonce))
    s = list(start)
    for _ in range(10):
        quarter(s, 0, 4, 8, 12); quarter(s, 1, 5, 9, 13); quarter(s, 2, 6, 10, 14); quarter(s, 3, 7, 11, 15)
        quarter(s, 0, 5, 10, 15); quarter(s, 1, 6, 11, 12); quarter(s, 2, 7, 8, 13); quarter(s, 3, 4, 9, 14)
    return struct.pack("<16I", *((a + b) & 0xFFFFFFFF for a, b in zip(s, start)))


def chacha(key, nonce, counter, data):
    stream = b"".join(chacha_block(key, nonce, counter + i) for i in range((len(data) + 63) // 64))
    return bytes(a ^ b for a, b in zip(data, stream))


def poly1305(key, message):
    """RFC 8439, 2.5."""
    r = int.from_bytes(key[:16], "little") & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF
    s, acc = int.from_bytes(key[16:32], "little"), 0
    for i in range(0, len(message), 16):
        acc = (acc + int.from_bytes(message[i:i + 16] + b"\x01", "little")) * r % ((1 << 130) - 5)
    return ((acc + s) & ((1 << 128) - 1)).to_bytes(16, "little")


def conversation_key(z):
    return mac256(b"nip44-v2", z)


def power_of_two(n):
    p = 32
    while p < n:
        p *= 2
    return p


def seal(z, nonce, text, length=None, padded=None):
    """The former format. `length` and `padded` override what the two say, for damaged payloads."""
    ck = expand(conversation_key(z), b"", 76)
    mk = expand(mac256(nonce, ck), b"nip44-v2", 76)
    key, iv = mk[:32], mk[32:44]
    length = len(text) % 65536 if length is None else length
    padded = power_of_two(len(text)) if padded is None else padded
    ct = chacha(key, iv, 1, struct.pack(">H", length) + text + bytes(padded - len(text)))
    tag = poly1305(chacha_block(key, iv, 0)[:32], ct)
    return b"\x02" + nonce + ct + tag


def v2_padded(n):
    """NIP-44's padding scheme."""
    if n <= 32:
        return 32
    power = 1 << (n - 1).bit_length()
    chunk = 32 if power <= 256 else power // 8
    return chunk * ((n - 1) // chunk + 1)


def seal_v2(z, nonce, text):
    """Real NIP-44 v2, which has the same version byte."""
    mk = expand(conversation_key(z), nonce, 76)
    ct = chacha(mk[:32], mk[32:44], 0, struct.pack(">H", len(text)) + text + bytes(v2_padded(len(text)) - len(text)))
    return b"\x02" + nonce + ct + mac256(mk[44:76], nonce + ct)


def pattern(n):
    """The letters a to z over and over."""
    return (b"abcdefghijklmnopqrstuvwxyz" * (n // 26 + 1))[:n]


def flip(payload, at):
    changed = bytearray(payload)
    changed[at] ^= 1
    return bytes(changed)


def main():
    z = bytes.fromhex("c41c775356fd92eadc63ff5a0dc1da211b268cbea22316767095b2871ea1412d")
    one = (1).to_bytes(32, "big")
    cases = []

    def case(name, opens, payload, text=None, length=None):
        row = {"name": name, "opens": opens, "payload": base64.b64encode(payload).decode()}
        if text is not None:
            row["plaintext"] = text.decode()
        if length is not None:
            row["pattern_bytes"] = length
        cases.append(row)

    def nonce(name):
        return hashlib.sha256(b"legacy vector nonce: " + name.encode()).digest()

    published = b'{"resourceType":"Patient"}'
    payload = seal(z, one, published)
    assert base64.b64encode(payload) == (
        b"AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABHSD4F9B21R8IT2P6D5rJCh2YTPdoNPWo2tiSOMSG3VRUdywarcbHhXTGdvsFyGAkUls="
    ), "the published vector"
    case("published", "legacy", payload, published)
    xs = base64.b64encode(seal(z, one, b"x" * 33))
    assert len(xs) == 156 and xs.endswith(b"Fo9JdK9vp8EbftMvKzok4w=="), "the second published vector"
    case("published, 33 bytes", "legacy", base64.b64decode(xs), b"x" * 33)
    umlaut = "Größe 81,5 cm – œdème 👶".encode()
    case("text beyond ASCII", "legacy", seal(z, nonce("utf8"), umlaut), umlaut)

    for n in (0, 1, 31, 32, 33, 63, 64, 65, 1000, 16384, 16385, 65535):
        case(f"{n} bytes", "legacy", seal(z, nonce(str(n)), pattern(n)), length=n)
    case("65536 bytes: the length wrapped to nothing", "damaged", seal(z, nonce("65536"), pattern(65536)))

    base = seal(z, nonce("tampered"), pattern(40))
    end = len(base)
    case("untouched twin of the tampered ones", "legacy", base, length=40)
    case("version changed", "version", flip(base, 0))
    case("first byte of the nonce changed", "mac", flip(base, 1))
    case("last byte of the nonce changed", "mac", flip(base, 32))
    case("length field changed", "mac", flip(base, 34))
    case("text changed", "mac", flip(base, 50))
    case("padding changed", "mac", flip(base, end - 17))
    case("first byte of the tag changed", "mac", flip(base, end - 16))
    case("last byte of the tag changed", "mac", flip(base, end - 1))
    case("last block cut off", "mac", base[:end - 32] + base[end - 16:])
    case("too short for any text", "size", base[:48])
    case("length longer than the padding, authentic", "padding", seal(z, nonce("long"), pattern(32), length=40))
    case("more padding than asked for, authentic", "padding", seal(z, nonce("pad"), pattern(20), padded=64))

    for n in (1, 32, 33, 1000):
        case(f"real NIP-44 v2, {n} bytes", "v2", seal_v2(z, nonce(f"v2 {n}"), pattern(n)), length=n)
    case("real NIP-44 v2, tag changed", "mac", flip(seal_v2(z, nonce("v2 tag"), pattern(40)), -1))

    out = {
        "about": "The former suite's cipher, read only. shared_x is the ECDH x, conversation_key HMAC-SHA256"
                 "(nip44-v2, shared_x). pattern_bytes: the letters a to z over and over.",
        "shared_x": z.hex(),
        "conversation_key": conversation_key(z).hex(),
        "cases": cases,
    }
    here = pathlib.Path(__file__).resolve().parent
    target = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else here / "legacy.json"
    target.write_text(json.dumps(out, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


main()
