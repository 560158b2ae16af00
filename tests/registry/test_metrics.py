"""Scores under the names that docs/metrics.md gives them."""

from tracked_project import scores

from constancy.registry.metrics import flat_metrics


def test_each_score_has_one_name_and_severities_are_steps() -> None:
    metrics = scores(0.98, occlusion=0.91)
    metrics["clean"] |= {
        "accuracy_interval": [0.97, 0.99],
        "classes": {"7": {"precision": 0.9, "recall": None, "count": 0}},
    }
    metrics["factors"]["scale"] |= {
        "control": [1, 0.9, 0.8, 0.7, 0.6],
        "orbit_severities": [0.9, 0.8, 0.7, 0.6, 0.5],
        "severity_intervals": [[0.9 - at / 10, 0.99] for at in range(5)],
        "consistency_severities": [0.9, 0.8, 0.7, 0.6, None],
    }
    metrics["sensitivity"] = {"accuracy": 0.9, "accuracy_interval": [0.8, 1.0], "count": 40}
    metrics["worst_cluster"] = {
        "label": 3,
        "cluster": 1,
        "accuracy": 0.7,
        "count": 12,
        "by_chance": 0.8,
    }
    found = list(flat_metrics(metrics))
    assert len({(name, step) for name, _, step in found}) == len(found)
    values = {(name, step): value for name, value, step in found}
    assert values["clean/accuracy_low", 0] == 0.97
    assert values["occlusion/accuracy", 0] == values["worst_factor/accuracy", 0] == 0.91
    assert [values["scale/orbit", step] for step in range(1, 6)] == [0.9, 0.8, 0.7, 0.6, 0.5]
    assert values["scale/control", 5] == 0.6
    assert (values["scale/severity_low", 2], values["scale/severity_high", 5]) == (0.8, 0.99)
    assert values["scale/consistency_at", 4] == 0.6
    assert ("scale/consistency_at", 5) not in values
    assert values["sensitivity/accuracy_high", 0] == 1
    assert values["class/7/precision", 0] == 0.9
    assert {name for name, _ in values if name.startswith(("class", "worst_cluster"))} == {
        *("class/7/precision", "class/7/count", "worst_cluster/accuracy", "worst_cluster/count"),
        "worst_cluster/by_chance",
    }


def test_names_of_classes_are_made_fit_for_mlflow() -> None:
    metrics = scores(0.98)
    metrics["clean"]["classes"] = {
        "../a:b*" + "c" * 500: {"precision": 1.0, "recall": 1.0, "count": 3}
    }
    names = {name for name, _, _ in flat_metrics(metrics) if name.startswith("class")}
    assert "class/.._a_b_" + "c" * 93 + "/recall" in names
