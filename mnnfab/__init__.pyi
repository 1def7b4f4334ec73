from .design.design import Design
from .design.design_file import load_design, parse_design
from .design.fabrication import Fabrication
from .errors import GeometryError, InputError, MechanismError, MnnfabError, ToolError
from .estimators.classifier import MNNClassifier
from .estimators.regressor import MNNRegressor
from .model.agreement import Agreement, compare
from .model.bars import BarModel, stiffness_per_width
from .model.response import Response
from .model.stiffness_law import StiffnessLaw, bar_law, calibrated_law, series_law
from .network.compatibility import compatibility_matrix
from .network.lattices import (
    delaunay,
    kagome_braced,
    square_braced,
    triangular_hexagon,
    triangular_parallelogram,
    triangular_patch,
)
from .network.network import Network
from .network.network_file import load_network, network_from_graph, network_from_mesh
from .network.ports import Port
from .network.rigidity import Rigidity, analyse_rigidity, require_rigid
from .printed_part.part import PrintedPart
from .problem.loading import load_problem, make_problem
from .problem.problem import Problem, require_ports, require_trainable
from .task.task import Task
from .trainable_models.trainables import train_problem
from .training.optimisation import Schedule, Trainable
from .training.training import Training, train
from .training.width_maps import Clamp, Logistic

__all__ = [
    "Agreement",
    "BarModel",
    "Clamp",
    "Design",
    "Fabrication",
    "GeometryError",
    "InputError",
    "Logistic",
    "MNNClassifier",
    "MNNRegressor",
    "MechanismError",
    "MnnfabError",
    "Network",
    "Port",
    "PrintedPart",
    "Problem",
    "Response",
    "Rigidity",
    "Schedule",
    "StiffnessLaw",
    "Task",
    "ToolError",
    "Trainable",
    "Training",
    "analyse_rigidity",
    "bar_law",
    "calibrated_law",
    "compare",
    "compatibility_matrix",
    "delaunay",
    "kagome_braced",
    "load_design",
    "load_network",
    "load_problem",
    "make_problem",
    "network_from_graph",
    "network_from_mesh",
    "parse_design",
    "require_ports",
    "require_rigid",
    "require_trainable",
    "series_law",
    "square_braced",
    "stiffness_per_width",
    "train",
    "train_problem",
    "triangular_hexagon",
    "triangular_parallelogram",
    "triangular_patch",
]
