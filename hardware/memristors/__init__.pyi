from .board import MemristorBoard, SdcBoard, ThyristorBoard
from .lif import MemristiveNeuron, Played
from .sdc import Sdc, SdcMemristor, SdcState
from .shelf import list_memristor_boards, load_memristor_board
from .terminals import Reading, TwoTerminal
from .thyristor import ThyristorMemristor, ThyristorState
from .trains import ThetaBurst, poisson_train, regular_train
from .weights import as_weights, weight_resistance

__all__ = [
    "MemristiveNeuron", "MemristorBoard", "Played", "Reading", "Sdc", "SdcBoard", "SdcMemristor", "SdcState", "ThetaBurst",
    "ThyristorBoard", "ThyristorMemristor", "ThyristorState", "TwoTerminal", "as_weights", "list_memristor_boards",
    "load_memristor_board", "poisson_train", "regular_train", "weight_resistance",
]  # fmt: skip
