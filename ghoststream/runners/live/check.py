"""Whether cameras could be watched with some settings.

facts = check_cameras(config)
"""

from ghoststream.config import RunConfig
from ghoststream.pipeline import build_event_pipeline
from ghoststream.runners.live.cameras import plan_cameras
from ghoststream.runners.live.outputs import check_delivery
from ghoststream.runners.outputs import check_writable, event_outputs


def check_cameras(config: RunConfig) -> dict[str, object]:
    """Everything that watching would need, opened and closed again; nothing is written.

    Raises:
        GhostStreamError: what is wrong with the settings, or the first camera that cannot be had.
    """
    plans = plan_cameras(config)
    outputs = event_outputs(config)
    directories = {"evidence": config.evidence} if config.evidence is not None else {}
    receivers = check_delivery(config)
    pipeline = build_event_pipeline(config)
    for path in outputs.values():
        check_writable(path)
    for directory in directories.values():
        check_writable(directory / "clip.mp4")
    for plan in plans:
        plan.source.open().close()
    return {
        "cameras": [plan.name for plan in plans],
        "regions": {plan.name: [name for name, _ in plan.regions if name] for plan in plans},
        "sampling": {plan.name: plan.sampling.describe() for plan in plans},
        "weights": pipeline.frames.runtime.info.weights,
        "labels": len(pipeline.head.labels),
        "outputs": {name: str(path) for name, path in {**outputs, **directories}.items()},
        "receivers": receivers,
    }
