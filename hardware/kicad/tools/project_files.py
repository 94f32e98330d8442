"""The files beside schematic and board: project settings with design rules and net classes, own rules, library table."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

RULES = {
    "clearance": 0.2,
    "track": 0.25,
    "via": 0.8,
    "via_hole": 0.4,
    "annular": 0.15,
    "hole_distance": 0.25,
    "edge": 0.5,
    "text_height": 0.8,
    "text_thickness": 0.12,
    "thermal_gap": 0.4,
    "thermal_spoke": 0.5,
}
"""What any board house makes in its cheapest class, with room to spare. Millimetres."""

SIGNAL, SUPPLY = 0.3, 0.6
"""Widths of tracks, mm: 0.6 mm carries 1 A, the boards draw a few milliamperes."""

SCREW = 3.2
"""Radius that the head of an M3 screw and its washer need, mm: no track below it."""
SCREW_HOLE = 1.6
TEXT_TO_PAD = 0.15

SWITCHED_ON = {
    "board": (
        "footprint_filters_mismatch", "footprint_type_mismatch", "missing_courtyard", "npth_inside_courtyard",
        "pth_inside_courtyard", "silk_edge_clearance", "silk_over_copper", "silk_overlap", "text_height",
        "text_thickness",
    ),
    "schematic": (
        "footprint_filter", "four_way_junction", "label_multiple_wires", "simulation_model_issue",
        "single_global_label",
    ),
}  # fmt: skip
"""Checks that KiCad leaves out unless told otherwise, or whose severity the promise of a readable silkscreen rests on."""


def track_widths(nets: Iterable[str], widths: Mapping[str, float], pours: Iterable[str]) -> dict[str, float]:
    """Width of the tracks of every net that is not a signal's, mm: supplies by their names (+5V), pours, and those given."""
    supplies = {net: SUPPLY for net in nets if net.startswith(("+", "-")) or net in pours}
    return {**supplies, **widths}


def project(name: str, widths: Mapping[str, float]) -> str:
    """The .kicad_pro: design rules, a net class for each width of track, everything that checks report switched on."""
    classes = [_net_class("Default", SIGNAL)]
    classes += [_net_class(f"{width:g} mm", width) for width in sorted(set(widths.values()) - {SIGNAL})]
    patterns = [
        {"netclass": f"{width:g} mm", "pattern": net} for net, width in sorted(widths.items()) if width != SIGNAL
    ]
    settings = {
        "board": {"design_settings": {"rules": _rules(), "rule_severities": _counted("board")}},
        "erc": {"meta": {"version": 0}, "rule_severities": _counted("schematic")},
        "meta": {"filename": f"{name}.kicad_pro", "version": 3},
        "net_settings": {"classes": classes, "meta": {"version": 4}, "netclass_patterns": patterns},
    }
    return json.dumps(settings, indent=2, sort_keys=True) + "\n"


def _counted(where: str) -> dict[str, str]:
    return dict.fromkeys(SWITCHED_ON[where], "warning")


def _rules() -> dict[str, Any]:
    return {
        "min_clearance": RULES["clearance"],
        "min_track_width": RULES["track"],
        "min_via_diameter": RULES["via"],
        "min_via_annular_width": RULES["annular"],
        "min_through_hole_diameter": RULES["via_hole"],
        "min_hole_to_hole": RULES["hole_distance"],
        "min_hole_clearance": RULES["hole_distance"],
        "min_copper_edge_clearance": RULES["edge"],
        "min_text_height": RULES["text_height"],
        "min_text_thickness": RULES["text_thickness"],
        "min_resolved_spokes": 1,
        "min_silk_clearance": 0.0,
    }


def _net_class(name: str, width: float) -> dict[str, Any]:
    return {
        "name": name,
        "clearance": RULES["clearance"],
        "track_width": width,
        "via_diameter": RULES["via"],
        "via_drill": RULES["via_hole"],
        "wire_width": 6,  # mil, in the schematic
        "bus_width": 12,
        "priority": 2147483647 if name == "Default" else 0,
    }


def own_rules() -> str:
    """The .kicad_dru: what the project's settings cannot say."""
    return f"""(version 1)
(rule "Texts keep clear of what is soldered"
  (condition "A.Type == 'Text' && B.Type == 'Pad'")
  (constraint silk_clearance (min {TEXT_TO_PAD}mm)))
(rule "No track below the head of a screw"
  (condition "(A.Type == 'Track' || A.Type == 'Via') && B.memberOfFootprint('MH*')")
  (constraint hole_clearance (min {SCREW - SCREW_HOLE:g}mm)))
"""


def footprint_table(libraries: Iterable[str]) -> str:
    """The fp-lib-table: the libraries that the footprints come from, KiCad's and, in the folder beside, our own."""
    lines = ["(fp_lib_table", "  (version 7)"]
    for name in sorted(set(libraries)):
        base = "${KIPRJMOD}/../library" if name == "neurorig" else "${KICAD9_FOOTPRINT_DIR}"
        lines.append(f'  (lib (name "{name}")(type "KiCad")(uri "{base}/{name}.pretty")(options "")(descr ""))')
    return "\n".join([*lines, ")", ""])
