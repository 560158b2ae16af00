"""Stage 5: score the model on the test split and its suites."""

from constancy import paths
from constancy.settings import Settings
from constancy.stage import alone, stage


@stage
@alone
def evaluate(settings: Settings) -> None:
    from constancy.evaluation.evaluate import evaluate as score
    from constancy.evaluation.history import load_history, load_run
    from constancy.evaluation.write import write_evaluation

    evaluation = score(paths.CANDIDATE, paths.PREPARED, paths.SUITES / "test", settings.evaluate)
    write_evaluation(
        evaluation,
        load_history(paths.HISTORY),
        load_run(paths.RUN),
        metrics=paths.METRICS,
        predictions=paths.PREDICTIONS,
        report=paths.EVALUATION,
        plots=paths.PLOTS,
    )
    metrics = evaluation.metrics
    print(f"evaluate: clean {metrics.clean.accuracy:.4f}, weakest under {metrics.worst_factor}")


if __name__ == "__main__":
    evaluate()
