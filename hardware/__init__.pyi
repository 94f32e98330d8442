from .board import Board, list_boards, load_board
from .parts import Neuron, Node, Port, Synapse

__all__ = ["Board", "Neuron", "Node", "Port", "Synapse", "list_boards", "load_board"]
