"""DKIM: receivers can verify signatures, the same input has the same signature, and a wrong key is reported early."""

from __future__ import annotations

import base64
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from bot.channels.email.dkim import SIGNED_HEADERS, signer
from bot.channels.email.message import MailSettings, compose, compose_notice, message_id_in
from bot.config.smtp_url import parse_sender
from bot.delivery.model import Notice
from bot.errors import NotConfigured
from tests.support.samples import MADE, TOKEN, digest, scored

dkim = pytest.importorskip("dkim")
pytestmark = pytest.mark.skipif(not shutil.which("openssl"), reason="openssl makes the keys")

SENDER = parse_sender("Paperboy <paperboy@example.org>")
RSA = ("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048")
ED25519 = ("-algorithm", "ED25519")
Sign = Callable[[bytes, datetime], bytes]


def openssl(*arguments: str, given: bytes = b"") -> bytes:
    return subprocess.run(
        ["openssl", *arguments], input=given, check=True, capture_output=True, timeout=60
    ).stdout


@pytest.fixture(scope="module")
def pem() -> bytes:
    """An RSA key as OpenSSL writes it."""
    return openssl("genpkey", *RSA)


@pytest.fixture
def key_file(tmp_path: Path, pem: bytes) -> Path:
    path = tmp_path / "dkim.pem"
    path.write_bytes(pem)
    return path


@pytest.fixture
def sign(key_file: Path) -> Sign:
    return signer("example.org", "pb", key_file)


def record(pem: bytes) -> bytes:
    """The DNS record for this private key."""
    public = openssl("pkey", "-pubout", "-outform", "DER", given=pem)
    if len(public) == 44:  # Ed25519: the record holds the bare 32 bytes (RFC 8463, 4)
        return b"v=DKIM1; k=ed25519; p=" + base64.b64encode(public[-32:])
    return b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)


def verified(message: bytes, pem: bytes) -> bool:
    asked = []

    def dns(name: bytes, timeout: float = 5) -> bytes:
        asked.append(name)
        return record(pem)

    good = bool(dkim.verify(message, dnsfunc=dns))
    assert asked == [b"pb._domainkey.example.org."]
    return good


def signed_mail(
    sign: Sign | None, url: str = "https://papers.example.org", to: str = "ada@example.org"
) -> bytes:
    head = MailSettings(SENDER, url, b"sixteen letters!", sign)
    return compose(digest((scored(1, title="世界模型 " * 20),)), f"{TOKEN}-1", to, head)


def tags(message: bytes) -> dict[str, str]:
    line = re.sub(rb"\r\n(?=[ \t])", b"", message).partition(b"\r\n")[0].decode()
    assert line.startswith("DKIM-Signature: ")
    pairs = line.removeprefix("DKIM-Signature: ").split(";")
    return {name.strip(): "".join(value.split()) for name, _, value in (p.partition("=") for p in pairs)}


# --- What is signed ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("to", ["ada@example.org", "josé@example.org"])
@pytest.mark.parametrize("url", ["https://papers.example.org", "https://papers.example.org/" + "x" * 400])
def test_a_digest_can_be_verified(sign: Sign, pem: bytes, url: str, to: str) -> None:
    """Also with long links and folded subjects. The message after the signature is not changed."""
    signed = signed_mail(sign, url, to)
    assert verified(signed, pem)
    assert signed.endswith(b"\r\n" + signed_mail(None, url, to))
    assert message_id_in(signed) == f"<{TOKEN}-1@example.org>"


def test_a_notice_can_be_verified(sign: Sign, pem: bytes) -> None:
    """A plain message is signed in the same way."""
    head = MailSettings(SENDER, signer=sign)
    assert verified(
        compose_notice(
            Notice("Two failed", "é" * 2000 + "\n.\nFrom here\n\n\n", MADE), "a-1", "o@x.org", head
        ),
        pem,
    )


def test_signed_headers(sign: Sign) -> None:
    """With both unsubscribe headers (RFC 8058) and the Feedback-ID (Gmail); From is signed once more."""
    signed = tags(signed_mail(sign))["h"].split(":")
    present = [n.lower() for n in SIGNED_HEADERS if n != "Content-Transfer-Encoding"]
    assert signed == [*present, "from"]
    assert {"list-unsubscribe", "list-unsubscribe-post", "feedback-id"} < set(signed)


def test_only_present_headers_are_signed(sign: Sign) -> None:
    """A folded line or a body may look like a header."""
    signed = sign(b"From: a@example.org\r\nSubject: x\r\n date: y\r\n\r\nTo: z\r\n", MADE)
    assert tags(signed)["h"] == "from:subject:from"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"Subject: ", b"Subject: Re: "),
        (b"One-Click\r\n", b"Two-Click\r\n"),
        (b"/unsubscribe/", b"/subscribe/"),
        (b"World", b"Wurld"),
        (b"To: ", b"From: Eve <eve@example.org>\r\nTo: "),
    ],
)
def test_a_changed_message_fails(sign: Sign, pem: bytes, old: bytes, new: bytes) -> None:
    """A header, a link or the body was rewritten, or a second sender added."""
    head = MailSettings(SENDER, "https://papers.example.org", b"sixteen letters!", sign)
    signed = compose(digest(), f"{TOKEN}-1", "ada@example.org", head)
    assert verified(signed, pem)
    assert old in signed
    assert not verified(signed.replace(old, new, 1), pem)


def test_tags(sign: Sign) -> None:
    """Relaxed, as relays rewrap headers; with the date of the digest."""
    found = tags(signed_mail(sign))
    expected = {"a": "rsa-sha256", "c": "relaxed/relaxed", "d": "example.org", "s": "pb"}
    assert expected.items() <= found.items()
    assert found["t"] == str(int(MADE.timestamp()))


def test_the_signature_does_not_depend_on_the_clock(sign: Sign, monkeypatch: pytest.MonkeyPatch) -> None:
    """A digest that is rendered again later is the same message."""
    before = signed_mail(sign)
    monkeypatch.setattr(time, "time", lambda: 2e9)
    assert signed_mail(sign) == before


# --- Keys -------------------------------------------------------------------------------------------------


def traditional(pem: bytes) -> bytes:
    return openssl("rsa", "-traditional", given=pem)


@pytest.mark.parametrize(
    "written",
    [
        lambda pem: pem,
        traditional,
        lambda pem: pem.replace(b"\n", b"\r\n"),
        lambda pem: pem.rstrip(),
        lambda pem: b"\xef\xbb\xbf# of 2026\n" + pem + b"\n",
    ],
    ids=["PKCS #8", "PKCS #1", "Windows line ends", "no last line end", "words around it"],
)
def test_rsa_keys(tmp_path: Path, pem: bytes, written: Callable[[bytes], bytes]) -> None:
    """As OpenSSL or an editor writes them."""
    path = tmp_path / "k"
    path.write_bytes(written(pem))
    assert verified(signed_mail(signer("example.org", "pb", path)), pem)


@pytest.mark.parametrize("bare", [False, True], ids=["PKCS #8", "dknewkey"])
def test_ed25519_keys(tmp_path: Path, bare: bool) -> None:
    """As OpenSSL and dkimpy's own tool write them."""
    pytest.importorskip("nacl", reason="dkimpy[ed25519] is not installed")
    pem = openssl("genpkey", *ED25519)
    seed = openssl("pkey", "-outform", "DER", given=pem)[-32:]
    path = tmp_path / "k"
    path.write_bytes(base64.b64encode(seed) + b"\n" if bare else pem)
    signed = signed_mail(signer("example.org", "pb", path))
    assert tags(signed)["a"] == "ed25519-sha256"
    assert verified(signed, pem)


def public_key(pem: bytes) -> bytes:
    return openssl("pkey", "-pubout", given=pem)


def encrypted(pem: bytes) -> bytes:
    return openssl("pkey", "-aes128", "-passout", "pass:sesame", given=pem)


@pytest.mark.parametrize(
    "written",
    [
        lambda pem: b"",
        lambda pem: b"sesame\n",
        lambda pem: base64.b64encode(b"x" * 33),
        lambda pem: bytes(range(256)),
        lambda pem: pem[: len(pem) // 2],
        lambda pem: pem.splitlines()[0] + b"\n" + pem.splitlines()[-1],
        lambda pem: b"".join(pem.splitlines(keepends=True)[:6] + pem.splitlines(keepends=True)[-1:]),
        public_key,
        encrypted,
        lambda pem: openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
    ],
    ids=["empty", "words", "bare", "binary", "torn", "hollow", "short", "public", "encrypted", "elliptic"],
)
def test_invalid_keys(tmp_path: Path, pem: bytes, written: Callable[[bytes], bytes]) -> None:
    """They are reported when they are opened, with the variable's name and without any text of the file."""
    path = tmp_path / "sesame.pem"
    path.write_bytes(written(pem))
    with pytest.raises(
        NotConfigured, match=r"^DKIM_KEY names a file without an unencrypted RSA or Ed25519 private key"
    ) as caught:
        signer("example.org", "pb", path)
    assert "sesame" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_a_weak_key(tmp_path: Path) -> None:
    """Receivers ignore signatures by RSA keys under 1024 bits (RFC 8301)."""
    path = tmp_path / "k"
    path.write_bytes(openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:768"))
    with pytest.raises(NotConfigured, match="less than 1024 bits"):
        signer("example.org", "pb", path)


@pytest.mark.parametrize("name", ["missing", "."])
def test_unreadable_files(tmp_path: Path, name: str) -> None:
    """Removed after the settings were read, or a folder."""
    with pytest.raises(NotConfigured, match=r"^DKIM_KEY names a file that cannot be read: "):
        signer("example.org", "pb", tmp_path / name)


def test_without_dkimpy(key_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is optional: the message says what to install."""
    monkeypatch.setitem(sys.modules, "dkim", None)
    with pytest.raises(NotConfigured, match=r"DKIM_KEY .*pip install dkimpy"):
        signer("example.org", "pb", key_file)


def test_without_pynacl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ed25519 needs an extra of dkimpy."""
    monkeypatch.delattr("dkim.nacl", raising=False)
    path = tmp_path / "k"
    path.write_bytes(openssl("genpkey", *ED25519))
    with pytest.raises(NotConfigured, match=r"DKIM_KEY .*pip install 'dkimpy\[ed25519\]'"):
        signer("example.org", "pb", path)


def test_the_key_is_not_shown(sign: Sign, pem: bytes) -> None:
    """A log or a traceback that prints values does not show it."""
    assert pem.splitlines()[1].decode() not in repr(sign) + repr(MailSettings(SENDER, signer=sign))
