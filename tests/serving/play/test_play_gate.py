"""Only the page's own requests come through to Gradio."""

from starlette.testclient import TestClient


def uploaded(client: TestClient, **headers: str) -> int:
    """The status of the answer to an upload."""
    sent = {"files": ("some.png", b"0" * 100)}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post("/gradio_api/upload", files=sent, headers=named).status_code


def test_other_pages_can_send_nothing(client: TestClient) -> None:
    assert uploaded(client) == uploaded(client, Origin="http://127.0.0.1") == 200
    for origin in ("http://evil.example", "http://127.0.0.1:7993", "http://localhost", "null"):
        assert uploaded(client, Origin=origin) == 403
    for site in ("cross-site", "same-site"):
        assert uploaded(client, Sec_Fetch_Site=site) == 403
        assert client.get("/", headers={"Sec-Fetch-Site": site}).status_code == 200  # a link to it
    for path in (
        "file=http://1.1.1.1/x",
        "custom_component/a/b/c/d",
        "process_recording",
        "proxy=x",
    ):
        assert client.get(f"/gradio_api/{path}").status_code == 403


def test_bodies_have_a_length_and_a_limit(client: TestClient) -> None:
    address = "/gradio_api/run/predict"
    assert client.post(address, content=iter([b"{", b"}"])).status_code == 411
    large = {"Content-Length": "900000000", "Content-Type": "text/plain"}
    assert client.post(address, content=b"x", headers=large).status_code == 413
