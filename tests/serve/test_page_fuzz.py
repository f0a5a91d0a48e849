"""Whatever is sent to the API, it answers as it says that it does, and never with a defect."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from served_page import served

ENDLESS = ("/api/feed", "/api/cameras/{name}/preview.mjpeg")
"""Answers that do not end by themselves."""
OPERATIONS = 20
EXAMPLES = 50


@pytest.mark.slow
def test_every_answer_is_as_it_is_described(tmp_path: Path) -> None:
    import schemathesis  # takes seconds, which all tests would wait for

    with served(tmp_path) as (port, _):
        address = f"http://127.0.0.1:{port}"
        headers = {"X-CSRF-Token": httpx.get(f"{address}/api/session").json()["csrf_token"]}
        schema = schemathesis.openapi.from_url(f"{address}/openapi.json", headers=headers)
        operations = [found.ok() for found in schema.get_all_operations()]
        assert len(operations) > OPERATIONS
        for operation in operations:
            if operation.path not in ENDLESS:
                ask_much(operation, headers)


def ask_much(operation: Any, headers: dict[str, str]) -> None:
    """Sends what fits the description of an operation, often only just."""
    from schemathesis.specs.openapi.checks import positive_data_acceptance

    @given(operation.as_strategy())
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.generate],
        database=None,
        derandomize=True,
    )
    def ask(case: Any) -> None:
        answer = case.call(headers=headers)
        assert answer.status_code < 500 or answer.status_code == 503
        # What a schema cannot say is refused with a sentence.
        case.validate_response(answer, excluded_checks=[positive_data_acceptance])

    ask()
