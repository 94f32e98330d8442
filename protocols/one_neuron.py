"""`OneNeuron`: what every protocol has that drives one neuron at its port and looks at its spikes."""

from pydantic import Field

from .protocol import Protocol


class OneNeuron(Protocol):
    """Drives port `i0` of one neuron; its spikes are seen at `v_ap`."""

    neuron: str = Field("n1", description="neuron of the board; driven at its port i0")

    @property
    def port(self) -> str:
        """Where the current goes in."""
        return f"{self.neuron}.i0"

    @property
    def v_ap(self) -> str:
        """The node with the spikes."""
        return f"{self.neuron}.v_ap"

    def driven(self) -> tuple[str, ...]:
        """The one port."""
        return (self.port,)
