"""What stands on AWS besides the functions, and the command that brings it up: see `python -m infra --help`."""
