"""The exchange with other regions on top of the hub's other parts."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, cast

from hub.wiring.seals import SealParts

if TYPE_CHECKING:
    from certificates.exchange.asking import Exchange
    from certificates.exchange.home import HomeDesk
    from certificates.exchange.model import Peer
    from hub.exchanging import HubMessageKey
    from hub.peerline import PeerLine
    from hub.wiring.hub import Hub


class ExchangeParts(SealParts):
    """Both sides of the exchange."""

    @property
    def _whole(self) -> Hub:
        """Every hub that is opened is the whole one."""
        return cast("Hub", self)

    def peer(self, region: str) -> Peer | None:
        """Return a registered peer, read anew; raises TongbanError ``peer-file-invalid``."""
        from certificates.exchange.peers import find

        return find(self.settings.root, region)

    @cached_property
    def message_key(self) -> HubMessageKey:
        """The key for messages to peers."""
        from hub.exchanging import HubMessageKey

        return HubMessageKey(self._whole)

    @cached_property
    def line(self) -> PeerLine:
        """The line to peers."""
        from hub.peerline import PeerLine

        line = PeerLine()
        self._closing.callback(line.close)
        return line

    @cached_property
    def exchange(self) -> Exchange:
        """Asks other regions."""
        from certificates.exchange.asking import Exchange
        from hub.exchanging import HubLeaves, RegionJudge

        return Exchange(
            tools=self._whole.tools,
            matters=self._whole.matters,
            find=self.peer,
            key=self.message_key,
            line=self.line,
            leaves=HubLeaves(self),  # type: ignore[arg-type]  # every hub is the whole one
            judge=RegionJudge(self),  # type: ignore[arg-type]  # every hub is the whole one
        )

    @cached_property
    def home_desk(self) -> HomeDesk:
        """Answers other regions."""
        from certificates.exchange.home import HomeDesk
        from certificates.holdercodes import holder_code_types
        from hub.exchanging import HubLeaves

        return HomeDesk(
            tools=self._whole.tools,
            matters=self._whole.matters,
            code_types=frozenset(holder_code_types()),
            find=self.peer,
            key=self.message_key,
            leaves=HubLeaves(self),  # type: ignore[arg-type]  # every hub is the whole one
        )
