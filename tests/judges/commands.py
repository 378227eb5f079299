"""The judges that are commands: openssl for the cryptography of both formats, qpdf for syntax."""

from __future__ import annotations

import base64
import re
import shutil
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

from asn1crypto import parser
from lxml import etree

from tests.judges.opinions import Kind, MissingError, Opinion, Trusted, last_words, run

SIGNER_ID = "distid:1234567812345678"
NAMESPACE = "{http://www.ofdspec.org/2016}"


class RefusedError(Exception):
    """A judge's reason."""


class Qpdf:
    """Whether the file is a PDF that a second parser reads without a warning."""

    name = "qpdf"
    formats = "PDF"
    looks_at = "syntax, cross-references, streams; no signature"

    def knows(self, kind: Kind) -> bool:
        return kind.format == "pdf"

    def version(self) -> str:
        return _version("qpdf", "--version").split()[-1]

    def judge(self, files: Sequence[Path], trusted: Trusted) -> list[Opinion]:
        done = [run("qpdf", "--check", path) for path in files]
        return [
            Opinion(False, last_words(item)) if item.returncode else Opinion(True) for item in done
        ]


class Openssl:
    """Chain, digests and signature values, computed by the command line tool.

    The files are taken apart by Python's zipfile, lxml and asn1crypto: none of our readers.
    """

    name = "openssl"
    formats = "OFD: one seal, SES v4 or v5; PDF: all but SM2, B-B and B-T"
    looks_at = "chain, digests, signature values (PDF: CAdES CMS; OFD: signature and seal)"

    def knows(self, kind: Kind) -> bool:
        if kind.format == "ofd":
            return kind.form in {"ses-v4", "ses-v5"}
        return kind.group == "PDF" and kind.form in {"B-B", "B-T"}

    def version(self) -> str:
        return _version("openssl", "version").split()[1]

    def judge(self, files: Sequence[Path], trusted: Trusted) -> list[Opinion]:
        return [self._one(path, trusted) for path in files]

    def _one(self, path: Path, trusted: Trusted) -> Opinion:
        with tempfile.TemporaryDirectory(prefix="openssl-") as scratch:
            try:
                if path.suffix == ".pdf":
                    _pdf(path.read_bytes(), trusted, Path(scratch))
                else:
                    _ofd(path, trusted, Path(scratch))
            except (RefusedError, ValueError, KeyError, zipfile.BadZipFile) as error:
                return Opinion(False, f"{type(error).__name__}: {error}")
        return Opinion(True)


def _version(*command: str) -> str:
    if shutil.which(command[0]) is None:
        raise MissingError(f"{command[0]} is not installed (Debian: {command[0]})")
    return run(*command).stdout.decode().splitlines()[0]


def _need(holds: bool, what: str) -> None:
    if not holds:
        raise RefusedError(what)


def _succeeds(what: str, *command: str | Path) -> None:
    done = run(*command)
    _need(done.returncode == 0, f"{what}: {last_words(done)}")


def _pem(source: Path, scratch: Path) -> Path:
    target = scratch / f"{source.stem}.pem"
    _succeeds("certificate", "openssl", "x509", "-inform", "DER", "-in", source, "-out", target)
    return target


def _pdf(data: bytes, trusted: Trusted, scratch: Path) -> None:
    """Verify the CMS over the octets that the last ByteRange names."""
    ranges = re.findall(rb"/ByteRange\s*\[\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s*\]", data)
    _need(len(ranges) == 1, f"{len(ranges)} signatures")
    start, first, second, last = map(int, ranges[0])
    _need(start == 0, "ByteRange does not begin at the start")
    _need(second + last == len(data), "ByteRange does not reach the end")
    gap = data[first:second]
    _need(gap[:1] == b"<" and gap[-1:] == b">", "more than the signature is left out")
    octets = bytes.fromhex(gap[1:-1].decode("ascii"))
    size = parser.peek(octets)
    _need(not octets[size:].strip(b"\0"), "something follows the signature")
    (scratch / "cms.der").write_bytes(octets[:size])
    (scratch / "content").write_bytes(data[:first] + data[second:])
    command = ("openssl", "cms", "-verify", "-cades", "-binary", "-purpose", "any")
    source = ("-inform", "DER", "-in", scratch / "cms.der", "-content", scratch / "content")
    anchor = ("-CAfile", _pem(trusted.root["ecdsa_p256"], scratch), "-out", scratch / "out")
    _succeeds("CMS", *command, *source, *anchor)


def _ofd(path: Path, trusted: Trusted, scratch: Path) -> None:
    """Verify every digest, the SES signature and the seal inside it (GB/T 38540-2020)."""
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    listed = _text(files["OFD.xml"], f".//{NAMESPACE}Signatures")
    entries = etree.fromstring(files[listed]).findall(f"{NAMESPACE}Signature")
    _need(len(entries) == 1, f"{len(entries)} signatures")
    where = str(entries[0].get("BaseLoc")).lstrip("/")
    described = etree.fromstring(files[where])
    covered = {
        str(item.get("FileRef")).lstrip("/"): base64.b64decode(
            str(item.findtext(f"{NAMESPACE}CheckValue"))
        )
        for item in described.iter(f"{NAMESPACE}Reference")
    }
    value = _text(files[where], f"{NAMESPACE}SignedValue")
    _need(covered.keys() == files.keys() - {where, value}, "not every file is covered")
    for name, digest in covered.items():
        _need(_sm3(files[name]) == digest, f"digest of {name}")
    tbs, certificate, _, signature = _parts(files[value])[:4]
    _, seal, _, content, place = _parts(tbs)[:5]
    _need(_value(content)[1:] == _sm3(files[where]), "data hash")
    _need(_value(place).decode() == f"/{where}", "property info")
    _need(
        seal == files[_text(files[where], f".//{NAMESPACE}Seal/{NAMESPACE}BaseLoc")],
        "another seal beside it",
    )
    info, maker, _, made = _parts(seal)
    _signed(_value(certificate), tbs, _value(signature)[1:], trusted, scratch)
    _signed(_value(maker), info, _value(made)[1:], trusted, scratch)
    _need(_value(certificate) in info, "signer is not on the seal's list")


def _signed(
    certificate: bytes, data: bytes, signature: bytes, trusted: Trusted, scratch: Path
) -> None:
    """Verify the chain of an SM2 certificate and its key's signature over data."""
    for name, octets in (("cert.der", certificate), ("data", data), ("signature", signature)):
        (scratch / name).write_bytes(octets)
    root, ca = (_pem(item["sm2_sm3"], scratch) for item in (trusted.root, trusted.ca))
    leaf, key = _pem(scratch / "cert.der", scratch), scratch / "key.pem"
    # OpenSSL 3.0 gives the signer id to the first certificate alone: each link is verified by itself.
    for issuer, subject in ((ca, leaf), (root, ca)):
        link = ("-partial_chain", "-vfyopt", SIGNER_ID, "-CAfile", issuer, subject)
        _succeeds("chain", "openssl", "verify", *link)
    _succeeds("key", "openssl", "x509", "-in", leaf, "-noout", "-pubkey", "-out", key)
    what = ("-rawin", "-digest", "sm3", "-in", scratch / "data", "-sigfile", scratch / "signature")
    who = ("-pubin", "-inkey", key, "-pkeyopt", SIGNER_ID)
    _succeeds("signature", "openssl", "pkeyutl", "-verify", *what, *who)


def _sm3(data: bytes) -> bytes:
    done = run("openssl", "dgst", "-sm3", "-binary", stdin=data)
    _need(done.returncode == 0, "no SM3")
    return done.stdout


def _text(xml: bytes, path: str) -> str:
    return str(etree.fromstring(xml).findtext(path)).lstrip("/")


def _value(der: bytes) -> bytes:
    return bytes(parser.parse(der)[4])


def _parts(der: bytes) -> list[bytes]:
    """Return the members of a SEQUENCE, each with its header."""
    rest, found = _value(der), []
    while rest:
        size = parser.peek(rest)
        found.append(rest[:size])
        rest = rest[size:]
    return found
