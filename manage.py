#!/usr/bin/env python
"""The one command line of Orchestrator Admin: `manage.py help` lists what it can do."""

from orchestrator_admin.__main__ import main

if __name__ == "__main__":
    main()
