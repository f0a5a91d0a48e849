"""Held-out pictures, by which a student is judged and its scores are calibrated.

exam = Exam(squares, teacher, device="cpu")
exam.agreement(student, step=700).same
"""

from ghoststream.models.backbone import Backbone
from ghoststream.train.distill.judging import (
    Agreement,
    Squares,
    agreement,
    student_answers,
    teacher_answers,
)
from ghoststream.train.distill.scores import Calibration, calibrate
from ghoststream.train.distill.teacher import Answers, Teacher


class Exam:
    """Keeps what was answered last: to ask takes a minute.

    Args:
        squares: the pictures.
        teacher: is asked once, where it is first needed.
        device: where the student answers.
    """

    def __init__(self, squares: Squares, teacher: Teacher, *, device: str) -> None:
        self._squares, self._teacher, self._device = squares, teacher, device
        self._wanted: Answers | None = None
        self._said: tuple[int, Answers] | None = None

    def agreement(self, student: Backbone, *, step: int) -> Agreement:
        """How much a student answers as the teacher does, after so many steps."""
        return agreement(self._of_student(student, step), self._of_teacher())

    def calibration(self, student: Backbone, *, step: int) -> Calibration:
        """What its logits are to be divided by, after so many steps."""
        return calibrate(self._of_student(student, step), self._of_teacher())

    def _of_student(self, student: Backbone, step: int) -> Answers:
        if self._said is None or self._said[0] != step:
            self._said = step, student_answers(student, self._squares, device=self._device)
        return self._said[1]

    def _of_teacher(self) -> Answers:
        if self._wanted is None:
            self._wanted = teacher_answers(self._teacher, self._squares)
        return self._wanted
