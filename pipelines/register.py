"""Stage 6: judge the model, register it, and say what became of it."""

from constancy import paths
from constancy.settings import Settings
from constancy.stage import alone, stage


@stage
@alone
def register(settings: Settings) -> None:
    from constancy.registry.judging import Files
    from constancy.registry.promotion import register

    decision = register(
        settings,
        Files(),
        page=paths.EVALUATION,
        report=paths.REPORT,
        decision_file=paths.DECISION,
        artifacts=[paths.PLOTS],
    )
    if decision.version is None:
        print(f"register: {decision.reason}")
    else:
        print(f"register: {decision.model} version {decision.version} is {decision.verdict}")


if __name__ == "__main__":
    register()
