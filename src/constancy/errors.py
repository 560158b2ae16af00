"""The one exception for mistakes that a user can make and mend."""

MANY = 50


class UserError(Exception):
    """A mistake of the user's: one clear sentence that names the key or file and what to do.

    Entry points print it without a traceback and exit with code 2. Every other exception is a
    fault of ours and keeps its traceback.
    """


def nearest(word: str, known: list[str]) -> str:
    """A hint that names what `word` was probably meant to be, or lists all that is known.

    Of more than MANY the nearest is named, however far: nobody would read the list.
    """
    import difflib

    close = difflib.get_close_matches(word, known, n=1, cutoff=0.0 if len(known) > MANY else 0.6)
    return f"did you mean '{close[0]}'?" if close else f"known: {', '.join(sorted(known))}"
