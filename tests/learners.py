"""What processes of trainings do in tests: light, so that they start in no time."""

import os
import signal
import time

from ghoststream.errors import DataError
from ghoststream.serve.child import Send
from ghoststream.serve.teach.plan import HEAD, LearningPlan, LearningProgress, Learnt
from ghoststream.train.scores import share

LONG_SECONDS = 60.0


def learn_at_once(send: Send, plan: LearningPlan) -> None:
    send(LearningProgress(done=3, of=4))
    (plan.folder / HEAD).write_bytes(b"a head")
    send(Learnt(accuracy=share(9, 10), notices=("one camera only",), lost=("a.mp4: cut off",)))


def never_end(send: Send, plan: LearningPlan) -> None:
    send(LearningProgress(done=1, of=2))
    time.sleep(LONG_SECONDS)


def learn_nothing(send: Send, plan: LearningPlan) -> None:
    raise DataError("class 'cat' has one clip; it takes two")


def crash(send: Send, plan: LearningPlan) -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def have_a_defect(send: Send, plan: LearningPlan) -> None:
    raise KeyError("no")


def say_how_nice(send: Send) -> None:
    send(os.nice(0))


def sleep(send: Send) -> None:
    time.sleep(LONG_SECONDS)
