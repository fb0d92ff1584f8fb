"""The fork server's own import: what it does once, before it forks children.

Put here: nothing; it is imported by the fork server alone, and by no test.
Keep out: what is done (warm_project.py).
"""

from tests.pipelines.warm_project import warm_up

warm_up()
