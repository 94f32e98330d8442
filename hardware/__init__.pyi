from .board import Board, Neuron, Node, Port, Synapse, list_boards, load_board

__all__ = ["Board", "Neuron", "Node", "Port", "Synapse", "list_boards", "load_board"]
