"""Addresses as they may be shown and stored."""

import re


def without_secrets(text: str) -> str:
    """Text, such as an address, without what addresses in it may hold that is nobody's business.

    That is user names and passwords, and queries and fragments: signatures and tokens go there.
    """
    return re.sub(r"\b(\w+://)(?:[^/\s?#]*@)?([^\s?#'\")]*)(?:[?#][^\s'\")]*)?", r"\1\2", text)
