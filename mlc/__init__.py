"""The command line of ml-connector. It talks to the service's HTTP API and to nothing else."""
