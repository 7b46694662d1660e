"""nbgrader for this course. Start nbgrader in the class's folder, which this file is copied to."""

import os

c = get_config()  # noqa: F821

c.CourseDirectory.course_id = "latentlab"
c.CourseDirectory.root = os.getcwd()

# What a student finds in place of the solution. A check says "not done yet" to it.
c.ClearSolutions.code_stub = {"typescript": 'throw new Error("TODO");'}

# Checks throw, so that a wrong answer gets no point; trainings are short; nobody's progress changes.
os.environ["LATENTLAB_STRICT"] = "1"
os.environ["LATENTLAB_PROFILE"] = "quick"
os.environ["LATENTLAB_PROGRESS"] = "off"
c.Execute.timeout = 300
