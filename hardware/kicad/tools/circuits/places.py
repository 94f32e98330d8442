"""Where the parts of each block lie on a board, from the block's top left corner (mm)."""

from collections.abc import Mapping

from neurorig.hardware.kicad.tools.layout import Place


def neuron_places(k: int, x: float, y: float) -> dict[str, Place]:
    """Neuron `k`: 26 x 33 mm, current in at the left."""
    return moved(
        x,
        y,
        {
            f"R_i{k}": Place(1.3, 14),
            f"C_m{k}": Place(4, 6),
            f"T{k}": Place(14, 8),
            f"R_m{k}": Place(12, 2),
            f"TP{k}_1": Place(15, 14.2),
            f"JP_load{k}": Place(15.2, 19.2, 90),
            f"R_a{k}": Place(1.5, 19),
            f"R_L{k}": Place(8, 24.5),
            f"C_L{k}": Place(16, 25.2),
            f"JP_C_L{k}": Place(16, 30.6, 90),
            f"TP{k}_2": Place(22.7, 15),
        },
    )


def buffer_places(k: int, x: float, y: float) -> dict[str, Place]:
    """Buffers of neuron `k`: amplifier at the left, resistors at the right: 24 x 30 mm."""
    return moved(
        x,
        y,
        {
            f"U{k}": Place(0, 0),
            f"C_d{k}": Place(0.5, 12),
            f"R_o{k}_1": Place(10.8, -6),
            f"R_p{k}_1": Place(10.8, 4),
            f"R_p{k}_2": Place(10.8, 12),
            f"R_o{k}_2": Place(10.8, 17),
        },
    )


def supply_places(x: float, y: float, *, thermometer: bool = True) -> dict[str, Place]:
    """Terminals at the upper edge, protection, capacitors, thermometer: 20 x 33 mm."""
    warm = {"U9": Place(-3, 29), "J9": Place(8, 29, 90)}
    return moved(
        x,
        y,
        {
            "J1": Place(6, 4, 180),
            "Q1": Place(1, 12.5),
            "R1": Place(-2.5, 19.2),
            "C1": Place(7, 13.6),
            "C2": Place(-2, 23),
            "TP1": Place(13.5, 13),
            "TP2": Place(13.5, 18),
            "TP3": Place(13.5, 23),
        }
        | (warm if thermometer else {}),
    )


def synapse_places(index: str, x: float, y: float, *, delta: bool = True) -> dict[str, Place]:
    """Synapse `index`: 78 x 47 mm, from the weight at the left to the output at the right.

    `delta`: whether its I_delta block is on the board.
    """
    weight = {
        f"R_W{index}": Place(7.5, 3),
        f"U{index}_2": Place(2.5, 14),
        f"C_d{index}_5": Place(3, 25.6),
        f"JP_weight{index}": Place(2.8, 31),
        f"R_Wp{index}": Place(1.5, 40),
        f"R_pull{index}": Place(1.5, 43.6),
    }
    stages = {
        f"Q{index}_1": Place(15.5, 3),
        f"C_d{index}_1": Place(16.5, 22),
        f"JP_stages{index}_2": Place(16, 28, 90),
        f"JP_stages{index}_1": Place(16, 32, 90),
        f"JP_stages{index}_0": Place(16, 36, 90),
        f"Q{index}_2": Place(28, 3),
        f"C_d{index}_2": Place(29, 22),
        f"C_s{index}_1": Place(28.5, 31),
        f"R_s{index}_1": Place(26.5, 40),
        f"TP{index}_1": Place(29, 44.5),
        f"Q{index}_3": Place(41, 3),
        f"C_d{index}_3": Place(42, 22),
        f"C_s{index}_2": Place(41.5, 31),
        f"R_s{index}_2": Place(39.5, 40),
        f"TP{index}_2": Place(43, 44.5),
        f"JP_C_s{index}": Place(51, 27),
        f"JP_R_s{index}": Place(51, 33.5),
    }
    output = {
        f"U{index}_1": Place(55, 3),
        f"C_d{index}_4": Place(56, 22),
        f"JP_sign{index}": Place(58, 28.5, 90),
        f"JP_output{index}": Place(58, 34.5, 90),
        f"R_out{index}": Place(53.5, 40),
        f"R_rep{index}": Place(53.5, 43.6),
        f"R_dis{index}_1": Place(66.5, 4),
        f"R_dis{index}_2": Place(66.5, 9),
        f"R_up{index}": Place(66.5, 14),
        f"R_down{index}": Place(66.5, 19),
        f"TP{index}_3": Place(72, 34.5),
        f"TP{index}_4": Place(72, 43),
    }
    return moved(x, y, (weight if delta else {}) | stages | output)


def moved(x: float, y: float, places: Mapping[str, Place]) -> dict[str, Place]:
    """The places, all of them shifted by (x, y)."""
    return {ref: place._replace(x=place.x + x, y=place.y + y) for ref, place in places.items()}
