"""SDC devices in the place of the weight resistors of a board."""

from collections.abc import Mapping

from .sdc import SdcMemristor


def weight_resistance(device: SdcMemristor) -> float:
    """Resistance (ohm) that a synapse would see as its R_W: the device in its present state, with its series resistor."""
    return device.resistance + device.R_s


def as_weights(devices: Mapping[str, SdcMemristor]) -> dict[str, float]:
    """What `Board.with_components` takes, from devices by the name of their synapse: ``{"s11": device}``.

    The state stays what it is while the board runs. That is an assumption: a spike puts up to 4 V over R_W, far more than
    the 0.2 to 0.6 V that move an SDC, so a circuit that keeps its weights would read them at a smaller voltage. The charge
    per spike follows the board's law, Q_N ~ 1 / (R_W + R_drive), fitted up to 20 kohm; a device has 45 kohm and more.
    """
    return {f"{synapse}.R_W": weight_resistance(device) for synapse, device in devices.items()}
