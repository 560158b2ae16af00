"""Stage 3: make the training copies and the frozen suites."""

from constancy.settings import Settings
from constancy.stage import stage


@stage
def augment(settings: Settings) -> None: ...


if __name__ == "__main__":
    augment()
