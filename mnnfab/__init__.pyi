from .agreement import Agreement, compare
from .bars import BarModel, compatibility_matrix, stiffness_per_width
from .design import Design, Fabrication
from .design_file import load_design, parse_design
from .errors import GeometryError, InputError, MechanismError, MnnfabError, ToolError
from .lattices import triangular_parallelogram, triangular_patch
from .network import Network
from .network_file import load_network
from .ports import Port
from .problem import Problem, load_problem, make_problem, train_problem
from .response import Response
from .rigidity import Rigidity, analyse_rigidity, require_rigid
from .tasks import Task
from .training import Schedule, Training, train
from .width_maps import Clamp, Logistic

__all__ = [
    "Agreement",
    "BarModel",
    "Clamp",
    "Design",
    "Fabrication",
    "GeometryError",
    "InputError",
    "Logistic",
    "MechanismError",
    "MnnfabError",
    "Network",
    "Port",
    "Problem",
    "Response",
    "Rigidity",
    "Schedule",
    "Task",
    "ToolError",
    "Training",
    "analyse_rigidity",
    "compare",
    "compatibility_matrix",
    "load_design",
    "load_network",
    "load_problem",
    "make_problem",
    "parse_design",
    "require_rigid",
    "stiffness_per_width",
    "train",
    "train_problem",
    "triangular_parallelogram",
    "triangular_patch",
]
