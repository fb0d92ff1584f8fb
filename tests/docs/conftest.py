"""What is no test here: the files that are added to a copy of the project, which run only there."""

collect_ignore = ["added"]
