"""Where a model comes from, on its report: what only its run knows."""

from collections.abc import Mapping

from markupsafe import Markup

from constancy.page import ORIGIN
from constancy.registry.lineage import COMMIT_TAG, DATA, DIRTY_TAG, LOCK_TAG

_ROW = Markup('<div><dt>{}</dt><dd class="fixed">{}</dd></div>')


def with_origin(page: str, tags: Mapping[str, str]) -> str:
    """The evaluation's page with code, data and libraries of the training, as far as they are known.

    tags: of the run, as `lineage_tags` gives them.
    """
    rows = {
        "Commit": tags.get(COMMIT_TAG),
        **{f"{path} (MD5, by DVC)": tags.get(f"{path}.md5") for path in DATA},
        "requirements.lock (SHA-256)": tags.get(LOCK_TAG),
    }
    if rows["Commit"] and tags.get(DIRTY_TAG) == "true":
        rows["Commit"] += ", and changes that were not committed (the run keeps them)"
    known = [_ROW.format(what, value) for what, value in rows.items() if value]
    return page.replace(ORIGIN, Markup("\n").join(known), 1)
