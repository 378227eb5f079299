"""Every way an exchange between two hubs can go wrong, brought about on purpose."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from certificates.exchange import wire
from certificates.exchange.model import Question, Received, Reply
from certificates.issue import Issuer
from certificates.model import CertificateStatus
from certificates.register_model import Certificate
from certificates.requests_model import CertificateAsk
from hub import peerline
from hub.wiring import Hub
from kernel.actors import system
from kernel.ids import CertificateId
from signing.algorithms import by_name
from signing.trust import save
from tests.certificates.doubles import MOTHER, UNCLE
from tests.exchange.conftest import ASKER, HOME, Border, free_port, write_peer
from tests.exchange.proxy import Part


@dataclass
class Scene:
    """Two hubs in order; what a failure changes is put back by ``mend``."""

    border: Border
    mend: ExitStack
    ask: CertificateAsk
    region: str = HOME
    besides: int = 0
    """Uses of other certificates than the one asked for."""

    def patch(self, owner: Any, name: str, value: Any) -> None:
        before = getattr(owner, name)
        setattr(owner, name, value)
        self.mend.callback(setattr, owner, name, before)

    def peer(self, hub: Hub, other: Hub, **changes: str) -> None:
        write_peer(hub, other, **changes)
        self.mend.callback(write_peer, hub, other)

    def answer(self, change: Callable[[Reply], Reply]) -> None:
        write = wire.write_reply
        self.patch(wire, "write_reply", lambda reply: write(change(reply)))

    def line(self, manner: Callable[[bytes], Any], answer: bytes | None = None) -> None:
        self.border.proxy.behave(manner, answer)
        self.mend.callback(self.border.proxy.behave)


Fault = Callable[[Scene], None]


def honest(answer: bytes) -> list[Part]:
    return [(0.0, answer)]


def at_once(change: Callable[[bytes], bytes]) -> Fault:
    return lambda scene: scene.line(lambda answer: [(0.0, change(answer))])


def instead(answer: bytes) -> Fault:
    return lambda scene: scene.line(honest, answer)


def clock(region: str, minutes: int) -> Fault:
    def fault(scene: Scene) -> None:
        shifted = scene.border.clocks[region]
        scene.patch(shifted, "offset", timedelta(minutes=minutes))

    return fault


def at_asker(**changes: str) -> Fault:
    return lambda scene: scene.peer(scene.border.asker, scene.border.home, **changes)


def at_home(**changes: str) -> Fault:
    return lambda scene: scene.peer(scene.border.home, scene.border.asker, **changes)


def cut_off(side: str, region: str) -> Fault:
    def fault(scene: Scene) -> None:
        from certificates.exchange.directory import ACTION, Directory

        hub = getattr(scene.border, side)
        rights = system("peer-command", rights=(ACTION,))
        directory = Directory(hub.database.transactions, hub.clock, hub.settings.root)
        assert directory.cut(rights, region, "test").value is True
        scene.mend.callback(directory.admit, rights, region)

    return fault


def unknown_region(scene: Scene) -> None:
    scene.region = "410500"
    scene.mend.callback(setattr, scene, "region", HOME)


def down(scene: Scene) -> None:
    scene.peer(scene.border.asker, scene.border.home, address=f'"http://127.0.0.1:{free_port()}"')


def silent(scene: Scene) -> None:
    scene.line(lambda answer: iter([(3.5, answer)]))


def dripping(scene: Scene) -> None:
    def drops(answer: bytes) -> Iterator[Part]:
        for at in range(40):
            yield 0.1, answer[at : at + 1]

    scene.line(drops)


def oversized(scene: Scene) -> None:
    size = peerline.LARGEST_ANSWER + 1
    head = f"HTTP/1.1 200 OK\r\ncontent-length: {size}\r\n\r\n".encode()
    scene.line(honest, head + bytes(size))


def trust(change: Callable[[Scene, Any], Any]) -> Fault:
    def fault(scene: Scene) -> None:
        root = scene.border.asker.settings.root
        good = scene.border.home.authority.trust_list(50)
        for file in (root / "registry" / "signing" / "trust").iterdir():
            file.unlink()
        bad = change(scene, good)
        if bad is not None:
            save(bad, root)
        scene.mend.callback(save, good, root)

    return fault


def expired(_: Scene, good: Any) -> Any:
    return replace(good, issued=good.issued - timedelta(days=9), expires=good.issued)


def other_maker(scene: Scene, good: Any) -> Any:
    """The asker's own makers under the home's name: no seal of the home was made by them."""
    from signing.authority import ACTION

    authority = scene.border.asker.authority
    authority.establish(system("applicant", ASKER, (ACTION,)))
    own = authority.trust_list(1)
    return replace(good, seal_makers=own.seal_makers)


def copied(form: str, fault: Fault) -> Fault:
    def wanted(scene: Scene) -> None:
        scene.ask = replace(scene.ask, formats=("data", form))  # type: ignore[arg-type] # a form
        fault(scene)

    return wanted


def broken_seal(scene: Scene) -> None:
    def flipped(reply: Reply) -> Reply:
        (file,) = reply.files
        at = file.data.index(b"stream") + 40
        data = file.data[:at] + bytes([file.data[at] ^ 1]) + file.data[at + 1 :]
        return replace(reply, files=(replace(file, data=data),))

    scene.answer(flipped)


def other_certificate(scene: Scene) -> None:
    scene.ask = replace(scene.ask, certificate=scene.border.certificate.id)

    def other(reply: Reply) -> Reply:
        assert reply.answer
        status = replace(reply.answer.status, certificate=CertificateId("cert-other"))
        return replace(reply, answer=replace(reply.answer, status=status))

    scene.answer(other)


def other_holder(scene: Scene) -> None:
    """The home takes one holder for another: all it signs and seals is true, but somebody else's."""
    issue = system("issue", HOME, ("certificates.issue",))
    made = Issuer(scene.border.home.tools).issue(issue, "household-register", "H0002").value
    assert isinstance(made, Certificate), made
    read = wire.read_question

    def mistaken(body: bytes) -> Question:
        question = read(body)
        return replace(question, ask=replace(question.ask, holder_code=UNCLE))

    scene.patch(wire, "read_question", mistaken)
    # To the home, the right question under the same key is another one than it has answered.
    fresh = replace(scene.ask, idempotency_key="right-after-wrong")
    scene.mend.callback(setattr, scene, "ask", fresh)
    scene.besides = 1


def no_json(scene: Scene) -> None:
    from certificates.exchange import home

    scene.patch(home, "_JSON", {"content-type": "text/html"})


def new_key(until: str = "") -> Callable[[Scene], str]:
    def keys(scene: Scene) -> str:
        import base64

        p256 = by_name("ecdsa_p256")
        spki = scene.border.home.message_key.info().spki if until else None
        shown = base64.b64encode(spki or p256.public_key(p256.generate())).decode()
        return f'[{{spki = "{shown}"{until}}}]'

    return keys


def asker_sees_key(keys: Callable[[Scene], str]) -> Fault:
    return lambda scene: scene.peer(scene.border.asker, scene.border.home, keys=keys(scene))


def home_sees_key(keys: Callable[[Scene], str]) -> Fault:
    return lambda scene: scene.peer(scene.border.home, scene.border.asker, keys=keys(scene))


def unregistered(scene: Scene) -> None:
    peers = scene.border.home.settings.root / "registry" / "certificates" / "peers"
    (peers / f"{ASKER}.toml").unlink()
    scene.mend.callback(write_peer, scene.border.home, scene.border.asker)


def too_often(scene: Scene) -> None:
    shifted = scene.border.clocks[HOME]
    scene.patch(shifted, "offset", timedelta(seconds=100))
    at_home(per_minute="1")(scene)
    assert isinstance(scene.border.fetch(), Received)


def replayed_answer(scene: Scene) -> None:
    assert isinstance(scene.border.fetch(), Received)
    scene.line(honest, scene.border.proxy.answered[-1])


def on_the_way(change: Callable[[bytes], bytes]) -> Fault:
    def fault(scene: Scene) -> None:
        send = scene.border.proxy.send
        scene.patch(scene.border.proxy, "send", lambda request: send(change(request)))

    return fault


def replayed_question(scene: Scene) -> None:
    """A thief is faster: the question arrives, and once more with its answer going to the asker."""
    send = scene.border.proxy.send

    def twice(request: bytes) -> bytes:
        send(request)
        return send(request)

    scene.patch(scene.border.proxy, "send", twice)


def not_needed(scene: Scene) -> None:
    good = scene.ask
    scene.ask = replace(good, fields=("address", "blood_group"))
    scene.mend.callback(setattr, scene, "ask", replace(good, idempotency_key="own-gate"))


def no_such_holder(scene: Scene) -> None:
    good = scene.ask
    scene.ask = replace(good, holder_code=MOTHER)
    scene.mend.callback(setattr, scene, "ask", replace(good, idempotency_key="right-holder"))


def suspended_since(scene: Scene) -> None:
    """Given once; then its status changes, and the same key asks for it again."""
    good, home = scene.ask, scene.border.home
    assert isinstance(scene.border.fetch(good), Received)
    office = system("office", HOME, ("certificates.revoke",))

    def change(status: CertificateStatus, reason: str) -> None:
        done = home.register.change(office, scene.border.certificate.id, status, reason).value
        assert isinstance(done, Certificate), done

    change(CertificateStatus.SUSPENDED, "investigation")
    scene.mend.callback(change, CertificateStatus.ISSUED, "settled")
    scene.mend.callback(setattr, scene, "ask", replace(good, idempotency_key="restored"))


def forged(answer: bytes) -> bytes:
    start = answer.index(b"signature: tongban=:") + len(b"signature: tongban=:")
    letter = b"A" if answer[start : start + 1] != b"A" else b"B"
    return answer[:start] + letter + answer[start + 1 :]


PAST = "2026-01-01T00:00:00+08:00"
HTML = b"<html><body>502 Bad Gateway</body></html>"


def http(status: str, fields: bytes = b"", body: bytes = b"") -> bytes:
    head = f"HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\n".encode()
    return head + fields + b"\r\n" + body


FAULTS: dict[str, Fault] = {
    "no peer registered for the region": unknown_region,
    "peer cut off by the asking hub": cut_off("asker", HOME),
    "peer's entry past its date at the asking hub": at_asker(cut_from=PAST),
    "no trust list of the region": trust(lambda _scene, _good: None),
    "trust list expired": trust(expired),
    "own gate forbids the field": not_needed,
    "peer down": down,
    "slow: answers after the limit": silent,
    "slow: one octet at a time": dripping,
    "cut before the first octet": at_once(lambda _: b""),
    "cut in the middle": at_once(lambda answer: answer[: len(answer) * 2 // 3]),
    "answers twice": at_once(lambda answer: answer * 2),
    "larger than any answer": oversized,
    "server error with an HTML page": instead(
        http("502 Bad Gateway", b"content-type: text/html\r\n", HTML)
    ),
    "HTTP redirection": instead(http("307 x", b"location: http://127.0.0.1:1/\r\n")),
    "HTML page instead of an answer": instead(http("200 OK", b"content-type: text/html\r\n", HTML)),
    "no HTTP at all": instead(b"SSH-2.0-x\r\n"),
    "answer signed, but not of type JSON": no_json,
    "answer without a signature": at_once(lambda one: one.replace(b"signature: ", b"x-gone: ")),
    "answer with a forged signature": at_once(forged),
    "answer changed on the way": at_once(
        lambda one: one.replace("示例市".encode(), "示例县".encode())
    ),
    "answer signed with a key not registered": asker_sees_key(new_key()),
    "answer signed with a key past its date": asker_sees_key(new_key(f", until = {PAST}")),
    "answer to another question, replayed": replayed_answer,
    "answer names another exchange": lambda scene: scene.answer(
        lambda reply: replace(reply, exchange="xch-" + "0" * 26)
    ),
    "another certificate than asked for": other_certificate,
    "another holder's certificate": copied("pdf", other_holder),
    "copy with a broken seal": copied("pdf", broken_seal),
    "copy sealed outside the trust list": copied("ofd", trust(other_maker)),
    "asking hub's clock ten minutes fast": clock(ASKER, 10),
    "asking hub's clock ten minutes slow": clock(ASKER, -10),
    "home hub's clock ten minutes fast": clock(HOME, 10),
    "home hub's clock ten minutes slow": clock(HOME, -10),
    "asking hub not registered at home": unregistered,
    "asking hub's key not registered at home": home_sees_key(new_key()),
    "asking hub cut off at home": cut_off("home", ASKER),
    "asking hub's entry past its date at home": at_home(cut_from=PAST),
    "asks too often": too_often,
    "question changed on the way": on_the_way(lambda one: one.replace(b"case-9", b"case-8")),
    "question replayed": replayed_question,
    "holder has no such certificate": no_such_holder,
    "suspended since, asked again under the same key": copied("pdf", suspended_since),
}
