"""Where things lie: paths of the project relative to its root, as text with slashes.

    data/raw/SET                                     as its publisher has it
    data/records/SET                                 whole records at the boards' rate, and noise
    data/boards/BOARD/{fit,predict,truth}            cases: what methods see, what the scorer sees
    runs/BOARD/ROW/{pretrain,TASK}/PART              PART: predictions, model or status, by seed-N
    leaderboard/scores/BOARD/ROW/TASK-N.json         score documents; beside them COSTS, EXAMPLES
    leaderboard/curves/BOARD/ROW.json                how the trainings of a row went
    leaderboard/boards/BOARD/                        the board, for people and programs

A name may as well be one of DVC's placeholders:

>>> run("${item.board}", "mean", "forecasting", "status")
'runs/${item.board}/mean/forecasting/status'
"""

COSTS, EXAMPLES = "costs.json", "examples.json"
RUNS, SCORES = "runs", "leaderboard/scores"
CURVES, BOARDS = "leaderboard/curves", "leaderboard/boards"


def raw(dataset: str) -> str:
    """The folder of a data set's files as published."""
    return f"data/raw/{dataset}"


def records(dataset: str) -> str:
    """The folder of a data set's whole records."""
    return f"data/records/{dataset}"


def cases(board: str, *below: str) -> str:
    """The folder of a board's cases, or what is `below` it.

    >>> cases("synthetic", "predict", "forecasting")
    'data/boards/synthetic/predict/forecasting'
    """
    return "/".join(("data/boards", board, *below))


def run(board: str, row: str, *below: str) -> str:
    """The folder of what a row's calls wrote, or what is `below` it: a task or `pretrain`, one of
    their parts."""
    return "/".join((RUNS, board, row, *below))


def scores(board: str, *below: str) -> str:
    """The folder of a board's scores, or what is `below` it: a row, one of its documents."""
    return "/".join((SCORES, board, *below))


def curves(board: str, *below: str) -> str:
    """The folder of a board's learning curves, or what is `below` it: a row's `ROW.json`."""
    return "/".join((CURVES, board, *below))


def board(name: str, *below: str) -> str:
    """The folder of a board as it is published, or a file of it."""
    return "/".join((BOARDS, name, *below))


def seed(number: int) -> str:
    """How a seed's folder or file is called in each part of a run.

    >>> seed(0)
    'seed-0'
    """
    return f"seed-{number}"


def seed_number(name: str) -> str:
    """The number, as text, in a name that `seed` gave.

    >>> seed_number("seed-12")
    '12'
    """
    return name.removeprefix("seed-")


def document(task: str, number: int) -> str:
    """The file name of the score document of a task and seed.

    >>> document("forecasting", 0)
    'forecasting-0.json'
    """
    return f"{task}-{number}.json"


def cost(task: str, number: int) -> str:
    """The key of a task and seed in a row's costs.

    >>> cost("forecasting", 0)
    'forecasting/seed-0'
    """
    return f"{task}/{seed(number)}"
