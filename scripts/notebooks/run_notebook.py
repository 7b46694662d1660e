"""Run one notebook in a fresh kernel, as nbconvert and papermill do, and report as JSON.

    python run_notebook.py NOTEBOOK EXECUTED SECONDS_PER_CELL

EXECUTED gets the notebook with its outputs, up to the error if there was one. Standard output has a
line {"cell": …} after each cell, and last the report: how long the kernel and each cell took, when
the first figure came, and what went wrong. The exit status is 0 whenever there is a report.
"""

import json
import sys
import time

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

FIGURES = ("image/", "application/vnd.plotly")
OUTPUTS = ("display_data", "update_display_data", "execute_result")


class Runner(NotebookClient):
    """A client that keeps the time."""

    def __init__(self, notebook, **options):
        super().__init__(
            notebook,
            on_notebook_start=self.note_start,
            on_cell_execute=self.note_cell,
            on_cell_executed=self.note_cell_end,
            **options,
        )
        self.began = time.monotonic()
        self.cell_began = self.began
        self.report = {"kernelSeconds": None, "firstFigureSeconds": None, "cells": [], "error": None}

    def elapsed(self):
        return round(time.monotonic() - self.began, 3)

    def note_start(self, notebook):
        self.report["kernelSeconds"] = self.elapsed()

    def note_cell(self, cell, cell_index):
        self.cell_began = time.monotonic()

    def note_cell_end(self, cell, cell_index, execute_reply):
        seconds = round(time.monotonic() - self.cell_began, 3)
        self.report["cells"].append({"id": cell["id"], "seconds": seconds})
        print(json.dumps({"cell": self.report["cells"][-1]}), flush=True)

    def process_message(self, msg, cell, cell_index):
        if msg["msg_type"] in OUTPUTS and self.report["firstFigureSeconds"] is None:
            if any(mime.startswith(FIGURES) for mime in msg["content"]["data"]):
                self.report["firstFigureSeconds"] = self.elapsed()
        return super().process_message(msg, cell, cell_index)


def main(path, executed, seconds):
    notebook = nbformat.read(path, as_version=4)
    folder = path.rpartition("/")[0] or "."
    runner = Runner(
        notebook,
        kernel_name="latentlab",
        timeout=float(seconds),
        resources={"metadata": {"path": folder}},
    )
    try:
        runner.execute()
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        runner.report["error"] = f"{type(error).__name__}: {error}"
    runner.report["seconds"] = runner.elapsed()
    nbformat.write(notebook, executed)
    print(json.dumps(runner.report))


main(*sys.argv[1:])
