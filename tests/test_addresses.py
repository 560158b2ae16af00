"""No password, signature or token of an address is shown."""

import pytest

from constancy.addresses import without_secrets


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("https://ann:s3cret@host:5000/x", "https://host:5000/x"),
        ("postgresql://ann:p@ss@host/db", "postgresql://host/db"),
        ("at http://ann:s3cret@host/x, at noon", "at http://host/x, at noon"),
        ("sqlite:////home/a@b/mlflow.db", "sqlite:////home/a@b/mlflow.db"),
        ("archive:https://ann:s3cret@host/a.zip", "archive:https://host/a.zip"),
        ("databricks", "databricks"),
        ("https://host/a.zip?X-Amz-Signature=s3cret&x=1 is gone", "https://host/a.zip is gone"),
        ("(s3://bucket/a.zip#s3cret)", "(s3://bucket/a.zip)"),
        ("really? no address at all # here", "really? no address at all # here"),
    ],
)
def test_no_message_shows_a_password(uri: str, shown: str) -> None:
    assert without_secrets(uri) == shown
