"""The contract's files, and what a wrong one says."""

import json

import pytest
import yaml

from benchmarks import contract
from benchmarks.contract import MethodCard, load, parse
from benchmarks.errors import UserError
from benchmarks.scenarios import of_task
from benchmarks.settings import (
    ROOT,
    Settings,
    board,
    board_rows,
    boards_of,
    family,
    method_folders,
    read_method,
    row,
    rows,
    settings,
)
from methods.kit.contract import records

CARD = {
    "name": "mine",
    "family": "supervised",
    "summary": "one line",
    "reference": {"citation": "A. Author 2020", "licence": "own code"},
    "tasks": {"forecasting": "all", "reconstruction": ["lead", "block"]},
    "verbs": ["predict"],
    "deterministic": True,
}


def test_the_committed_schema_is_current(tmp_path):
    contract.write_schema(tmp_path)
    for path in tmp_path.iterdir():
        assert (ROOT / "benchmarks/schema" / path.name).read_text() == path.read_text(), (
            "run pqrst sync"
        )


def test_an_unknown_key_names_the_file_and_the_nearest_known_one(tmp_path):
    (tmp_path / "method.yaml").write_text(yaml.safe_dump(CARD | {"determinstic": True}))
    with pytest.raises(
        UserError, match=r"method.yaml: unknown key 'determinstic', did you mean 'deterministic'\?"
    ):
        load(MethodCard, tmp_path / "method.yaml")


def test_an_unknown_key_of_params_names_the_nearest_known_one():
    settings = yaml.safe_load((ROOT / "params.yaml").read_text())
    settings["boards"]["mitdb"]["window_per_record"] = 3
    with pytest.raises(
        UserError,
        match=r"params.yaml: .*'boards.mitdb.window_per_record', did you mean 'windows_per_record'",
    ):
        parse(Settings, settings, "params.yaml")


def test_a_wrong_value_says_what_was_found():
    settings = yaml.safe_load((ROOT / "params.yaml").read_text())
    settings["boards"]["mitdb"]["seeds"] = "three"
    with pytest.raises(UserError, match=r"boards.mitdb.seeds: .*integer.*found 'three'"):
        parse(Settings, settings, "params.yaml")


@pytest.mark.parametrize("text", ["tasks: [", "- a\n- b"])
def test_a_garbled_card_names_its_file(tmp_path, text):
    (tmp_path / "method.yaml").write_text(text)
    with pytest.raises(UserError, match=r"method.yaml"):
        load(MethodCard, tmp_path / "method.yaml")


def test_a_method_can_not_declare_itself_a_control():
    with pytest.raises(UserError, match="family"):
        parse(MethodCard, CARD | {"family": "control"}, "method.yaml")


def test_unknown_boards_and_rows_name_the_nearest():
    with pytest.raises(UserError, match="no board 'mitbd', did you mean 'mitdb'"):
        board("mitbd")
    with pytest.raises(UserError, match=r"no row 'linera'.*did you mean 'linear'"):
        row("linera")


def test_a_folder_and_its_card_share_one_name(tmp_path):
    folder = tmp_path / "other"
    folder.mkdir()
    (folder / "method.yaml").write_text(yaml.safe_dump(CARD))
    (folder / "params.json").write_text("{}")
    with pytest.raises(UserError, match="name is 'mine', expected the folder's, 'other'"):
        read_method(folder)


@pytest.mark.parametrize(
    "probes",
    [{"mine-probe": "other"}, {"other": "mine"}, {"mine-probe": "mine-probe"}],
    ids=["of", "row", "itself"],
)
def test_a_probe_is_of_another_row(tmp_path, probes):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "method.yaml").write_text(
        yaml.safe_dump(CARD | {"verbs": ["pretrain", "predict"], "probes": probes})
    )
    (folder / "params.json").write_text('{"mine": {}, "mine-probe": {}}')
    with pytest.raises(UserError, match=r"method.yaml: probes: .*expected two rows of params.json"):
        read_method(folder)


def test_a_probe_classifies_by_anothers_pretraining_and_does_nothing_else():
    probe, whole = row("mae-patch-linear"), row("mae-patch")
    assert (probe.pretraining, probe.tasks) == ("mae-patch", ["classification"])
    assert (whole.pretraining, whole.tasks) == ("mae-patch", list(contract.TASKS))
    assert row("linear").pretraining is None
    answered = [s.name for task in contract.TASKS for s in of_task(task, 2) if probe.answers(s)]
    assert answered == ["heartbeat"]


def test_a_method_may_stand_on_some_boards():
    card = row("mean").card
    assert boards_of(card) == list(settings().boards)
    assert boards_of(card.model_copy(update={"boards": ["synthetic"]})) == ["synthetic"]
    with pytest.raises(UserError, match="no board 'synthetc', did you mean 'synthetic'"):
        boards_of(card.model_copy(update={"boards": ["synthetc"]}))


def test_every_control_is_a_row_and_is_shown_as_one():
    for name in (
        "oracle",
        "late-100ms",
        "blurred",
        "mean",
        "noise",
        "comb",
        "prior",
        "shuffled-labels",
        "untrained",
    ):
        assert name in board_rows("synthetic") and family(name) == "control"
    assert family("linear") == "classical completion"


def test_every_method_of_this_project_reads():
    assert {found.folder for found in rows().values()} == set(method_folders())
    for found in rows().values():
        assert found.card.tasks and "predict" in found.card.verbs
        assert len(found.card.summary) > 10 and found.card.reference.citation
        assert json.loads((found.folder / "params.json").read_text())[found.name] == found.params


def test_the_reader_that_methods_use_says_what_the_contract_says():
    assert records.CLASSES == contract.CLASSES
