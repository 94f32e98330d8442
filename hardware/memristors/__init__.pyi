from .board import MemristorBoard, SdcBoard, ThyristorBoard, list_memristor_boards, load_memristor_board
from .sdc import Sdc, SdcMemristor, SdcState
from .terminals import Reading, TwoTerminal
from .thyristor import ThyristorMemristor, ThyristorState

__all__ = [
    "MemristorBoard", "Reading", "Sdc", "SdcBoard", "SdcMemristor", "SdcState", "ThyristorBoard", "ThyristorMemristor",
    "ThyristorState", "TwoTerminal", "list_memristor_boards", "load_memristor_board",
]  # fmt: skip
