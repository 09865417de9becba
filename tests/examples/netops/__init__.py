"""An application as a network operator writes it: the files of the manual, and nothing else."""
